"""An HTTP server that is stopped by `graceful_shutdown`, not by signals."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager

import anyio
import uvicorn

_RECEIVE_SECONDS = 0.2
"""Seconds for requests on the last connections to be read."""


class SignalFreeServer(uvicorn.Server):
    """A server that leaves signals to `graceful_shutdown`."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._closing = anyio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Serve in this block without catching signals."""
        yield

    async def stop(self) -> None:
        """Take no more connections, and return once the last requests have come. They are answered after that."""
        self.should_exit = True
        await self._closing.wait()
        await anyio.sleep(_RECEIVE_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what listens, and end when all connections are closed."""
        self._closing.set()
        await super().shutdown(sockets)
