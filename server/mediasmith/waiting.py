"""Waiting with an end, by the server's clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import anyio

from mediasmith.clock import Clock

_T = TypeVar("_T")


async def within(clock: Clock, seconds: float, call: Callable[[], Awaitable[_T]]) -> _T:
    """What `call` returns; it is cancelled after so many seconds.

    Raises:
        TimeoutError: it did not return in time.
    """
    outcomes: list[_T] = []
    failures: list[Exception] = []
    async with anyio.create_task_group() as tasks:

        async def expire() -> None:
            await clock.sleep(seconds)
            tasks.cancel_scope.cancel()

        tasks.start_soon(expire)
        try:
            outcomes.append(await call())
        except Exception as error:  # noqa: BLE001 - kept, since a task group would wrap it
            failures.append(error)
        tasks.cancel_scope.cancel()
    if failures:
        raise failures[0]
    if not outcomes:
        raise TimeoutError
    return outcomes[0]


async def happens(clock: Clock, seconds: float, event: anyio.Event) -> bool:
    """Whether the event came within so many seconds."""
    if seconds > 0:
        with suppress(TimeoutError):
            await within(clock, seconds, event.wait)
    return event.is_set()
