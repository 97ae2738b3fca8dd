"""Serving over stdin and stdout, and leaving: at the end of input, at SIGTERM, at Ctrl-C."""

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
    with _stdout_untouched():
        installation = Installation.load()
    async with lazy_engine(installation) as opened, graceful_shutdown(opened):
        try:
            await MediaServer(opened).run_stdio_async()
        except* ConnectionError:
            pass  # the client died while it was being answered


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
