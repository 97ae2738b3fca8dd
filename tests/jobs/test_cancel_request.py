"""A cancel ends the blocks that may be stopped, whatever these make of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest

from mediasmith.jobs.cancellation import CancelRequest
from mediasmith.plugin.errors import Cancelled


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


async def cancel_soon(cancel: CancelRequest) -> None:
    await anyio.lowlevel.checkpoint()
    cancel.request()


@pytest.mark.parametrize("block", [anyio.sleep_forever, own_error, own_cancellation])
async def test_a_stopped_block_raises_cancelled_whatever_it_raises_itself(
    block: Callable[[], Awaitable[None]],
) -> None:
    cancel = CancelRequest()

    async def stop() -> None:
        async with anyio.create_task_group() as task_group:
            with cancel.stoppable():
                task_group.start_soon(cancel_soon, cancel)
                await block()

    with pytest.raises(ExceptionGroup) as caught:
        await stop()
    assert [type(error) for error in caught.value.exceptions] == [Cancelled]
    task = asyncio.current_task()
    assert task
    assert task.cancelling() == 0


async def test_a_block_that_is_not_stopped_keeps_its_error() -> None:
    with pytest.raises(KeyError), CancelRequest().stoppable():
        raise KeyError("x")


async def test_after_a_cancel_no_such_block_is_entered() -> None:
    cancel = CancelRequest()
    cancel.request()
    with pytest.raises(Cancelled), cancel.stoppable():
        raise AssertionError("it was entered")


async def test_a_cancellation_from_outside_is_not_mistaken_for_the_cancel() -> None:
    cancel = CancelRequest()
    with anyio.CancelScope() as outer:
        with cancel.stoppable():
            outer.cancel()
            cancel.request()
            await own_cancellation()
        raise AssertionError("it went on")
    assert outer.cancelled_caught
