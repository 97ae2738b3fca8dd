"""The server over HTTP, on real sockets: calls and requests of clients of both protocols."""

from __future__ import annotations

import base64
import codecs
import json
import logging
import re
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import MCPError
from mcp_types import BlobResourceContents, ImageContent

from fakes.backends import fake, make, png
from fakes.http import Site, installed, site
from fakes.provider import KEY, Provider
from fakes.server import Era, Gate, ask, environment, on_disk, resource_links, started, text
from fakes.sites import TOKEN, generate, message
from fakes.virtual_clock import VirtualClock
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.mcp.http.listener import HOST
from mediasmith.mcp.http.message_errors import MAX_BODY
from mediasmith.mcp.http.request_timeout import TimedProtocol
from mediasmith.plugin.contract import Call, Pending, Result
from mediasmith_stub.backends import stub_slow


async def test_a_file_is_generated_read_and_edited(local: Site, era: Era) -> None:
    async with local.client(era) as client:
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse"})
        assert [block.type for block in result.content] == ["text", "resource_link", "image"]
        [file] = json.loads(text(result))["files"]
        assert resource_links(result)[0].uri == file["uri"] == f"media://{file['id']}"
        [read] = (await client.read_resource(file["uri"])).contents
        assert isinstance(read, BlobResourceContents)
        assert base64.b64decode(read.blob) == on_disk(file) == png()
        edited = await ask(client, "continue_edit", continuation_id=file["id"], prompt="make it blue")
    assert (edited["status"], edited["parent"]) == ("done", file["id"])


async def test_without_tokens_every_client_is_the_same_user(local: Site) -> None:
    async with local.client("legacy") as one, local.client("auto") as other:
        [file] = (await generate(one))["files"]
        assert (await other.read_resource(file["uri"])).contents


async def test_the_previews_of_an_answer_fit_into_one_mebibyte(local: Site) -> None:
    async with local.client("legacy") as client:
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse", "backend": "noisy", "n": 5})
    previews = [block for block in result.content if isinstance(block, ImageContent)]
    assert len(previews) == 5
    assert sum(len(preview.data) for preview in previews) > 200_000


async def test_progress_is_sent_while_a_call_waits(tmp_path: Path, era: Era) -> None:
    clock = VirtualClock()
    received: list[tuple[float, str | None]] = []

    async def make_slowly(call: Call[None, Any]) -> Result:
        call.report(Pending(progress=0.5, message="painting"))
        await clock.sleep(12)
        return await make(call)

    async def receive(progress: float, total: float | None, message: str | None) -> None:
        received.append((progress, message))

    async with (
        site(installed(tmp_path, fake(start=make_slowly)), clock=clock) as served,
        served.client(era) as client,
        clock.autojump(),
    ):
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse"}, progress_callback=receive)
    assert json.loads(text(result))["status"] == "done"
    assert received == [(5, "50%, painting"), (10, "50%, painting")]


async def test_the_job_of_a_client_that_disconnected_is_attached_to(tmp_path: Path, era: Era) -> None:
    gate = Gate()
    async with site(installed(tmp_path, fake(start=gate))) as served:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(disconnect, served, era)
            await gate.reached.wait()
            tasks.cancel_scope.cancel()
        async with served.client(era) as client:
            [running] = (await ask(client, "get_job"))["jobs"]
            assert running["status"] == "running"
            gate.open.set()
            done = await generate(client)
    assert done["job_id"] == running["job_id"]
    assert "nothing was sent again" in done["warnings"][0]
    assert gate.calls == 1


async def disconnect(served: Site, era: Era) -> None:
    async with served.client(era) as client:
        await generate(client)


async def test_a_slash_at_the_end_of_the_path_makes_no_difference(local: Site) -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    accept = {"Accept": "application/json, text/event-stream"}
    async with local.browser() as browser:
        begun = await browser.post("/mcp/", json=message("initialize", hello), headers=accept)
        await browser.delete("/mcp/", headers={"Mcp-Session-Id": begun.headers["mcp-session-id"]})
    assert begun.status_code == 200


@pytest.mark.parametrize("rest", [b"", b"Content-Length: 9\r\n\r\n{"])
async def test_a_connection_with_half_a_request_is_closed_without_a_trace(
    local: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, rest: bytes
) -> None:
    head = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\n"
    with monkeypatch.context() as patched:
        patched.setattr(TimedProtocol, "seconds", 0.01)
        async with await anyio.connect_tcp(HOST, int(local.url.rpartition(":")[2])) as connection:
            await connection.send(head + rest)
            with anyio.fail_after(30), pytest.raises(anyio.EndOfStream):
                await connection.receive()
    async with local.browser() as browser:  # by when what the half request started has ended
        await browser.get("/health")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_the_error_of_a_request_that_is_too_large_says_what_to_do(local: Site) -> None:
    image = f"data:image/png;base64,{'A' * MAX_BODY}"
    async with local.client() as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("generate_media", {"prompt": "a lighthouse", "image": [image]})
        assert len((await client.list_tools(cache_mode="refresh")).tools) == 4
    assert "larger than 16 MiB" in caught.value.message
    assert all(way in caught.value.message for way in ("https://", "media://", "path"))


@pytest.mark.parametrize(
    ("body", "code", "known"),
    [
        (b"garbage", -32700, None),
        (b'{"jsonrpc": "2.0", "id": "a", "method": "tools/list", "params": {"x": "\\ud83d"}}', -32700, "a"),
        (b'{"jsonrpc": "2.0", "id": null, "method": "tools/list"}', -32600, None),
        (b'[{"jsonrpc": "2.0", "id": 7, "method": "tools/list"}]', -32600, 7),
    ],
)
async def test_a_message_that_is_not_valid_is_answered_as_over_stdio(
    local: Site, body: bytes, code: int, known: str | int | None
) -> None:
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    async with local.browser() as browser:
        answer = await browser.post("/mcp", content=body, headers=headers)
    told = answer.json()
    assert (answer.status_code, told["id"], told["error"]["code"]) == (400, known, code)
    assert told["error"]["message"].endswith("Nothing was done or billed.")


async def test_a_byte_order_mark_before_a_message_is_passed_over(local: Site) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "page", "version": "1"}}
    body = codecs.BOM_UTF8 + json.dumps(message("initialize", hello)).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    async with local.browser() as browser:
        answer = await browser.post("/mcp", content=body, headers=headers)
    assert answer.status_code == 200


async def test_an_image_of_12_mb_fits_into_a_request(local: Site) -> None:
    image = f"data:image/png;base64,{base64.b64encode(png().ljust(4_000_000, bytes(1))).decode()}"
    async with local.client() as client:
        assert (await generate(client, image=[image]))["status"] == "done"
    assert MAX_BODY > 12_000_000 * 4 / 3


async def test_the_limit_also_holds_for_a_request_of_unknown_length(local: Site) -> None:
    async def endless() -> AsyncGenerator[bytes]:
        for _ in range(MAX_BODY // 2**20 + 1):
            yield bytes(2**20)

    async with local.browser() as browser:
        headers = {"Content-Type": "application/json", "Mcp-Protocol-Version": "2026-07-28"}
        answer = await browser.post("/mcp", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["id"] is None
    assert "16 MiB" in answer.json()["error"]["message"]


OVER_HTTP = ("sh", "-c", 'exec "$0" serve --http --port 0')


async def test_the_server_stops_at_a_signal_and_its_jobs_are_collected_later(
    tmp_path: Path, provider: Provider
) -> None:
    env = {"MEDIASMITH_BACKENDS": "stub_slow,busy", "MEDIASMITH_HTTP_TOKEN": TOKEN}
    async with started(tmp_path, provider, env=env, within=OVER_HTTP) as server:
        await server.logged("/mcp")
        [url] = re.findall(r"http://127\.0\.0\.1:\d+", server.log)
        own = server.log.removeprefix("noise from a backend\n")
        assert own == f"Serving MCP over HTTP at {url}/mcp; press Ctrl-C to stop.\n"
        async with Site(url=url).client("legacy", TOKEN) as client:
            slow = await generate(client, backend="stub_slow", wait_seconds=0)
            busy = await generate(client, backend="busy", wait_seconds=0)
            await provider.seen("GET /jobs/{id}")
            await server.logged("busy from now on")
            server.send(signal.SIGTERM)
            assert await server.gone() == 0
    assert not any(secret in server.log for secret in (TOKEN, KEY))
    provider.finish()
    variables = environment(tmp_path, provider, env=env)
    successor = Installation.load(env=variables, backends=Registry(backends={"stub_slow": stub_slow}, broken={}))
    async with site(successor) as served, served.client("auto", TOKEN) as client:
        assert (await ask(client, "get_job", job_id=slow["job_id"]))["status"] == "done"
        assert (await ask(client, "get_job", job_id=busy["job_id"]))["status"] == "unknown"
    assert provider.paid() == 1
