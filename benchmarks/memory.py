"""Measure the peak resident memory of a server that generates long videos, beside a bare server that downloads one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from pathlib import Path

import anyio
from comparison import Row, alternate
from mcp import Client
from processes import BARE, OURS, peak, serving

from fakes.provider import KEY, STUB, Provider, running
from fakes.server import ask, environment

_LONG_VIDEO = Path(__file__).parent / "long_video"
_DELIVERIES = ("streamed", "downloaded")  # the models of the long_video backend
_MB = 1_000_000
_SHORT = 100_000  # bytes of a short video


async def rows(*, smoke: bool) -> AsyncGenerator[Row]:
    """Yield two rows for each delivery: beside the bare server, and beside the server's own peak with short videos."""
    size, turns = (2 * _MB, 1) if smoke else (200 * _MB, 4)
    with running() as provider:
        peaks = await alternate(partial(_ours, provider, size), partial(_bare, provider, size), turns=turns)
    for delivery in _DELIVERIES:
        name = f"peak memory, {size // _MB} MB {delivery}"
        pairs = [(long[delivery], bare) for (_, long), bare in peaks]
        yield Row(what=name, pairs=pairs, unit="MB", accept=1.30, aim=1.15)
        flat = [(long[delivery], short) for (short, long), _ in peaks]
        yield Row(what=f"{name}, beside 0.1 MB", pairs=flat, unit="MB", result="more", accept=10, aim=5)


async def _ours(provider: Provider, size: int) -> tuple[float, Mapping[str, float]]:
    """Return the server's peak after short videos, and its peaks after each long one, which include the former."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {"MEDIASMITH_BACKENDS": "long_video", "MEDIASMITH_LONG_VIDEO_BASE_URL": provider.url}
        path = os.pathsep.join(map(str, (STUB, _LONG_VIDEO)))
        env = environment(Path(folder), provider, variables) | {"PYTHONPATH": path}
        async with serving(OURS, env) as (client, pid):
            for delivery in _DELIVERIES:
                await _generate(client, delivery, _SHORT)
            short = await peak(pid)
            long: dict[str, float] = {}
            for delivery in _DELIVERIES:
                await _generate(client, delivery, size)
                long[delivery] = await peak(pid)
        return short, long


async def _generate(client: Client, delivery: str, size: int) -> None:
    arguments = {
        "prompt": "a long video",
        "kind": "video",
        "model": delivery,
        "options": {"length": size},
        "wait_seconds": 600,
    }
    result = await ask(client, "generate_media", **arguments)
    assert result["files"][0]["bytes"] == size, result


async def _bare(provider: Provider, size: int) -> float:
    """Return the bare server's peak after a long video."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(BARE, environment(Path(folder))) as (client, pid):
            path = anyio.Path(folder, "video.mp4")
            arguments = {"url": f"{provider.url}/films/{size}", "key": KEY, "path": str(path)}
            result = await client.call_tool("fetch", arguments)
            assert not result.is_error, result.content
            assert (await path.stat()).st_size == size
            return await peak(pid)
