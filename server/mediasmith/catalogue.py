"""What can be made here, by whom, and what is missing for the rest: the answer of list_backends."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anyio
from pydantic import JsonValue

from mediasmith.arguments import closest
from mediasmith.clients import Clients
from mediasmith.clock import Clock
from mediasmith.contract import Accepts, Backend, Capability, Model, Price, Range, Takes
from mediasmith.errors import InvalidRequest
from mediasmith.installation import Installation
from mediasmith.params import WORDS
from mediasmith.redact import Redactor
from mediasmith.results import BackendList, CapabilityDetail
from mediasmith.schema import field_schemas
from mediasmith.waiting import within

_log = logging.getLogger(__name__)

_LIVE_SECONDS = 10.0
"""How long a provider may take to list its voices or models."""

_KEPT_SECONDS = 300.0
"""How long such a list is shown without asking again."""

_Fetch: TypeAlias = Callable[[Any], Awaitable[Sequence[object]]]

_Lists: TypeAlias = Mapping[_Fetch, Sequence[object]]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The installed backends, for callers to read."""

    installation: Installation
    clients: Clients
    clock: Clock
    redact: Redactor
    _kept: dict[_Fetch, tuple[float, Sequence[object]]] = field(
        default_factory=dict[_Fetch, tuple[float, Sequence[object]]]
    )

    async def listing(self, *, kind: str = "", backend: str = "") -> BackendList:
        """The table of everything, of one kind, or one backend in full.

        Raises:
            InvalidRequest: there is no such backend.
        """
        if not backend:
            offers = tuple(self.installation.offers(kind))
            return BackendList(
                backends=offers, broken=self.installation.registry.broken, problems=self.installation.problems
            )
        found = self.installation.registry.find(backend)
        if found is None:
            known = closest(backend[:40], list(self.installation.registry.backends))
            raise InvalidRequest(f"There is no backend {backend[:40]!r}. {known}", billed="no")
        wanted = [capability for capability in found.capabilities if kind in {"", capability.kind}]
        lists = await self._lists(found, wanted)
        details = tuple(self._detail(found, capability, lists) for capability in wanted)
        return BackendList(backend=found.name, title=found.title, docs=found.docs, capabilities=details)

    async def _lists(self, backend: Backend[Any], capabilities: Sequence[Capability[Any, Any]]) -> _Lists:
        """What the provider lists for these capabilities, all asked at once, each at most once in some minutes."""
        ready = [one for one in capabilities if not self.installation.why_not(backend, one)]
        asked: set[_Fetch] = {fetch for one in ready for fetch in one.choices.values()}
        asked |= {one.discover for one in ready if one.discover}
        async with anyio.create_task_group() as tasks:
            for fetch in asked:
                if fetch not in self._kept or self._kept[fetch][0] < self.clock.now():
                    tasks.start_soon(self._ask, backend, fetch)
        return {fetch: self._kept[fetch][1] for fetch in asked if fetch in self._kept}

    async def _ask(self, backend: Backend[Any], fetch: _Fetch) -> None:
        """Fetch a live list. Where the provider does not give it there is none: a table is not worth an error."""

        async def ask() -> Sequence[object]:
            return tuple(await fetch(await self.clients.client(backend)))

        try:
            found = await within(self.clock, _LIVE_SECONDS, ask)
        except Exception as error:  # noqa: BLE001 - see above
            self._kept.pop(fetch, None)
            _log.info("%s did not list: %s", backend.name, type(error).__name__)
        else:
            self._kept[fetch] = (self.clock.now() + _KEPT_SECONDS, found)

    def _detail(self, backend: Backend[Any], capability: Capability[Any, Any], lists: _Lists) -> CapabilityDetail:
        reason = self.installation.why_not(backend, capability)
        fields: Mapping[str, JsonValue] = {**field_schemas(capability.params)}
        live = lists.get(capability.discover, ()) if capability.discover else ()
        models = [model for model in live if isinstance(model, Model)] or capability.models
        choices = {word: lists.get(fetch, ()) for word, fetch in capability.choices.items()}
        return CapabilityDetail(
            kind=capability.kind,
            name=capability.name,
            ready=not reason,
            missing=reason,
            words={name: schema for name, schema in fields.items() if name in WORDS},
            options={name: schema for name, schema in fields.items() if name not in WORDS},
            inputs={role: _takes(takes) for role, takes in capability.takes.items()},
            models=tuple(self._model(model) for model in models),
            choices={
                word: tuple(self.redact.text(str(one)) for one in found) for word, found in choices.items() if found
            },
            edits=capability.edits is not None,
        )

    def _model(self, model: Model) -> dict[str, JsonValue]:
        told = {name: value for name, value in _told(model).items() if value not in (None, False, "", {}, [])}
        return {name: self.redact.json(value) for name, value in told.items()}


def _takes(takes: Takes) -> dict[str, JsonValue]:
    return {"max": takes.max, "required": takes.required, "mimes": list(takes.mimes), "max_bytes": takes.max_bytes}


def _told(model: Model) -> dict[str, JsonValue]:
    return {
        "id": model.id,
        "draft": model.draft,
        "retires": model.retires.isoformat() if model.retires else None,
        "max_prompt": model.max_prompt,
        "accepts": {word: narrowed(accepts) for word, accepts in model.accepts.items()},
        "prices": [price_in_words(price) for price in model.prices],
        "note": model.note,
    }


def narrowed(accepts: Accepts) -> JsonValue:
    """What one model takes of a word, as callers read it: a list of values, `low-high`, or a boolean."""
    if isinstance(accepts, Range):
        return "-".join(dict.fromkeys(f"{end:.10g}" for end in (accepts.low, accepts.high)))
    return accepts if isinstance(accepts, bool) else list(accepts)


def price_in_words(price: Price) -> str:
    """A price as callers read it: "0.04 USD per image at quality high (2026-01-02)"."""
    when = ", ".join(f"{word} {value}" for word, value in price.when.items())
    return f"{price.usd:.4g} USD per {price.per}{f' at {when}' if when else ''} ({price.as_of.isoformat()})"
