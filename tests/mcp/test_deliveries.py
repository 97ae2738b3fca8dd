"""When an answer counts as delivered: after its bytes have left, and not where its client has cancelled or gone."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from anyio import from_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCNotification, JSONRPCRequest, JSONRPCResponse
from starlette.types import Message, Receive, Scope, Send

from fakes.backends import fake
from fakes.http import installed
from fakes.server import Gate
from mediasmith.engine.bootstrap import LazyEngine, lazy_engine
from mediasmith.jobs.attach import Delivery
from mediasmith.mcp.deliveries import Deliveries, of_request
from mediasmith.mcp.http.disconnects import DisconnectMiddleware
from mediasmith.mcp.server import MediaServer
from mediasmith.mcp.stdio import message_streams

MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass
class Conversation:
    """A client that writes its own messages to a server, in the older or the newer protocol."""

    say: MemoryObjectSendStream[SessionMessage | Exception]
    heard: MemoryObjectReceiveStream[SessionMessage]
    meta: dict[str, Any] | None

    async def request(self, number: int, method: str, **params: Any) -> Any:
        """Send a request and return the result that answers it."""
        params |= {"_meta": self.meta} if self.meta else {}
        await self.say.send(SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params=params)))
        answer = (await self.heard.receive()).message
        assert isinstance(answer, JSONRPCResponse)
        assert answer.id == number
        return answer.result

    async def generate(self, number: int) -> Any:
        """Return the answer to a call of generate_media."""
        result = await self.request(number, "tools/call", name="generate_media", arguments={"prompt": "a lighthouse"})
        return json.loads(result["content"][0]["text"])

    async def notify(self, method: str, **params: Any) -> None:
        await self.say.send(SessionMessage(JSONRPCNotification(jsonrpc="2.0", method=method, params=params)))


@asynccontextmanager
async def conversation(engine: LazyEngine, era: str) -> AsyncGenerator[Conversation]:
    saying, said = anyio.create_memory_object_stream[SessionMessage | Exception]()
    answering, heard = anyio.create_memory_object_stream[SessionMessage]()
    async with saying, said, answering, heard, anyio.create_task_group() as tasks:
        tasks.start_soon(MediaServer(engine).serve, said, answering)
        client = Conversation(say=saying, heard=heard, meta=MODERN if era == "modern" else None)
        if era == "legacy":
            info = {"name": "test", "version": "1"}
            await client.request(0, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=info)
            await client.notify("notifications/initialized")
        yield client
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize("crossing", [True, False])
async def test_an_answer_that_a_cancel_crosses_is_given_to_the_next_call(
    tmp_path: Path, era: str, *, crossing: bool
) -> None:
    gate = Gate()
    gate.open.set()
    async with (
        lazy_engine(lambda: installed(tmp_path, fake(start=gate))) as engine,
        conversation(engine, era) as client,
    ):
        first = await client.generate(1)
        if crossing:  # the client gave up before it read the answer
            await client.notify("notifications/cancelled", requestId=1, reason="timeout")
        second = await client.generate(2)
        assert (first["job_id"] == second["job_id"]) is crossing
        assert ("nothing was sent again" in str(second.get("warnings"))) is crossing
        third = await client.generate(3)
    assert third["job_id"] != second["job_id"]
    assert gate.calls == (2 if crossing else 3)


class Stuck(io.BytesIO):
    """A pipe that nobody reads: a flush waits."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = anyio.Event(), threading.Event()

    def flush(self) -> None:
        from_thread.run_sync(self.reached.set)
        assert self.go_on.wait(20)


async def test_over_standard_output_an_answer_is_recorded_once_it_was_written(tmp_path: Path) -> None:
    call = {"name": "generate_media", "arguments": {"prompt": "a lighthouse"}, "_meta": MODERN}
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode() + b"\n"
    given, giving = os.pipe()
    os.write(giving, line)
    stdin, stdout = os.fdopen(given, "rb"), Stuck()
    async with lazy_engine(lambda: installed(tmp_path, fake())) as opened, anyio.create_task_group() as tasks:
        server = MediaServer(opened)
        server.deliveries.follows_messages = True
        streams = message_streams(anyio.wrap_file(stdin), anyio.wrap_file(stdout), server.deliveries.sent)
        async with streams as (requests, answers):
            tasks.start_soon(server.serve, requests, answers)
            await stdout.reached.wait()
            library = (await opened.get()).library
            [job] = await library.recent("local", 1)
            assert (job.state, job.answered) == ("done", False)
            stdout.go_on.set()
            while not job.answered:
                await anyio.sleep(0.005)
                [job] = await library.recent("local", 1)
            os.close(giving)
    stdin.close()


@dataclass
class Noted:
    """A delivery that notes what becomes of it."""

    seen: list[str] = field(default_factory=list[str])

    def begin(self) -> None:
        self.seen.append("begun")

    def sent(self) -> None:
        self.seen.append("sent")

    def lost(self) -> None:
        self.seen.append("lost")


START: Message = {"type": "http.response.start", "status": 200, "headers": []}
PART: Message = {"type": "http.response.body", "body": b"data", "more_body": True}
LAST: Message = {"type": "http.response.body", "body": b""}


async def serve_http(app: Callable[[Receive, Send], Any], noted: Noted, *, broken: bool = False) -> None:
    """Serve a request with this app, for a client that disconnects when it is asked."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        cast("list[Delivery]", of_request(scope)).append(cast("Delivery", noted))
        await app(receive, send)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if broken and message == LAST:
            raise OSError("the connection broke")

    await DisconnectMiddleware(serve)({"type": "http"}, receive, send)


async def answer(_receive: Receive, send: Send) -> None:
    for message in (START, PART, LAST):
        await send(message)


async def answer_one_that_is_gone(receive: Receive, send: Send) -> None:
    await send(START)
    await receive()
    await send(LAST)


async def answer_and_see_the_end(receive: Receive, send: Send) -> None:
    await answer(receive, send)
    await receive()


async def stop_half_way(_receive: Receive, send: Send) -> None:
    await send(START)
    await send(PART)


@pytest.mark.parametrize(
    ("app", "outcome"),
    [
        (answer, "sent"),
        (answer_and_see_the_end, "sent"),
        (answer_one_that_is_gone, "lost"),
        (stop_half_way, "lost"),
    ],
)
async def test_over_http_an_answer_is_recorded_once_all_of_the_response_was_sent(
    app: Callable[[Receive, Send], Any], outcome: str
) -> None:
    noted = Noted()
    await serve_http(app, noted)
    assert noted.seen == [outcome]


async def test_over_http_an_answer_is_lost_when_sending_fails() -> None:
    noted = Noted()
    with pytest.raises(OSError, match="broke"):
        await serve_http(answer, noted, broken=True)
    assert noted.seen == ["lost"]


def test_the_answers_that_can_be_taken_back_are_limited() -> None:
    deliveries, noted = Deliveries(), Noted()
    for number in range(1000):
        context = cast("Any", type("Context", (), {"request": None, "request_id": number}))
        deliveries.begin(cast("Delivery", noted), context)
    assert len(vars(deliveries)["_recent"]) == 200
