"""The virtual clock: sleepers wake in order, and time jumps only when nothing else can happen."""

from __future__ import annotations

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest

from mediasmith.testing.virtual_clock import VirtualClock


def work() -> None:
    """Keep a worker thread busy for many turns of the event loop."""
    for _ in range(50):
        anyio.from_thread.run(anyio.lowlevel.checkpoint)


async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    clock = VirtualClock(1000)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now()))

    async with anyio.create_task_group() as task_group:
        for name, seconds in (("late", 30), ("first", 10), ("second", 10), ("none", 0)):
            task_group.start_soon(sleeper, name, seconds)
        await clock.advance(9.5)
        assert (woken, clock.now(), clock.sleepers) == ([("none", 1000)], 1009.5, 3)
        await clock.advance(0.5)
        assert woken[1:] == [("first", 1010), ("second", 1010)]
        await clock.advance(100)
    assert woken[3:] == [("late", 1030)]
    assert clock.now() == 1110


async def test_advancing_reaches_every_poll_of_a_loop_that_works_in_threads() -> None:
    clock = VirtualClock(0)
    polls: list[float] = []

    async def poll() -> None:
        while True:
            await clock.sleep(5)
            await anyio.to_thread.run_sync(work, limiter=anyio.CapacityLimiter(1))
            polls.append(clock.now())

    async with anyio.create_task_group() as task_group:
        task_group.start_soon(poll)
        await clock.advance(60)
        assert polls == [5.0 * number for number in range(1, 13)]
        task_group.cancel_scope.cancel()


async def test_a_cancelled_sleeper_is_removed() -> None:
    clock = VirtualClock()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await clock.sleep(5)
    assert clock.sleepers == 0


async def test_autojump_skips_hours() -> None:
    clock = VirtualClock(0)
    async with clock.autojump():
        await clock.sleep(3600)
        await anyio.to_thread.run_sync(work)
        await clock.sleep(3600)
    assert clock.now() == 7200


async def test_autojump_lets_a_reply_over_loopback_arrive_first() -> None:
    clock = VirtualClock(0)

    async def echo(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.send(await stream.receive())

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as task_group,
    ):
        task_group.start_soon(listener.serve, echo)
        task_group.start_soon(clock.sleep, 900)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with clock.autojump(), await anyio.connect_tcp("127.0.0.1", port) as stream:
            await stream.send(b"ping")
            assert await stream.receive() == b"ping"
            assert clock.now() == 0
        task_group.cancel_scope.cancel()


async def test_autojump_waits_for_a_task_that_is_at_work() -> None:
    clock = VirtualClock(0)
    ended: list[float] = []

    async def at_work() -> None:
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        ended.append(clock.now())

    async with clock.autojump(), anyio.create_task_group() as tasks:
        tasks.start_soon(clock.sleep, 5)
        tasks.start_soon(at_work)
    assert (ended, clock.now()) == ([0], 5)


@pytest.mark.parametrize("turns", [0, 5], ids=["before the sleeper comes", "while it looks around"])
async def test_a_clock_that_is_held_does_not_jump(turns: int) -> None:
    clock = VirtualClock(0)
    async with clock.autojump(), anyio.create_task_group() as tasks:
        tasks.start_soon(clock.sleep, 5)
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        with clock.hold():
            await anyio.sleep(0.02)  # of real time, in which nothing happens in this loop
            assert clock.now() == 0
    assert clock.now() == 5


async def test_an_error_inside_autojump_passes_unchanged() -> None:
    with pytest.raises(ZeroDivisionError):
        async with VirtualClock().autojump():
            raise ZeroDivisionError


async def test_a_clock_is_moved_by_one_at_a_time() -> None:
    clock = VirtualClock()
    async with clock.autojump():
        with pytest.raises(RuntimeError, match="one advance or autojump at a time"):
            await clock.advance(1)
    await clock.advance(1)
