"""Close connections with incomplete requests: uvicorn waits for the rest of one forever."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_PACE = 16 * 1024
"""Bytes that must arrive before each timeout."""


class TimedProtocol(H11Protocol):
    """uvicorn's protocol for one connection, closed if a request is not received in time.

    A client has `seconds` for the head of a request, and for every 16 KiB of its body.
    """

    seconds = 10.0
    _timer: asyncio.TimerHandle | None = None
    _received = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Start to wait for the first request."""
        super().connection_made(transport)
        self._restart()

    def data_received(self, data: bytes) -> None:
        """Take in the next bytes."""
        self._received += len(data)
        if self._timer and self._received >= _PACE:
            self._restart()
        super().data_received(data)

    def handle_events(self) -> None:
        """Handle what was received so far; uvicorn also calls this after each response, to begin with the next one."""
        super().handle_events()
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._stop()
        elif self._timer is None:
            self._restart()

    def connection_lost(self, exc: Exception | None) -> None:
        """Clean up."""
        self._stop()
        super().connection_lost(exc)

    def _restart(self) -> None:
        self._stop()
        self._received = 0
        self._timer = self.loop.call_later(self.seconds, self.transport.close)

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
