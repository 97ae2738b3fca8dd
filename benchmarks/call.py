"""Measure calls that generate an image of 1.57 MB through OpenAI, beside a bare server that uses OpenAI's SDK.

Both servers are asked over stdio and do the same work: request, decode, write, sync.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import anyio
from comparison import Row, alternate
from mcp import Client
from pictures import bodies, environment
from processes import BARE_OPENAI, OURS, peak, serving

from fakes.fake_provider import process
from fakes.openai import FakeOpenAI

_REQUEST = "POST /v1/images/generations"
_LIMITS: Mapping[tuple[float, bool], tuple[float, float]] = {
    (0.5, False): (1.15, 1.05),
    (0.5, True): (1.3, 1.2),
    (0.0, False): (1.4, 1.2),
    (0.0, True): (1.9, 1.5),
}
"""What is accepted and aimed at with many calls at once, by the provider's seconds and previews."""

_numbers = count()


async def rows(*, smoke: bool) -> AsyncGenerator[Row]:
    """Yield a row for one call, for many at once, and for the memory that many take."""
    many, turns = (2, 1) if smoke else (32, 9)
    with tempfile.TemporaryDirectory() as folder, process("fakes.openai", FakeOpenAI) as fake:
        for preview in (False, True):
            env = environment(Path(folder), fake, MEDIASMITH_PREVIEW=str(int(preview)))
            async with serving(OURS, env) as (ours, _), serving(BARE_OPENAI, env) as (bare, _):
                compare = partial(_compare, fake, ours, bare, Path(folder))
                if preview:
                    pairs = await compare(at_once=1, delay=0.0, turns=1 if smoke else 31)
                    yield Row(what="one image with preview", pairs=pairs, unit="ms", accept=1.7, aim=1.5)
                for delay in (0.0, 0.5):
                    pairs = await compare(at_once=many, delay=delay, turns=turns)
                    what = f"{many} at once{' with previews' * preview}, provider takes {delay * 1e3:.0f} ms"
                    accept, aim = _LIMITS[delay, preview]
                    yield Row(what=what, pairs=pairs, unit="ms", accept=accept, aim=aim)
        measure = partial(_peak, fake, Path(folder), many)
        peaks = await alternate(partial(measure, OURS), partial(measure, BARE_OPENAI), turns=1 if smoke else 4)
    yield Row(what=f"peak memory, {many} at once", pairs=peaks, unit="MB", accept=1.4, aim=1.2)


async def _compare(  # noqa: PLR0913 - two servers, and what they are asked
    fake: FakeOpenAI, ours: Client, bare: Client, folder: Path, *, at_once: int, delay: float, turns: int
) -> list[tuple[float, float]]:
    fake.script(_REQUEST, *bodies(times=2 * turns * at_once, delay=delay))
    pairs = await alternate(partial(_time, ours, folder, at_once), partial(_time, bare, folder, at_once), turns=turns)
    fake.reset()
    return pairs


async def _peak(fake: FakeOpenAI, folder: Path, at_once: int, command: Sequence[str]) -> float:
    """Return the peak memory in megabytes of a new process that is asked for several images at once."""
    fake.script(_REQUEST, *bodies(times=at_once))
    async with serving(command, environment(folder, fake)) as (client, pid):
        await _time(client, folder, at_once)
        return await peak(pid)


async def _time(client: Client, folder: Path, at_once: int) -> float:
    """Return the milliseconds until all of several concurrent calls are answered."""
    tools = (await client.list_tools()).tools
    call = partial(_generate if len(tools) > 1 else _generate_bare, client, folder)
    started = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(call, next(_numbers))
    return (time.perf_counter() - started) * 1e3


async def _generate(client: Client, _folder: Path, number: int) -> None:
    arguments = {"prompt": f"image {number}", "backend": "openai", "model": "dall-e-3"}
    await _call(client, "generate_media", arguments)


async def _generate_bare(client: Client, folder: Path, number: int) -> None:
    await _call(client, "generate", {"prompt": f"image {number}", "path": str(folder / f"{number}.png")})


async def _call(client: Client, tool: str, arguments: Mapping[str, Any]) -> None:
    result = await client.call_tool(tool, dict(arguments))
    assert not result.is_error, result.content
