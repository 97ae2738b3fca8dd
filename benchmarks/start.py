"""Measure a start, to the answer of tools/list: its time and memory, and the first call beside later ones."""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream
from comparison import Pair, Row, alternate
from pictures import bodies, environment
from processes import BARE, OURS, resident, serving

from fakes.fake_provider import process
from fakes.openai import FakeOpenAI

ROOT = Path(__file__).parents[1]

_MAX_ANSWER = 1_000_000  # bytes
_THINKING = 3.0  # seconds that a client takes between tools/list and the first call
_HANDSHAKE: Mapping[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "benchmark", "version": "1"},
    },
}
_READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}
_LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


async def rows(*, smoke: bool) -> AsyncGenerator[Row]:
    """Yield the rows. Byte code is compiled first, as an installer does."""
    for folder in ("server", "backends"):
        compileall.compile_dir(ROOT / folder, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        env["MEDIASMITH_DATA_DIR"] = folder
        starts = await alternate(partial(_start, OURS, env), partial(_start, BARE, env), turns=1 if smoke else 16)
    seconds, megabytes = ([(ours[n], bare[n]) for ours, bare in starts] for n in (0, 1))
    yield Row(what="start to tools/list", pairs=seconds, unit="ms", accept=1.10, aim=1.05)
    yield Row(what="memory after the start", pairs=megabytes, unit="MB", accept=1.10, aim=1.05)
    firsts, loaded = zip(*[await _first_call() for _ in range(1 if smoke else 5)], strict=True)
    yield Row(what="first call beside later ones", pairs=firsts, unit="ms", result="more", accept=250, aim=100)
    yield Row(what="memory loaded before the first call", pairs=loaded, unit="MB", result="more", accept=15, aim=15)


async def _start(command: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Return the milliseconds from the start to the list of tools, and the megabytes then."""
    started = time.perf_counter()
    async with await anyio.open_process(command, env=env, stderr=subprocess.DEVNULL) as server:
        assert server.stdin
        assert server.stdout
        answers = BufferedByteReceiveStream(server.stdout)
        await server.stdin.send(_line(_HANDSHAKE))
        await answers.receive_until(b"\n", _MAX_ANSWER)
        await server.stdin.send(_line(_READY) + _line(_LIST))
        answer = await answers.receive_until(b"\n", _MAX_ANSWER)
        milliseconds = (time.perf_counter() - started) * 1e3
        assert b'"tools"' in answer, answer
        megabytes = await resident(server.pid)
        await server.stdin.aclose()
        await server.wait()
    return milliseconds, megabytes


async def _first_call() -> tuple[Pair, Pair]:
    """Return the milliseconds of the first call of a process and of its third one, and the megabytes before the first.

    The megabytes are those after the client has thought, and those before.
    """
    with tempfile.TemporaryDirectory() as folder, process("fakes.openai", FakeOpenAI) as fake:
        fake.script("POST /v1/images/generations", *bodies(times=3))
        async with serving(OURS, environment(Path(folder), fake)) as (client, pid):
            await client.list_tools()
            started_with = await resident(pid)
            await anyio.sleep(_THINKING)
            loaded = await resident(pid)
            took: list[float] = []
            for number in range(3):
                started = time.perf_counter()
                arguments = {"prompt": f"image {number}", "backend": "openai", "model": "dall-e-3"}
                result = await client.call_tool("generate_media", arguments)
                took.append((time.perf_counter() - started) * 1e3)
                assert not result.is_error, result.content
    return (took[0], took[2]), (loaded, started_with)


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
