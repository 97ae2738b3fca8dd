"""Measure the time from starting the process to the answer of tools/list, beside a bare server."""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream
from comparison import Row, alternate

ROOT = Path(__file__).parents[1]
BARE = [sys.executable, str(ROOT / "benchmarks" / "bare_server.py")]
"""The command of the bare server."""

_MAX_ANSWER = 1_000_000  # bytes
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
    """Yield one row. Byte code is compiled first, as an installer does."""
    for folder in ("server", "backends"):
        compileall.compile_dir(ROOT / folder, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        env["MEDIASMITH_DATA_DIR"] = folder
        ours = [sys.executable, "-c", "from mediasmith.cli import main; main([])"]
        pairs = await alternate(partial(_start, ours, env), partial(_start, BARE, env), turns=1 if smoke else 16)
    yield Row(what="start to tools/list", pairs=pairs, unit="ms", aim=1.15)


async def _start(command: Sequence[str], env: Mapping[str, str]) -> float:
    """Return the milliseconds from the start to the list of tools."""
    started = time.perf_counter()
    async with await anyio.open_process(command, env=env, stderr=subprocess.DEVNULL) as process:
        assert process.stdin
        assert process.stdout
        answers = BufferedByteReceiveStream(process.stdout)
        await process.stdin.send(_line(_HANDSHAKE))
        await answers.receive_until(b"\n", _MAX_ANSWER)
        await process.stdin.send(_line(_READY) + _line(_LIST))
        answer = await answers.receive_until(b"\n", _MAX_ANSWER)
        milliseconds = (time.perf_counter() - started) * 1e3
        assert b'"tools"' in answer, answer
        await process.stdin.aclose()
        await process.wait()
    return milliseconds


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
