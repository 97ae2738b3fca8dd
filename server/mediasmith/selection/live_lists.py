"""What providers list just now, such as their voices: asked for when it is wanted, and kept for some minutes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anyio

from mediasmith.plugin.contract import JSON, Backend
from mediasmith.runtime.client_pool import ClientPool
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.timeouts import with_timeout
from mediasmith.selection.candidate import Candidate

_log = logging.getLogger(__name__)

_LIVE_SECONDS = 10.0
"""How long a provider may take to list its voices or models."""

_KEPT_SECONDS = 300.0
"""How long such a list is shown without asking again."""

Listed: TypeAlias = "Sequence[object] | Mapping[str, str]"
"""What a provider lists: models, names, or ids by their names."""

Fetch: TypeAlias = Callable[[Any], Awaitable[Listed]]
"""What a capability lists with: one of its `choices`, or its `discover`."""


@dataclass(frozen=True, kw_only=True)
class LiveLists:
    """The lists of every backend that is signed in."""

    clients: ClientPool
    clock: Clock
    _kept: dict[Fetch, tuple[float, Listed]] = field(default_factory=dict[Fetch, tuple[float, Listed]])

    async def of(self, backend: Backend[Any], asked: Collection[Fetch]) -> Mapping[Fetch, Listed]:
        """These lists of the backend's, all asked for at once. Those that the provider does not give are left out."""
        return await self._since(self.clock.now() - _KEPT_SECONDS, backend, asked)

    async def lacking(self, candidate: Candidate, *, anew: bool = False) -> str | None:
        """A word of the request whose value the provider does not list, with that value; or nothing.

        None when that is not known, for want of a list. `anew`: what a kept list does not hold may have been made
        since, as a voice is, so that the list is asked for again before it is said to be lacking.
        """
        began = self.clock.now()
        fetches = set(_fetches(candidate).values())
        lacking = _lacking(candidate, await self.of(candidate.backend, fetches))
        if lacking and anew:
            lacking = _lacking(candidate, await self._since(began, candidate.backend, fetches))
        return lacking

    def forget(self, backend: Backend[Any]) -> None:
        """Have the backend's lists asked for again, since there is something new in them."""
        for capability in backend.capabilities:
            for fetch in capability.choices.values():
                self._kept.pop(fetch, None)

    async def _since(self, time: float, backend: Backend[Any], asked: Collection[Fetch]) -> Mapping[Fetch, Listed]:
        """These lists, none of them older than this."""
        async with anyio.create_task_group() as tasks:
            for fetch in asked:
                if fetch not in self._kept or self._kept[fetch][0] < time:
                    tasks.start_soon(self._ask, backend, fetch)
        return {fetch: self._kept[fetch][1] for fetch in asked if fetch in self._kept}

    async def _ask(self, backend: Backend[Any], fetch: Fetch) -> None:
        """Fetch a list. Where the provider does not give it there is none: a list is not worth an error."""

        async def ask() -> Listed:
            found = await fetch(await self.clients.client(backend))
            return dict(found) if isinstance(found, Mapping) else tuple(found)

        try:
            found = await with_timeout(self.clock, _LIVE_SECONDS, ask)
        except Exception as error:  # noqa: BLE001 - see above
            self._kept.pop(fetch, None)
            _log.info("%s did not list: %s", backend.name, type(error).__name__)
        else:
            self._kept[fetch] = (self.clock.now(), found)


def _fetches(candidate: Candidate) -> Mapping[str, Fetch]:
    """What is listed of the words of a request."""
    return {word: fetch for word, fetch in candidate.capability.choices.items() if word in candidate.values}


def _lacking(candidate: Candidate, lists: Mapping[Fetch, Listed]) -> str | None:
    """A word whose value is not in its list, with that value; None when a list is not there, and else nothing."""
    fetches = _fetches(candidate)
    for word, fetch in fetches.items():
        for value in _values(candidate.values[word]):
            if fetch in lists and not _holds(lists[fetch], value):
                return f"{word} {value}"
    return "" if all(fetch in lists for fetch in fetches.values()) else None


def _holds(listed: Listed, value: str) -> bool:
    """Whether a list has a name like this, or this id."""
    ids = listed.values() if isinstance(listed, Mapping) else ()
    return value in ids or any(_is_called(str(one), value) for one in listed)


def _is_called(listed: str, value: str) -> bool:
    """Whether this is its name, or how its name begins: `Sarah` of `Sarah - Mature, Reassuring`."""
    name, asked = listed.casefold(), value.casefold()
    return name == asked or (name.startswith(asked) and not name[len(asked)].isalnum())


def _values(given: JSON) -> Sequence[str]:
    """What was given, one by one; of `Name=voice` only the voice."""
    if isinstance(given, str):
        return [given]
    several = given if isinstance(given, Sequence) else ()
    return [str(one).partition("=")[2].strip() or str(one) for one in several]
