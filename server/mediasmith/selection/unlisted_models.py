"""Which models a request or a setting names that no list has, and where to look them up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mediasmith.plugin.contract import Backend, Capability
from mediasmith.plugin.kinds import KINDS, Kind
from mediasmith.selection.ranking import SelectionContext, is_called, named, wanted_model
from mediasmith.selection.selection_request import SelectionRequest


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A model that no list has: its id, and the capability that may have it."""

    backend: Backend[Any]
    capability: Capability[Any, Any]
    id: str


def unlisted(request: SelectionRequest, context: SelectionContext) -> Iterator[Wanted]:
    """Yield the models to look up. A model that the caller names is listed if any backend in question lists it.

    Raises:
        InvalidRequest: the named backend does not exist.
    """
    backends = named(request, context) if request.backend else context.backends
    able = [
        (backend, capability)
        for backend in backends
        for capability in backend.capabilities
        if capability.kind == request.kind and context.offers(backend, capability)
    ]
    for backend, capability in able:
        if not request.model and request.origin and not (capability.edits or capability.state):
            continue  # it cannot edit, with whichever model
        model = wanted_model(request, context, backend, capability)
        listing = able if model == request.model else [pair for pair in able if pair[0] is backend]
        if model and capability.lookup and not any(_lists(one, model) for _, one in listing):
            yield Wanted(backend=backend, capability=capability, id=model)


def kind_listed(model: str, backends: Iterable[Backend[Any]], named: str) -> Kind | None:
    """Return the kind that a model is listed for, by the named backend or by any; None where it is not listed."""
    return usual_kind(
        capability.kind
        for backend in backends
        for capability in backend.capabilities
        if (not named or is_called(backend, named)) and _lists(capability, model)
    )


def usual_kind(kinds: Iterable[Kind]) -> Kind | None:
    """Return the first of some kinds in the order in which callers see them, or None where there are none."""
    return min(kinds, key=KINDS.index, default=None)


def _lists(capability: Capability[Any, Any], model: str) -> bool:
    """Return whether a capability lists a model, in any case of its letters."""
    return any(one.id.casefold() == model.casefold() for one in capability.models)
