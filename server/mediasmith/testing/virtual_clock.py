"""A clock that moves only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator, Collection, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, NamedTuple, cast

import anyio
import anyio.lowlevel
from anyio._backends import _asyncio as on_asyncio  # the only place that knows which threads are busy

_YIELD_SECONDS = 0.0005

_QUIET_TURNS = 20  # Of the event loop: a reply over loopback needs a few of them to reach the task that waits for it.


class VirtualClock:
    """Implements `mediasmith.runtime.clock.Clock`; the tasks that sleep on it wake in the order of their times.

    `await clock.advance(60)` moves a minute on. `async with clock.autojump():` jumps to the next sleeper's time
    whenever nothing else is going on, so that a body which waits for hours of virtual time needs no real time.

    Before each step the clock waits until every other task of the loop is blocked and none of anyio's worker
    threads is at work, so the order of events is the same in every run. It cannot see another process, a thread that
    is not anyio's, or a real timer: `with clock.hold():` keeps it from jumping while one of those has to act.
    A worker thread that never returns would keep the clock from moving at all.
    """

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, anyio.Event]] = []
        self._arrival = anyio.Event()
        self._moving = False
        self._holds = 0
        self._freed = anyio.Event()

    def now(self) -> float:
        """Virtual seconds since the epoch."""
        return self._now

    @property
    def sleepers(self) -> int:
        """How many tasks sleep on this clock."""
        return len(self._sleepers)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has moved this far."""
        if seconds <= 0:
            await anyio.lowlevel.checkpoint()
            return
        sleeper = (self._now + seconds, next(self._order), anyio.Event())
        heapq.heappush(self._sleepers, sleeper)
        self._arrival.set()
        try:
            await sleeper[2].wait()
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, stopping at each sleeper's time until all that follows from its waking is done."""
        with self._one_mover():
            end = self._now + seconds
            await _settled()
            while self._sleepers and self._sleepers[0][0] <= end:
                self._wake_next()
                await _settled()
            self._now = end

    @contextmanager
    def hold(self) -> Generator[None]:
        """Inside this block `autojump` does not move the clock; `advance` does."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._freed.set()

    @asynccontextmanager
    async def autojump(self) -> AsyncGenerator[None]:
        """Inside this block, jump to the next sleeper's time whenever every other task is blocked."""
        with self._one_mover():
            jumper = asyncio.create_task(self._jump())
            try:
                yield
            finally:
                jumper.cancel()
                with suppress(asyncio.CancelledError):
                    await jumper

    async def _jump(self) -> None:
        while True:
            if self._holds:
                self._freed = anyio.Event()
                await self._freed.wait()
            elif not self._sleepers:
                self._arrival = anyio.Event()
                await self._arrival.wait()
            else:
                await _settled()
                if self._sleepers and not self._holds:
                    self._wake_next()

    def _wake_next(self) -> None:
        self._now, _, awake = heapq.heappop(self._sleepers)
        awake.set()

    @contextmanager
    def _one_mover(self) -> Generator[None]:
        if self._moving:
            raise RuntimeError("this clock is being moved already: one advance or autojump at a time")
        self._moving = True
        try:
            yield
        finally:
            self._moving = False


async def _settled() -> None:
    """Wait until nothing can happen any more unless the clock moves."""
    loop = cast("Any", asyncio.get_running_loop())
    threads = None
    busy, quiet = False, 0
    while quiet < _QUIET_TURNS:
        # A thread at work needs the interpreter that this loop would otherwise keep for itself.
        await asyncio.sleep(_YIELD_SECONDS if busy else 0)
        threads = threads or _threads()
        busy = threads is not None and len(threads.all) > len(threads.idle)
        quiet = 0 if busy or loop._ready else quiet + 1  # noqa: SLF001 - there is no public way to see it


class _Threads(NamedTuple):
    """The worker threads of an event loop, which anyio keeps up to date."""

    all: Collection[object]
    idle: Collection[object]


def _threads() -> _Threads | None:
    pools = cast("Any", on_asyncio)
    try:
        return _Threads(pools._threadpool_workers.get(), pools._threadpool_idle_workers.get())  # noqa: SLF001 - told nowhere else
    except LookupError:  # no worker thread was ever used
        return None
