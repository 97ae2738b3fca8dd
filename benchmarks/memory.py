"""The peak resident memory of a server that makes long videos, beside a bare server that fetches one to the disk.

A bare client without a server would be smaller by what `mcp` takes. It is read from /proc, so on Linux only.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
from mcp import Client
from rows import Row, in_turns
from start import BARE

from fakes.provider import KEY, STUB, Provider, running
from fakes.server import COMMAND, Server, ask, environment

_FILM = Path(__file__).parent / "film"
_DELIVERIES = ("streamed", "downloaded")  # into a sink of ours, or from a URL: the models of the film backend
_MB = 1_000_000
_SHORT = 100_000  # bytes of a video that is no effort


async def rows(*, smoke: bool) -> AsyncGenerator[Row]:
    """Both ways in which a long file comes: beside the bare server, and beside the same server with short ones only."""
    size, turns = (2 * _MB, 1) if smoke else (200 * _MB, 4)
    with running() as provider:
        peaks = await in_turns(partial(_ours, provider, size), partial(_bare, provider, size), turns=turns)
    for delivery in _DELIVERIES:
        what = f"peak memory, {size // _MB} MB {delivery}"
        yield Row(what=what, pairs=[(long[delivery], bare) for (_, long), bare in peaks], unit="MB", aim=1.2)
        flat = [(long[delivery], short) for (short, long), _ in peaks]
        yield Row(what=f"{what}, beside 0.1 MB", pairs=flat, unit="MB", result="more", aim=5.0)


async def _ours(provider: Provider, size: int) -> tuple[float, Mapping[str, float]]:
    """Our server's peak after short videos, and then after each long one; a peak contains those before it."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"MEDIASMITH_BACKENDS": "film", "MEDIASMITH_FILM_BASE_URL": provider.url}
        env = environment(Path(folder), provider, own) | {"PYTHONPATH": os.pathsep.join(map(str, (STUB, _FILM)))}
        async with _serving([COMMAND], env) as (client, pid):
            for delivery in _DELIVERIES:
                await _make(client, delivery, _SHORT)
            short = await _peak(pid)
            long: dict[str, float] = {}
            for delivery in _DELIVERIES:
                await _make(client, delivery, size)
                long[delivery] = await _peak(pid)
        return short, long


async def _make(client: Client, delivery: str, size: int) -> None:
    given = {"prompt": "a film", "kind": "video", "model": delivery, "options": {"length": size}, "wait_seconds": 600}
    made = await ask(client, "generate_media", **given)
    assert made["files"][0]["bytes"] == size, made


async def _bare(provider: Provider, size: int) -> float:
    """The bare server's peak after a long video."""
    with tempfile.TemporaryDirectory() as folder:
        async with _serving(BARE, environment(Path(folder))) as (client, pid):
            path = anyio.Path(folder, "film.mp4")
            given = {"url": f"{provider.url}/films/{size}", "key": KEY, "path": str(path)}
            result = await client.call_tool("fetch", given)
            assert not result.is_error, result.content
            assert (await path.stat()).st_size == size
            return await _peak(pid)


@asynccontextmanager
async def _serving(command: Sequence[str], env: Mapping[str, str]) -> AsyncGenerator[tuple[Client, int]]:
    """A client of a server process, and the process's number."""
    async with await anyio.open_process(command, env=env, stderr=subprocess.DEVNULL) as process:
        async with Server(process).connected() as client:
            yield client, process.pid
        assert process.stdin
        await process.stdin.aclose()
        await process.wait()


async def _peak(pid: int) -> float:
    """Megabytes of memory that a process has held at most."""
    status = await anyio.Path(f"/proc/{pid}/status").read_text()
    [kilobytes] = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes) * 1024 / _MB
