"""Serve over standard input and output."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress

from mediasmith.config.installation import Installation
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer
from mediasmith.mcp.shutdown import graceful_shutdown


async def serve_stdio() -> None:
    """Serve until the client is gone. It does not return: the process ends here."""
    with _stdout_redirected():
        installation = Installation.load()
    async with lazy_engine(installation) as engine, graceful_shutdown(engine):
        try:
            await MediaServer(engine).run_stdio_async()
        except* ConnectionError:
            pass  # the client died while it was being answered


@contextmanager
def _stdout_redirected() -> Generator[None]:
    """Send what plug-ins print as they are loaded to standard error. While serving, the SDK does this."""
    wire = os.dup(1)
    with suppress(OSError):  # there may be no standard error
        os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(wire, 1)
        os.close(wire)
