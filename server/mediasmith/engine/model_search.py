"""Find models by a text: with a provider's own search, or among those that it lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from mediasmith.config.installation import Installation
from mediasmith.engine.results import ModelMatch
from mediasmith.plugin.contract import Backend, Capability, FoundModel, Model
from mediasmith.plugin.errors import InvalidRequest, MediaError
from mediasmith.plugin.kinds import Kind
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.error_mapping import ErrorMapper
from mediasmith.runtime.redaction import Redactor
from mediasmith.runtime.timeouts import with_timeout
from mediasmith.selection.live_lists import LiveLists
from mediasmith.selection.lookups import Lookups
from mediasmith.selection.ranking import not_ready
from mediasmith.selection.unlisted_models import Wanted

MAX_MATCHES = 20
"""Models in an answer at most."""

_SECONDS = 10.0
"""How long a provider may search."""

_MAX_TEXT = 80
"""Characters of a title or price."""


@dataclass(frozen=True, kw_only=True)
class ModelSearch:
    """Searches the models of backends that are ready."""

    installation: Installation
    clients: ClientPool
    clock: Clock
    live_lists: LiveLists
    lookups: Lookups
    errors: ErrorMapper
    redact: Redactor

    async def of_backend(self, backend: Backend[Any], kind: Kind | None, query: str) -> Sequence[ModelMatch]:
        """Return the models of a backend, best match first.

        Raises:
            InvalidRequest: it makes no such kind, or is not ready.
            MissingKey: it is not signed in, or does not accept its key.
            MediaError: it could not be asked.
        """
        able = [one for one in backend.capabilities if kind in {None, one.kind}]
        ready = self.installation.ready(backend, kind)
        if not able:
            raise InvalidRequest(f"{backend.name} makes no {str(kind).replace('_', ' ')}.", billed="no")
        if not ready:
            raise not_ready(backend, self.installation.reason_missing(backend, able[0]), "Then search again.")
        kinds = {one.kind for one in ready}
        found = await (self._search(backend, kind, query) if backend.search else self._listed(backend, ready, query))
        return [self.match(backend, model) for model in found if model.kind in kinds][:MAX_MATCHES]

    async def everywhere(self, kind: Kind | None, query: str) -> tuple[Sequence[ModelMatch], Sequence[str]]:
        """Return the models of all backends that are ready, and a sentence for each that could not be asked."""
        found: dict[str, Sequence[ModelMatch]] = {}
        problems: list[str] = []

        async def search(backend: Backend[Any]) -> None:
            try:
                found[backend.name] = await self.of_backend(backend, kind, query)
            except MediaError as error:
                problems.append(error.message)

        async with anyio.create_task_group() as task_group:
            for backend in self.installation.registry.backends.values():
                if self.installation.ready(backend, kind):
                    task_group.start_soon(search, backend)
        ranked = sorted((rank, name) for name, matches in found.items() for rank in range(len(matches)))
        return [found[name][rank] for rank, name in ranked[:MAX_MATCHES]], problems

    async def in_full(
        self, backend: Backend[Any], kind: Kind | None, name: str
    ) -> Sequence[tuple[Capability[Any, Any], Model]]:
        """Return the model of this id with each capability that has it: as it is listed, or else looked up.

        Raises:
            MediaError: none has it, and the backend could not be asked.
        """
        ready = self.installation.ready(backend, kind)
        live = await self.live_lists.with_live_models(backend, ready)
        models = [(one, model) for one in live.capabilities for model in one.models if model.id == name]
        if listed := [(one, model) for one, model in models if kind in {None, one.kind}]:
            return listed
        found = await self.lookups.find([Wanted(backend=backend, capability=one, id=name) for one in ready])
        if found.errors and not found.models:
            raise found.errors[0][1]
        return [(wanted.capability, model) for wanted, model in found.models]

    async def _search(self, backend: Backend[Any], kind: Kind | None, query: str) -> Sequence[FoundModel]:
        search = backend.search
        assert search is not None

        async def ask() -> Sequence[FoundModel]:
            return tuple(await search(await self.clients.client(backend), kind, query))

        try:
            return await with_timeout(self.clock, _SECONDS, ask)
        except Exception as error:
            raise self.errors.map_free(backend, error, f"The models of {backend.name} could not be searched") from error

    async def _listed(
        self, backend: Backend[Any], ready: Sequence[Capability[Any, Any]], query: str
    ) -> Sequence[FoundModel]:
        """Return the listed models whose id or note has every word of the query."""
        names = {capability.name for capability in ready}
        live = await self.live_lists.with_live_models(backend, ready)
        return [
            as_found(model, capability.kind)
            for capability in live.capabilities
            if capability.name in names
            for model in capability.models
            if all(word in f"{model.id} {model.note}".casefold() for word in query.casefold().split())
        ]

    def match(self, backend: Backend[Any], model: FoundModel) -> ModelMatch:
        """Return a model of a backend as callers see it."""
        title, price = (_short(self.redact.text(str(text))) for text in (model.title, model.price))
        name = self.redact.text(str(model.id))
        return ModelMatch(backend=backend.name, id=name, kind=model.kind, title=title, price=price)


def as_found(model: Model, kind: Kind) -> FoundModel:
    """Return a model that is known in full as a search shows it, with the first of its prices."""
    price = next((f"{price.usd:.4g} USD per {price.per}" for price in model.prices), "")
    return FoundModel(id=model.id, kind=kind, title=model.note, price=price)


def _short(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1].rstrip()}…"
