"""Look up the models that a caller or a setting names and no list has. What is found is cached for some minutes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import anyio

from mediasmith.plugin.contract import Backend, Model
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.error_mapping import ErrorMapper
from mediasmith.runtime.timeouts import with_timeout
from mediasmith.selection.unlisted_models import Wanted

_SECONDS = 10.0
"""How long a provider may take to answer."""

_CACHE_SECONDS = 300.0
"""How long a model is used without asking again. That there is none is not remembered: it may just be published."""

Lookup: TypeAlias = Callable[[Any, str], Awaitable[Model | None]]
"""What a capability looks up with."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found, with what it was looked up for, and the errors of those that could not be asked."""

    models: Sequence[tuple[Wanted, Model]] = ()
    errors: Sequence[tuple[Wanted, MediaError]] = ()

    def added_to(self, backend: Backend[Any]) -> Backend[Any]:
        """Return the backend with its models that were found after those that are listed."""
        added: Mapping[str, list[Model]] = {one.name: [] for one in backend.capabilities}
        for wanted, model in self.models:
            if wanted.backend.name == backend.name:
                added[wanted.capability.name].append(model)
        capabilities = (replace(one, models=(*one.models, *added[one.name])) for one in backend.capabilities)
        return replace(backend, capabilities=tuple(capabilities)) if any(added.values()) else backend


@dataclass(frozen=True, kw_only=True)
class Lookups:
    """Looks models up at the backends that are signed in."""

    clients: ClientPool
    clock: Clock
    errors: ErrorMapper
    _cached: dict[tuple[Lookup, str], tuple[float, Model]] = field(
        default_factory=dict[tuple[Lookup, str], tuple[float, Model]]
    )

    async def find(self, asked: Sequence[Wanted]) -> Found:
        """Return those of the models that there are, looked up side by side where the capability can."""
        models: list[tuple[Wanted, Model]] = []
        errors: list[tuple[Wanted, MediaError]] = []

        async def find_one(wanted: Wanted, lookup: Lookup) -> None:
            try:
                model = await self._find(wanted, lookup)
            except Exception as error:  # noqa: BLE001 - whatever a plug-in raises is a finding
                failed = f"The model {wanted.id[:60]} could not be looked up"
                errors.append((wanted, self.errors.map_free(wanted.backend, error, failed)))
            else:
                models.extend([(wanted, model)] if model else [])

        async with anyio.create_task_group() as task_group:
            for wanted in asked:
                if wanted.capability.lookup:
                    task_group.start_soon(find_one, wanted, wanted.capability.lookup)
        return Found(models=models, errors=errors)

    async def _find(self, wanted: Wanted, lookup: Lookup) -> Model | None:
        key = lookup, wanted.id
        time, cached = self._cached.get(key, (0.0, None))
        if cached and time >= self.clock.now() - _CACHE_SECONDS:
            return cached

        async def ask() -> Model | None:
            return await lookup(await self.clients.client(wanted.backend), wanted.id)

        found = await with_timeout(self.clock, _SECONDS, ask)
        if found is None:
            return None
        model = replace(found, id=wanted.id)  # by this id it is chosen, recorded and sent
        self._cached[key] = self.clock.now(), model
        return model
