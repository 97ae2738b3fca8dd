"""What can be made here, by which backend, and what is missing for the rest: the answer of list_backends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from pydantic import JsonValue

from mediasmith.config.field_schemas import field_schemas
from mediasmith.config.installation import Installation
from mediasmith.engine.model_search import ModelSearch, as_found
from mediasmith.engine.results import BackendList, CapabilityDetail, ModelMatch
from mediasmith.plugin.contract import Accepts, Backend, Capability, Model, Price, Range, Takes
from mediasmith.plugin.errors import InvalidRequest, MediaError
from mediasmith.plugin.kinds import Kind
from mediasmith.plugin.params import WORDS
from mediasmith.runtime.clock import today
from mediasmith.runtime.redaction import Redactor
from mediasmith.selection.live_lists import Fetch, LiveList, LiveLists
from mediasmith.selection.near_matches import SIMILAR_BACKEND, suggest

_Lists: TypeAlias = Mapping[Fetch, LiveList]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The installed backends, for callers to read."""

    installation: Installation
    live_lists: LiveLists
    search: ModelSearch
    redact: Redactor

    async def list_backends(self, *, kind: Kind | None = None, backend: str = "", query: str = "") -> BackendList:
        """Return the table of everything, of one kind, one backend in full, or the models that match a query.

        Raises:
            InvalidRequest: there is no such backend, or the one to search is not ready.
            MediaError: the backend to search could not be asked.
        """
        if not backend and not query:
            offers = tuple(self.installation.offers(kind or "", today(self.live_lists.clock)))
            problems = tuple(map(self.redact.text, self.installation.problems))
            return BackendList(backends=offers, broken=self.installation.registry.broken, problems=problems)
        found = self._named(backend) if backend else None
        if query:
            return await self._search(found, kind, query.strip())
        assert found is not None
        wanted = [capability for capability in found.capabilities if kind in {None, capability.kind}]
        lists = await self._live_lists(found, wanted)
        details = tuple(self._detail(found, capability, lists) for capability in wanted)
        return BackendList(backend=found.name, title=found.title, docs=found.docs, capabilities=details)

    def _named(self, name: str) -> Backend[Any]:
        found = self.installation.registry.find(name)
        if found is None:
            known = suggest(name[:40], list(self.installation.registry.backends), similar=SIMILAR_BACKEND)
            raise InvalidRequest(f"There is no backend {name[:40]!r}. {known}", billed="no")
        return found

    async def _search(self, backend: Backend[Any] | None, kind: Kind | None, query: str) -> BackendList:
        """Return the models that match. The one that the query names is shown in full, if its backend is named, too."""
        if backend is None:
            matches, problems = await self.search.everywhere(kind, query)
            return BackendList(models=tuple(matches), problems=tuple(problems), next=_next(matches))
        matches = await self.search.of_backend(backend, kind, query)
        named = [match.id for match in matches if match.id.casefold() == query.casefold()]
        if not named and (matches or " " in query):
            return BackendList(models=tuple(matches), next=_next(matches))
        try:
            models = await self.search.in_full(backend, kind, named[0] if named else query)
        except MediaError:
            if not named:
                raise
            models = ()  # what was found is worth more than an error
        if not named:
            matches = [self.search.match(backend, as_found(model, one.kind)) for one, model in models]
        details = tuple(self._detail(backend, replace(one, models=(model,)), {}) for one, model in models)
        return BackendList(models=tuple(matches), capabilities=details, next="" if details else _next(matches))

    async def _live_lists(self, backend: Backend[Any], capabilities: Sequence[Capability[Any, Any]]) -> _Lists:
        """Fetch what the provider lists for these capabilities, as far as they are ready."""
        ready = [one for one in capabilities if not self.installation.reason_missing(backend, one)]
        asked: set[Fetch] = {fetch for one in ready for fetch in one.choices.values()}
        asked |= {one.discover for one in ready if one.discover}
        return await self.live_lists.fetch(backend, asked)

    def _detail(self, backend: Backend[Any], capability: Capability[Any, Any], lists: _Lists) -> CapabilityDetail:
        reason = self.installation.reason_not_offered(backend, capability, today(self.live_lists.clock))
        fields: Mapping[str, JsonValue] = {**field_schemas(capability.params)}
        listed = lists.get(capability.discover, capability.models) if capability.discover else capability.models
        models = [model for model in listed if isinstance(model, Model)]
        choices = {
            word: lists.get(fetch, capability.builtin_choices.get(word, ()))
            for word, fetch in capability.choices.items()
        }
        return CapabilityDetail(
            kind=capability.kind,
            name=capability.name,
            ready=not reason,
            missing=reason,
            words={name: schema for name, schema in fields.items() if name in WORDS},
            options={name: schema for name, schema in fields.items() if name not in WORDS},
            inputs={role: _input_json(takes) for role, takes in capability.takes.items()},
            models=tuple(self._model(model) for model in models),
            choices={
                word: tuple(self.redact.text(str(one)) for one in found) for word, found in choices.items() if found
            },
            edits=capability.edits is not None,
        )

    def _model(self, model: Model) -> dict[str, JsonValue]:
        facts = {name: value for name, value in _model_json(model).items() if value not in (None, False, "", {}, [])}
        return {name: self.redact.json(value) for name, value in facts.items()}


def _next(matches: Sequence[ModelMatch]) -> str:
    """Return what to do with the answer of a search."""
    if not matches:
        return "No model matches. Try fewer or other words."
    return "Call generate_media with the id as model, and backend. With backend and an id as query, see what it takes."


def _input_json(takes: Takes | None) -> JsonValue:
    if takes is None:
        return False
    return {"max": takes.max, "required": takes.required, "mimes": list(takes.mimes), "max_bytes": takes.max_bytes}


def _model_json(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "draft": model.draft,
        "retires": model.retires.isoformat() if model.retires else None,
        "max_prompt": model.max_prompt,
        "accepts": {word: format_accepts(accepts) for word, accepts in model.accepts.items()},
        "inputs": {role: _input_json(takes) for role, takes in model.takes.items()},
        "options": model.options,
        "prices": [format_price(price) for price in model.prices],
        "note": model.note,
    }


def format_accepts(accepts: Accepts) -> JsonValue:
    """Return what one model accepts for a word, as callers read it: a list of values, "low-high", or a boolean."""
    if isinstance(accepts, Range):
        return "-".join(dict.fromkeys(f"{end:.10g}" for end in (accepts.low, accepts.high)))
    return accepts if isinstance(accepts, bool) else list(accepts)


def format_price(price: Price) -> str:
    """Return a price as callers read it: "0.04 USD per image at quality high (2026-01-02)"."""
    when = ", ".join(f"{word} {value}" for word, value in price.when.items())
    charged = f"{price.usd:.4g} USD per {price.per}"
    if price.input_image_usd:
        charged += f" + {price.input_image_usd:.4g} USD per input image"
    return f"{charged}{f' at {when}' if when else ''} ({price.as_of.isoformat()})"
