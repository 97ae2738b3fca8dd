"""Serving over stdin and stdout, and leaving: at the end of input, at SIGTERM, at Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress

import anyio
from anyio.abc import TaskStatus

from mediasmith.app import App
from mediasmith.installation import Installation
from mediasmith.opening import Opening, opening

_GRACE = 0.7
"""Seconds for the last records. Every step is recorded before it is taken, so a death loses nothing either."""


async def serve_stdio() -> None:
    """Serve until the client is gone. It does not return: the process ends here."""
    with _stdout_untouched():
        installation = Installation.load()
    async with opening(installation) as opened, leaving(opened):
        try:
            await App(opened).run_stdio_async()
        except* ConnectionError:
            pass  # the client died while it was being answered


@asynccontextmanager
async def leaving(opened: Opening) -> AsyncGenerator[None]:
    """Serve in this block: at its end, at SIGTERM and at Ctrl-C every job is recorded, and the process ends."""
    async with anyio.create_task_group() as tasks:
        if sys.platform != "win32":
            await tasks.start(_leave_at_signal, opened)
        yield
        await _leave(opened)


@contextmanager
def _stdout_untouched() -> Generator[None]:
    """What plug-ins write to standard output as they are loaded goes to standard error. Serving, the SDK does this."""
    wire = os.dup(1)
    with suppress(OSError):  # there may be no standard error
        os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(wire, 1)
        os.close(wire)


async def _leave_at_signal(opened: Opening, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            await _leave(opened)


async def _leave(opened: Opening) -> None:
    """Record and end the process within a second: a thread that reads or draws can be stopped in no other way."""
    end = threading.Timer(_GRACE, os._exit, [0])
    end.daemon = True
    end.start()
    try:
        await opened.leave()
    finally:
        os._exit(0)
