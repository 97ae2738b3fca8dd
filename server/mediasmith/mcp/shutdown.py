"""Shut down within a second, with every job recorded: at the end of input, on SIGTERM and on Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskStatus

from mediasmith.engine.bootstrap import LazyEngine

_GRACE_SECONDS = 0.7
"""Seconds for the last records. Every step is recorded before it is taken, so even a crash loses nothing."""


@asynccontextmanager
async def graceful_shutdown(engine: LazyEngine) -> AsyncGenerator[None]:
    """Serve in this block: at its end, on SIGTERM and on Ctrl-C, record every job and end the process."""
    async with anyio.create_task_group() as task_group:
        if sys.platform != "win32":
            await task_group.start(_shut_down_at_signal, engine)
        yield
        await _shut_down(engine)


async def _shut_down_at_signal(engine: LazyEngine, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
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
