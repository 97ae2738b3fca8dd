"""Serving over stdin and stdout, and leaving: at the end of input, at SIGTERM, at Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading

import anyio

from mediasmith.app import App
from mediasmith.engine import Engine, open_engine

_GRACE = 0.7
"""Seconds for the last records. Every step is recorded before it is taken, so a death loses nothing either."""


async def serve_stdio() -> None:
    """Serve until the client is gone. It does not return: the process ends here."""
    async with open_engine() as engine, anyio.create_task_group() as tasks:
        if sys.platform != "win32":
            tasks.start_soon(_leave_at_signal, engine)
        await App(engine).run_stdio_async()
        await _leave(engine)


async def _leave_at_signal(engine: Engine) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            await _leave(engine)


async def _leave(engine: Engine) -> None:
    """Record and end the process within a second: a thread that reads or draws can be stopped in no other way."""
    end = threading.Timer(_GRACE, os._exit, [0])
    end.daemon = True
    end.start()
    await engine.jobs.leave()
    os._exit(0)
