"""Start server processes to measure, and read how much memory and time they took. Linux only: it reads /proc."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from mcp import Client

from fakes.server import Server

BENCHMARKS = Path(__file__).parent

OURS = [sys.executable, "-c", "from mediasmith.cli import main; main([])"]
"""The command of the server."""

BARE = [sys.executable, str(BENCHMARKS / "bare_server.py")]
"""The command of a server with one tool."""

BARE_OPENAI = [sys.executable, str(BENCHMARKS / "bare_openai.py")]
"""The command of a server with one tool that uses OpenAI's SDK."""

_MB = 1_000_000


@asynccontextmanager
async def serving(command: Sequence[str], env: Mapping[str, str]) -> AsyncGenerator[tuple[Client, int]]:
    """Yield a client of a server process, and the process's id."""
    async with await anyio.open_process(command, env=env, stderr=subprocess.DEVNULL) as process:
        async with Server(process).connected() as client:
            yield client, process.pid
        assert process.stdin
        await process.stdin.aclose()
        await process.wait()


async def peak(pid: int) -> float:
    """Return the peak resident memory of a process in megabytes."""
    return await _status(pid, "VmHWM")


async def resident(pid: int) -> float:
    """Return the resident memory of a process in megabytes."""
    return await _status(pid, "VmRSS")


async def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = (await anyio.Path(f"/proc/{pid}/stat").read_text()).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _status(pid: int, name: str) -> float:
    status = await anyio.Path(f"/proc/{pid}/status").read_text()
    [kilobytes] = re.findall(rf"{name}:\s+(\d+) kB", status)
    return int(kilobytes) * 1024 / _MB
