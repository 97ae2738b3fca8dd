"""What providers list just now, such as their voices and models: fetched when wanted, and cached for some minutes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import anyio

from mediasmith.plugin.contract import JSON, Backend, Capability, Model
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.timeouts import with_timeout
from mediasmith.selection.candidate import Candidate

_log = logging.getLogger(__name__)

_FETCH_SECONDS = 10.0
"""How long a provider may take to list its voices or models."""

_CACHE_SECONDS = 300.0
"""How long a list is used without fetching it again; and, where it could not be had, how long that is remembered."""

LiveList: TypeAlias = "Sequence[object] | Mapping[str, str]"
"""What a provider lists: models, names, or ids by their names."""

Fetch: TypeAlias = Callable[[Any], Awaitable[LiveList]]
"""What a capability lists with: one of its `choices`, or its `discover`."""


@dataclass(frozen=True, kw_only=True)
class LiveLists:
    """The lists of every backend that is signed in."""

    clients: ClientPool
    clock: Clock
    _cached: dict[Fetch, tuple[float, LiveList]] = field(default_factory=dict[Fetch, tuple[float, LiveList]])
    _failed: dict[Fetch, float] = field(default_factory=dict[Fetch, float])

    async def fetch(self, backend: Backend[Any], asked: Collection[Fetch]) -> Mapping[Fetch, LiveList]:
        """Return these lists of the backend, fetched side by side. Those that cannot be had are left out."""
        return await self._newer_than(self.clock.now() - _CACHE_SECONDS, backend, asked)

    async def with_live_models(
        self, backend: Backend[Any], capabilities: Collection[Capability[Any, Any]]
    ) -> Backend[Any]:
        """Return the backend with the models that are served now, in these of its capabilities.

        Where the provider cannot be asked, the declared models stay; it is not asked again for some minutes.
        """
        since = self.clock.now() - _CACHE_SECONDS
        asked = [one.discover for one in capabilities if one.discover and self._failed.get(one.discover, 0) < since]
        lists = await self.fetch(backend, asked)

        def updated(capability: Capability[Any, Any]) -> Capability[Any, Any]:
            found = lists.get(capability.discover) if capability.discover else None
            if found is None:
                return capability
            return replace(capability, models=tuple(model for model in found if isinstance(model, Model)))

        return replace(backend, capabilities=tuple(map(updated, backend.capabilities))) if lists else backend

    async def missing_value(self, candidate: Candidate, *, refetch: bool = False) -> str | None:
        """Return a word whose value the provider does not list, with that value, or "".

        None when that is not known, for want of a list. `refetch`: a value that a cached list lacks may be newer than
        the list, as a voice is, so that the list is fetched again before the value counts as missing.
        """
        began = self.clock.now()
        fetches = set(_fetches(candidate).values())
        missing = _missing_value(candidate, await self.fetch(candidate.backend, fetches))
        if missing and refetch:
            missing = _missing_value(candidate, await self._newer_than(began, candidate.backend, fetches))
        return missing

    def forget(self, backend: Backend[Any]) -> None:
        """Have the backend's lists of names fetched again, since there is something new in them."""
        for capability in backend.capabilities:
            for fetch in capability.choices.values():
                self._cached.pop(fetch, None)

    async def _newer_than(
        self, time: float, backend: Backend[Any], asked: Collection[Fetch]
    ) -> Mapping[Fetch, LiveList]:
        async with anyio.create_task_group() as task_group:
            for fetch in asked:
                if fetch not in self._cached or self._cached[fetch][0] < time:
                    task_group.start_soon(self._fetch, backend, fetch)
        return {fetch: self._cached[fetch][1] for fetch in asked if fetch in self._cached}

    async def _fetch(self, backend: Backend[Any], fetch: Fetch) -> None:
        """Fetch a list. Where the provider does not give it there is none: a list is not worth an error."""

        async def fetch_once() -> LiveList:
            found = await fetch(await self.clients.client(backend))
            return dict(found) if isinstance(found, Mapping) else tuple(found)

        try:
            found = await with_timeout(self.clock, _FETCH_SECONDS, fetch_once)
        except Exception as error:  # noqa: BLE001 - see above
            self._cached.pop(fetch, None)
            self._failed[fetch] = self.clock.now()
            _log.info("%s did not list: %s", backend.name, type(error).__name__)
        else:
            self._cached[fetch] = (self.clock.now(), found)


def _fetches(candidate: Candidate) -> Mapping[str, Fetch]:
    """Return the lists that hold values of words in the request, but for those that the model itself lists."""
    return {word: candidate.capability.choices[word] for word in listed_words(candidate)}


def listed_words(candidate: Candidate) -> tuple[str, ...]:
    """Return the words in the request whose values its provider lists for the capability and not for the model."""
    listed = (word for word in candidate.capability.choices if word in candidate.values)
    return tuple(word for word in listed if not isinstance(candidate.model.accepts.get(word), tuple))


def _missing_value(candidate: Candidate, lists: Mapping[Fetch, LiveList]) -> str | None:
    """Return a word whose value is not in its list, with that value; None where a list is not there, else ""."""
    unknown = False
    for word, fetch in _fetches(candidate).items():
        builtin = candidate.capability.builtin_choices.get(word, ())
        for value in _values(candidate.values[word]):
            if not _holds(lists.get(fetch, builtin), value):
                if fetch in lists:
                    return f"{word} {value}"
                unknown = True
    return None if unknown else ""


def _holds(listed: LiveList, value: str) -> bool:
    """Return whether a list has a name like this, or this id."""
    ids = listed.values() if isinstance(listed, Mapping) else ()
    return value in ids or any(_is_name_of(str(one), value) for one in listed)


def _is_name_of(listed: str, value: str) -> bool:
    """Return whether this is its name, or how its name begins: `Sarah` of `Sarah - Mature, Reassuring`."""
    name, asked = listed.casefold(), value.casefold()
    return name == asked or (name.startswith(asked) and not name[len(asked)].isalnum())


def _values(given: JSON) -> Sequence[str]:
    """Return the values one by one; of `Name=voice` only the voice."""
    if isinstance(given, str):
        return [given]
    several = given if isinstance(given, Sequence) else ()
    return [str(one).partition("=")[2].strip() or str(one) for one in several]
