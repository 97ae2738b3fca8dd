"""The server as a process: clients speak to it over standard input and output, and it is stopped and restarted."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import INVALID_REQUEST, PARSE_ERROR, BlobResourceContents

from fakes.provider import Provider
from fakes.server import COMMAND, Era, ask, environment, on_disk, refused, started, text
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer
from mediasmith_stub.backends import stub_now, stub_slow


@asynccontextmanager
async def next_server(folder: Path, provider: Provider) -> AsyncGenerator[Client]:
    """Connect to a server in this process, with the library that another process left."""
    backends = {backend.name: backend for backend in (stub_now, stub_slow)}
    installation = Installation.load(env=environment(folder, provider), backends=Registry(backends=backends, broken={}))
    async with lazy_engine(lambda: installation) as engine, Client(MediaServer(engine)) as client:
        yield client


def sdk_client(folder: Path, provider: Provider, era: Era) -> Client:
    """Return a client that starts the server and speaks to it as the SDK does."""
    server = StdioServerParameters(command=COMMAND, env=environment(folder, provider), cwd=folder)
    return Client(server, mode=era)


async def read_file(client: Client, file: dict[str, Any]) -> bytes:
    """Return a file's bytes from `resources/read`, which must be those on disk."""
    [read] = (await client.read_resource(file["uri"])).contents
    assert isinstance(read, BlobResourceContents)
    assert read.mime_type == file["mime"]
    body = base64.b64decode(read.blob)
    assert body == on_disk(file)
    return body


async def test_results_are_read_branched_and_continued_after_a_restart(tmp_path: Path, provider: Provider) -> None:
    provider.script("POST /make", {"fixed": "jpeg"})
    async with sdk_client(tmp_path, provider, "legacy") as client:
        assert len((await client.list_tools()).tools) == 4
        first = await ask(client, "generate_media", prompt="a lighthouse")
        origin = first["continuation_id"]
        assert len(await read_file(client, first["files"][0])) > 1_000_000
        branches = [await ask(client, "continue_edit", continuation_id=origin, prompt="red")]
    async with sdk_client(tmp_path, provider, "auto") as client:
        assert len((await client.list_tools()).tools) == 4
        branches.append(await ask(client, "continue_edit", continuation_id=origin, prompt="green"))
        grown = await ask(client, "continue_edit", continuation_id=branches[0]["continuation_id"], prompt="larger")
    assert {branch["parent"] for branch in branches} == {origin}
    assert grown["parent"] == branches[0]["continuation_id"]
    states = [entry["body"].get("previous") for entry in provider.log() if entry["path"] == "/make"]
    assert [bool(state) for state in states] == [False, True, True, True]
    assert states[1] == states[2] != states[3]
    assert provider.paid() == 4


async def test_the_server_starts_in_any_folder_and_environment_and_reports_problems(
    tmp_path: Path, provider: Provider
) -> None:
    home = tmp_path / "home"
    home.write_text("")  # no folder can be made in it, even by root
    env = {
        "HOME": str(home),
        "TMPDIR": str(tmp_path),
        "MEDIASMITH_DATA_DIR": None,
        "MEDIASMITH_OUTPUT_DIR": None,
        "MEDIASMITH_BACKENDS": None,
        "STUB_KEY": "${STUB_KEY}",
        "MEDIASMITH_WAIT_SECONDS": "${WAIT}",
        "MEDIASMITH_PREVIEWS": "0",
    }
    async with started(tmp_path, provider, env=env, cwd=Path("/")) as server, server.connected() as client:
        listing = await ask(client, "list_backends")
        instructions = client.instructions or ""
        result = await ask(client, "generate_media", prompt="a lighthouse", backend="noisy")
    missing = {row["backend"]: row.get("missing", "") for row in listing["backends"]}
    assert "still contains ${...}" in missing["stub_now"]
    assert missing["noisy"] == ""
    assert "this plug-in is broken" in listing["broken"]["broken"]
    assert any("MEDIASMITH_WAIT_SECONDS" in problem for problem in listing["problems"])
    assert any("did you mean MEDIASMITH_PREVIEW?" in problem for problem in listing["problems"])
    assert "see list_backends" in instructions
    assert any(str(home) in problem for problem in listing["problems"])
    assert Path(result["files"][0]["path"]).is_relative_to(tmp_path)
    assert "Set MEDIASMITH_DATA_DIR to a folder that lasts." in result["warnings"][-1]
    assert provider.counts() == {}


async def test_only_the_protocol_is_on_standard_output_whatever_is_sent_or_printed(
    tmp_path: Path,
) -> None:
    env = {"MEDIASMITH_BACKENDS": "noisy", "MEDIASMITH_PREVIEW": "0", "MEDIASMITH_LINKS": "0"}
    garbage = b'garbage\n{"jsonrpc": "2.0"}\n\xff\xfe\n' + b"[" * 100_000 + b"\n"
    async with started(tmp_path, env=env) as server, server.connected() as client:
        assert server.process.stdin
        await server.process.stdin.send(garbage)
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse"})
        assert [block.type for block in result.content] == ["text"]
        assert await read_file(client, json.loads(text(result))["files"][0])
    lines = [json.loads(line) for line in server.wire.decode().splitlines()]
    assert {line["jsonrpc"] for line in lines} == {"2.0"}
    errors = [(line["id"], line["error"]["code"]) for line in lines if "error" in line]
    assert errors == [(None, PARSE_ERROR), (None, INVALID_REQUEST), (None, PARSE_ERROR), (None, PARSE_ERROR)]
    assert server.log.count("noise from a backend") == 6


END_OF_INPUT = "the end of its input"


@pytest.mark.parametrize("cause", [END_OF_INPUT, signal.SIGTERM], ids=str)
async def test_the_server_stops_at_once_and_its_jobs_are_collected_later(
    tmp_path: Path, provider: Provider, cause: str | signal.Signals
) -> None:
    provider.script("POST /make", {"hang": True})
    env = {"MEDIASMITH_BACKENDS": "stub_now,stub_slow,busy"}
    async with started(tmp_path, provider, env=env) as server, server.connected() as client:
        jobs = {
            backend: (await ask(client, "generate_media", prompt=backend, backend=backend, wait_seconds=0))["job_id"]
            for backend in ("stub_now", "stub_slow", "busy")
        }
        await provider.seen("POST /make")
        await provider.seen("GET /jobs/{id}")
        await server.logged("busy from now on")
        if isinstance(cause, signal.Signals):
            server.send(cause)
        else:
            await server.end_input()
        assert await server.gone() == 0
    provider.finish()
    async with next_server(tmp_path, provider) as client:
        collected = await ask(client, "get_job", job_id=jobs["stub_slow"])
        assert collected["status"] == "done"
        assert await read_file(client, collected["files"][0])
        for backend in ("stub_now", "busy"):
            lost = await ask(client, "get_job", job_id=jobs[backend])
            assert (lost["status"], "files" in lost) == ("unknown", False)
    assert provider.paid() == 2


async def test_ctrl_c_stops_a_server_that_was_never_called(tmp_path: Path) -> None:
    async with started(tmp_path) as server, server.connected():
        server.send(signal.SIGINT)
        assert await server.gone() == 0
    assert server.log == ""


def test_the_server_stops_if_its_client_died_and_cannot_be_answered(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    command = subprocess.Popen([COMMAND], env=environment(tmp_path), stdin=pipe, stdout=pipe, stderr=pipe)
    with command as server:
        assert server.stdin
        assert server.stdout
        assert server.stderr
        server.stdout.close()
        server.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n' * 500)
        server.stdin.close()
        assert server.wait(20) == 0
        assert server.stderr.read() == b""


def on_small_disk(folder: Path, size: str) -> tuple[str, ...]:
    """Return a command that runs another one with a small disk of its own mounted on the folder."""
    mounting = f'mount -t tmpfs -o size={size} tmpfs "{folder}" && exec "$0"'
    return ("unshare", "--map-root-user", "--mount", "sh", "-c", mounting)


def has_small_disks() -> bool:
    if shutil.which("unshare") is None:
        return False
    command = [*on_small_disk(Path("/mnt"), "1m"), "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not has_small_disks(), reason="a process cannot mount a disk of its own here")
async def test_a_full_disk_prevents_what_is_not_paid_for_and_loses_nothing_that_is(
    tmp_path: Path, provider: Provider
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    async with started(tmp_path, provider, within=on_small_disk(out, "70m")) as server, server.connected() as client:
        ballast = Path(f"/proc/{server.process.pid}/root{out}/ballast")
        answers: list[Any] = []

        async def generate() -> None:
            answers.append(await ask(client, "generate_media", prompt="a lighthouse", backend="stub_job"))

        fill(ballast)
        error = await refused(client, "generate_media", prompt="a lighthouse", backend="stub_job")
        assert "Only 0 MB are free" in error
        assert provider.counts() == {}
        remove(ballast)
        provider.script("GET /files/{id}", {"hang": True})
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(generate)
            await provider.seen("GET /files/{id}")
            fill(ballast)
            provider.release()
        [running] = answers
        assert running["status"] == "running"
        assert "the disk is full" in running["error"]
        remove(ballast)
        collected = await ask(client, "get_job", job_id=running["job_id"])
        assert collected["status"] == "done"
        assert (await client.read_resource(collected["files"][0]["uri"])).contents
    assert provider.paid() == 1


def fill(path: Path) -> None:
    """Fill the disk with a file."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1_000_000))


def remove(path: Path) -> None:
    path.unlink()
