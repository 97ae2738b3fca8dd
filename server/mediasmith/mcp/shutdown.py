"""Shut down within a second, with every job recorded: at the end of input, at SIGTERM, at Ctrl-C."""

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
"""For the last records. Every step is recorded before it is taken, so a death loses nothing either."""


@asynccontextmanager
async def graceful_shutdown(engine: LazyEngine) -> AsyncGenerator[None]:
    """Serve in this block: at its end, at SIGTERM and at Ctrl-C every job is recorded, and the process ends."""
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
    """Record and end the process within a second: a thread that reads or draws can be stopped in no other way."""
    end = threading.Timer(_GRACE_SECONDS, os._exit, [0])
    end.daemon = True
    end.start()
    try:
        await engine.stop()
    finally:
        os._exit(0)
