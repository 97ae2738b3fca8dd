"""Waiting with an end: what a call returns or raises, and what the time and a cancellation do to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest

from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.errors import Cancelled
from mediasmith.runtime.timeouts import Expired, cut_off, wait_for_event, with_timeout


async def forever() -> str:
    await anyio.sleep_forever()
    return "never"


async def test_what_a_call_returns_is_returned() -> None:
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
async def test_what_a_call_raises_is_raised_as_it_is(error: Exception) -> None:
    async def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        await with_timeout(VirtualClock(), 5, fail)
    assert caught.value is error


async def test_a_timeout_of_the_calls_own_is_not_the_end_of_the_time() -> None:
    async def fail() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError) as caught:
        await with_timeout(VirtualClock(), 5, fail)
    assert not isinstance(caught.value, Expired)


async def test_what_a_call_makes_of_its_own_end_counts_as_late() -> None:
    async def turns_cancellation_into_an_error() -> None:
        try:
            await anyio.sleep_forever()
        except asyncio.CancelledError:
            raise ConnectionError from None

    clock = VirtualClock()
    async with clock.autojump():
        with pytest.raises(Expired):
            await with_timeout(clock, 5, turns_cancellation_into_an_error)


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


async def test_a_call_cannot_cancel_itself_after_another_was_late_either() -> None:
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


async def test_an_answer_is_kept_though_the_waiter_is_cancelled_at_that_moment() -> None:
    answers: list[str] = []
    with anyio.CancelScope() as scope:

        async def answer() -> str:
            scope.cancel()
            return "paid for"

        answers.append(await with_timeout(VirtualClock(), 5, answer))
        await anyio.lowlevel.checkpoint()
        answers.append("not reached")
    assert answers == ["paid for"]


async def test_an_event_that_comes_is_told_from_one_that_does_not() -> None:
    clock, event = VirtualClock(), anyio.Event()
    async with clock.autojump():
        assert not await wait_for_event(clock, 5, event)
        assert clock.now() == VirtualClock().now() + 5
        event.set()
        assert await wait_for_event(clock, 5, event)
        assert await wait_for_event(clock, 0, event)
        assert not await wait_for_event(clock, 0, anyio.Event())
    assert clock.now() == VirtualClock().now() + 5


# Cut off


async def own_error() -> None:
    try:
        await anyio.sleep_forever()
    finally:
        raise ValueError("an SDK's own")


async def own_cancellation() -> None:
    try:
        await anyio.sleep_forever()
    except asyncio.CancelledError:
        raise asyncio.CancelledError from None


@pytest.mark.parametrize("block", [anyio.sleep_forever, own_error, own_cancellation])
async def test_a_block_that_is_cut_off_ends_as_cancelled_whatever_it_makes_of_it(
    block: Callable[[], Awaitable[None]],
) -> None:
    async def cut() -> None:
        async with anyio.create_task_group() as tasks:
            with cut_off() as scope:
                tasks.start_soon(_cancel_soon, scope)
                await block()

    with pytest.raises(ExceptionGroup) as caught:
        await cut()
    assert [type(error) for error in caught.value.exceptions] == [Cancelled]
    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0


async def test_a_block_that_is_not_cut_off_keeps_its_error() -> None:
    with pytest.raises(KeyError), cut_off():
        raise KeyError("x")


async def test_a_cancellation_from_outside_is_not_taken_for_the_cut() -> None:
    with anyio.CancelScope() as outer:
        with cut_off() as scope:
            outer.cancel()
            scope.cancel()
            await own_cancellation()
        raise AssertionError("it went on")
    assert outer.cancelled_caught


async def _cancel_soon(scope: anyio.CancelScope) -> None:
    await anyio.lowlevel.checkpoint()
    scope.cancel()
