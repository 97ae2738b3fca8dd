"""Timeouts: what a call returns or raises, and what a timeout or a cancellation makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import anyio
import anyio.lowlevel
import pytest

from mediasmith.runtime.timeouts import Expired, wait_for_event, with_timeout
from mediasmith.testing.virtual_clock import VirtualClock


async def forever() -> str:
    await anyio.sleep_forever()
    return "never"


async def test_the_result_of_a_call_is_returned() -> None:
    async def answer() -> str:
        return "here"

    assert await with_timeout(VirtualClock(), 5, answer) == "here"


async def test_a_call_that_takes_too_long_is_cancelled() -> None:
    clock = VirtualClock()
    ends: list[float] = []

    async def slow() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ends.append(clock.now())

    async with clock.autojump():
        started = clock.now()
        with pytest.raises(Expired):
            await with_timeout(clock, 5, slow)
    assert ends == [started + 5]


@pytest.mark.parametrize("error", [KeyError("x"), ExceptionGroup("several", [KeyError("x")])], ids=["one", "several"])
async def test_the_error_of_a_call_is_raised_unchanged(error: Exception) -> None:
    async def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await with_timeout(VirtualClock(), 5, fail)
    assert caught.value is error


async def test_a_timeout_error_of_the_call_is_not_expired() -> None:
    async def fail() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError) as caught:
        await with_timeout(VirtualClock(), 5, fail)
    assert not isinstance(caught.value, Expired)


def turns_cancellation_into(error: BaseException) -> Callable[[], Awaitable[None]]:
    """Return a call that waits in another task, as gRPC does, and raises this error when it is cancelled."""

    async def wait() -> None:
        with suppress(asyncio.CancelledError):
            await anyio.sleep_forever()

    async def call() -> None:
        await asyncio.create_task(wait())
        raise error

    return call


CANCELLED = [ConnectionError(), asyncio.CancelledError(), SystemExit(3), BaseExceptionGroup("x", [SystemExit(3)])]


@pytest.mark.parametrize("error", CANCELLED, ids=lambda error: type(error).__name__)
async def test_whatever_a_cancelled_call_raises_is_expired(error: BaseException) -> None:
    clock = VirtualClock()
    async with clock.autojump():
        with pytest.raises(Expired):
            await with_timeout(clock, 5, turns_cancellation_into(error))


@pytest.mark.parametrize("error", CANCELLED[1:], ids=lambda error: type(error).__name__)
async def test_a_scope_recognises_its_cancellation_whatever_the_call_raises(error: BaseException) -> None:
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(with_timeout, VirtualClock(), 5, turns_cancellation_into(error))
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert scope.cancelled_caught


@pytest.mark.parametrize(
    "ending",
    [asyncio.CancelledError(), SystemExit(3), BaseExceptionGroup("several", [SystemExit(3)])],
    ids=["a cancellation", "an exit", "a group"],
)
async def test_a_call_cannot_end_the_server(ending: BaseException) -> None:
    async def end() -> None:
        await anyio.lowlevel.checkpoint()
        raise ending

    with pytest.raises(RuntimeError, match=type(ending).__name__):
        await with_timeout(VirtualClock(), 5, end)


async def test_a_call_cannot_end_the_server_after_another_expired() -> None:
    async def end() -> None:
        raise asyncio.CancelledError

    clock = VirtualClock()
    async with clock.autojump():
        with pytest.raises(Expired):
            await with_timeout(clock, 5, forever)
        with pytest.raises(RuntimeError):
            await with_timeout(clock, 5, end)


async def test_a_cancelled_waiter_stays_cancelled() -> None:
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:

            async def cancel() -> None:
                scope.cancel()

            tasks.start_soon(cancel)
            await with_timeout(VirtualClock(), 5, forever)
    assert scope.cancelled_caught


async def test_a_waiter_that_asyncio_cancels_stays_cancelled() -> None:
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0):
            await with_timeout(VirtualClock(), 5, forever)
    assert not isinstance(caught.value, Expired)


async def test_a_result_is_kept_even_if_the_waiter_is_cancelled_at_that_moment() -> None:
    answers: list[str] = []
    with anyio.CancelScope() as scope:

        async def answer() -> str:
            scope.cancel()
            return "paid for"

        answers.append(await with_timeout(VirtualClock(), 5, answer))
        await anyio.lowlevel.checkpoint()
        answers.append("not reached")
    assert answers == ["paid for"]


async def test_waiting_for_an_event_returns_whether_it_was_set() -> None:
    clock, event = VirtualClock(), anyio.Event()
    async with clock.autojump():
        assert not await wait_for_event(clock, 5, event)
        assert clock.now() == VirtualClock().now() + 5
        event.set()
        assert await wait_for_event(clock, 5, event)
        assert await wait_for_event(clock, 0, event)
        assert not await wait_for_event(clock, 0, anyio.Event())
    assert clock.now() == VirtualClock().now() + 5
