"""Half-sent requests: the connection is closed, on a clock of the test; slow bodies and long answers are waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import anyio
import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from mediasmith.mcp.http.request_timeout import TimedProtocol

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n"


class Timers:
    """The timers of an event loop whose time only `advance` moves, in seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pending: dict[asyncio.TimerHandle, Callable[[], object]] = {}
        self.create_task = asyncio.get_running_loop().create_task

    def call_later(self, delay: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        timer = asyncio.TimerHandle(self.now + delay, callback, (), loop)
        self.pending[timer] = callback
        return timer

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for timer in [one for one in self.pending if one.when() <= self.now]:
            callback = self.pending.pop(timer)
            if not timer.cancelled():
                callback()


class Connection(asyncio.Transport):
    """A connection that only remembers whether it was closed."""

    closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class Exchange:
    """A connection to an app that reads every request, and answers a GET at once unless it is `silent`."""

    def __init__(self, *, silent: bool = False) -> None:
        self.timers, self.connection = Timers(), Connection()
        loop = cast("asyncio.AbstractEventLoop", self.timers)
        config = Config(self.answer, interface="asgi3", log_config=None)
        self.silent = silent
        self.protocol = TimedProtocol(config, ServerState(), {}, _loop=loop)
        self.protocol.connection_made(self.connection)

    async def answer(self, _scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        if self.silent:
            await anyio.sleep_forever()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive(self, data: bytes) -> None:
        """Let the server receive data, and do what it does at once."""
        self.protocol.data_received(data)
        for _ in range(10):
            await anyio.lowlevel.checkpoint()


HALF_SENT = {
    "nothing": b"",
    "half a line": b"GET /",
    "half of the headers": HEAD,
    "half of the body": HEAD + b"\r\n{",
    "half of a second request": GET + HEAD,
}


@pytest.mark.parametrize("case", HALF_SENT)
async def test_a_connection_is_closed_ten_seconds_after_half_a_request(case: str) -> None:
    exchange = Exchange()
    if HALF_SENT[case]:
        await exchange.receive(HALF_SENT[case])
    if case != "half of a second request":  # which uvicorn's own limit for idle connections ends earlier
        exchange.timers.advance(9)
        assert not exchange.connection.closed
    exchange.timers.advance(10)
    assert exchange.connection.closed


async def test_a_trickle_does_not_keep_a_connection_open() -> None:
    exchange = Exchange()
    await exchange.receive(HEAD + b"\r\n")
    for _ in range(11):
        await exchange.receive(b"x" * 100)
        exchange.timers.advance(1)
    assert exchange.connection.closed


async def test_a_slow_body_and_a_long_answer_are_waited_for() -> None:
    exchange = Exchange(silent=True)
    await exchange.receive(HEAD + b"\r\n")
    for _ in range(6):
        await exchange.receive(b"x" * 16_384)
        exchange.timers.advance(9)
        assert not exchange.connection.closed
    await exchange.receive(b"x" * (99_999 - 6 * 16_384))
    exchange.timers.advance(1000)
    assert not exchange.connection.closed


async def test_a_connection_is_kept_for_another_request() -> None:
    exchange = Exchange()
    for _ in range(3):
        await exchange.receive(GET)
        exchange.timers.advance(4)
        assert not exchange.connection.closed
