"""Wait no longer than a given time, by the server's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import anyio
import anyio.lowlevel

from mediasmith.runtime.clock import Clock

_T = TypeVar("_T")


class Expired(TimeoutError):
    """The time given to `with_timeout` is up. A TimeoutError that the call itself raises is not an Expired."""


async def contain_exit(call: Callable[[], Awaitable[_T]]) -> _T:
    """Run foreign code and return its result, without letting it end the server.

    Raises:
        RuntimeError: it raised SystemExit, or a cancellation that was not requested from outside. Any other exception
            passes unchanged.
    """
    try:
        return await call()
    except (asyncio.CancelledError, SystemExit, BaseExceptionGroup) as error:
        if isinstance(error, Exception):
            raise
        if is_task_cancelled():
            # A cancelled call may raise anything, such as gRPC's own CancelledError, which no cancel scope recognizes.
            await anyio.lowlevel.checkpoint_if_cancelled()
            raise asyncio.CancelledError from error
        raise RuntimeError(f"the call raised {type(error).__name__}") from error


def is_task_cancelled() -> bool:
    """Return whether this asyncio task itself is being cancelled, and not just a scope in it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def with_timeout(clock: Clock, seconds: float, call: Callable[[], Awaitable[_T]]) -> _T:
    """Run foreign code as `contain_exit` does, and cancel it after so many seconds.

    Its result is never lost: it is returned even if the caller is cancelled at that very moment.

    Raises:
        Expired: it did not return in time.
    """
    outcomes: list[_T] = []
    failures: list[Exception] = []
    late = False
    try:
        async with anyio.create_task_group() as task_group:

            async def expire() -> None:
                nonlocal late
                await clock.sleep(seconds)
                late = True
                task_group.cancel_scope.cancel()

            task_group.start_soon(expire)
            try:
                outcomes.append(await contain_exit(call))
            except Exception as error:  # noqa: BLE001 - raised below, since a task group would wrap it
                failures.append(error)
            task_group.cancel_scope.cancel()
    except asyncio.CancelledError:
        if not outcomes and not failures:
            raise
    if outcomes:
        return outcomes[0]
    if late or not failures:
        raise Expired
    raise failures[0]


async def wait_for_event(clock: Clock, seconds: float, event: anyio.Event) -> bool:
    """Wait at most this many seconds for an event, and return whether it is set."""
    if seconds > 0:
        with suppress(Expired):
            await with_timeout(clock, seconds, event.wait)
    return event.is_set()
