"""Shut down with every job recorded: at the end of input, on SIGTERM and on Ctrl-C.

This takes less than a second. Only a replica of a fleet first lets what it is sending get its answer, for that could
not be sent again.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup, TaskStatus

from mediasmith.engine.bootstrap import LazyEngine

_GRACE_SECONDS = 0.7
"""Seconds for the last records. Every step is recorded before it is taken, so even a crash loses nothing."""

_ANSWER_SECONDS = 1.0
"""Seconds for the answers of the last calls to leave the process."""


@asynccontextmanager
async def graceful_shutdown(
    engine: LazyEngine, *, stop: Callable[[], Awaitable[None]] | None = None
) -> AsyncGenerator[None]:
    """Serve in this block: at its end, on SIGTERM and on Ctrl-C, record every job and end the process.

    `stop` makes the block take no more clients, and end once those that it has are answered; it returns when no more
    can come. Only then calls that wait are answered, for their clients ask again at once, and must reach another
    replica. The process ends when nothing is being sent any more, or when the settings say so. A second signal ends it
    at once.
    """
    ended = anyio.Event()
    async with anyio.create_task_group() as task_group:
        if sys.platform != "win32":
            await task_group.start(_shut_down_at_signal, engine, stop, ended, task_group)
        yield
        ended.set()
        if not engine.draining:
            await _shut_down(engine)


async def _shut_down_at_signal(
    engine: LazyEngine,
    stop: Callable[[], Awaitable[None]] | None,
    ended: anyio.Event,
    task_group: TaskGroup,
    *,
    task_status: TaskStatus[None],
) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            if stop is None or engine.draining or not engine.installation.settings.in_fleet:
                await _shut_down(engine)
            else:
                engine.draining = True
                task_group.start_soon(_drain, engine, stop, ended)


async def _drain(engine: LazyEngine, stop: Callable[[], Awaitable[None]], ended: anyio.Event) -> None:
    await stop()
    await engine.drain(engine.installation.settings.drain_seconds)
    with anyio.move_on_after(_ANSWER_SECONDS):
        await ended.wait()
    await _shut_down(engine)


async def _shut_down(engine: LazyEngine) -> None:
    """Record every job, and end the process even if a thread is still busy: a thread cannot be stopped otherwise."""
    timer = threading.Timer(_GRACE_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()
    try:
        await engine.stop()
    finally:
        os._exit(0)
