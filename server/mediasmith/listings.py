"""What providers list just now, such as their voices: asked for when it is wanted, and kept for some minutes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anyio

from mediasmith.clients import Clients
from mediasmith.clock import Clock
from mediasmith.contract import JSON, Backend
from mediasmith.selector import Choice
from mediasmith.waiting import within

_log = logging.getLogger(__name__)

_LIVE_SECONDS = 10.0
"""How long a provider may take to list its voices or models."""

_KEPT_SECONDS = 300.0
"""How long such a list is shown without asking again."""

Fetch: TypeAlias = Callable[[Any], Awaitable[Sequence[object]]]
"""What a capability lists with: one of its `choices`, or its `discover`."""


@dataclass(frozen=True, kw_only=True)
class Listings:
    """The lists of every backend that is signed in."""

    clients: Clients
    clock: Clock
    _kept: dict[Fetch, tuple[float, Sequence[object]]] = field(
        default_factory=dict[Fetch, tuple[float, Sequence[object]]]
    )

    async def of(self, backend: Backend[Any], asked: Collection[Fetch]) -> Mapping[Fetch, Sequence[object]]:
        """These lists of the backend's, all asked for at once. Those that the provider does not give are left out."""
        async with anyio.create_task_group() as tasks:
            for fetch in asked:
                if fetch not in self._kept or self._kept[fetch][0] < self.clock.now():
                    tasks.start_soon(self._ask, backend, fetch)
        return {fetch: self._kept[fetch][1] for fetch in asked if fetch in self._kept}

    async def lacking(self, choice: Choice) -> str:
        """A word of the request whose value the provider does not list, with that value; or nothing."""
        fetches = {word: fetch for word, fetch in choice.capability.choices.items() if word in choice.values}
        lists = await self.of(choice.backend, set(fetches.values()))
        for word, fetch in fetches.items():
            for value in _values(choice.values[word]):
                if not any(_is_called(str(one), value) for one in lists.get(fetch, ())):
                    return f"{word} {value}"
        return ""

    async def _ask(self, backend: Backend[Any], fetch: Fetch) -> None:
        """Fetch a list. Where the provider does not give it there is none: a list is not worth an error."""

        async def ask() -> Sequence[object]:
            return tuple(await fetch(await self.clients.client(backend)))

        try:
            found = await within(self.clock, _LIVE_SECONDS, ask)
        except Exception as error:  # noqa: BLE001 - see above
            self._kept.pop(fetch, None)
            _log.info("%s did not list: %s", backend.name, type(error).__name__)
        else:
            self._kept[fetch] = (self.clock.now() + _KEPT_SECONDS, found)


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
