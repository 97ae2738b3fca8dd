"""Measure how long an answer takes whose provider works in the background, and what waiting for many costs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import anyio
from anyio import to_thread
from comparison import Pair, Row
from mcp import Client
from processes import OURS, cpu_seconds, resident, serving

from fakes.provider import Provider, running
from fakes.server import ask, environment

_SECONDS = 0.5  # that the provider needs
_FOREVER = 1_000_000  # polls


async def rows(*, smoke: bool) -> AsyncGenerator[Row]:
    """Yield a row for one job, and those of many that run at once."""
    with tempfile.TemporaryDirectory() as folder, running() as provider:
        provider.settings(polls={"job-1": _FOREVER, "slow-1": _FOREVER})
        env = environment(Path(folder), provider, {"MEDIASMITH_CONCURRENCY": "1000"})
        async with serving(OURS, env) as (client, _):
            waits = [await _wait(client, provider, number) for number in range(1 if smoke else 7)]
            yield Row(what="background work of 500 ms", pairs=waits[1:] or waits, unit="ms", accept=1.15, aim=1.10)
        async for row in _many(env, jobs=3 if smoke else 1000, seconds=1 if smoke else 30):
            yield row


async def _wait(client: Client, provider: Provider, number: int) -> Pair:
    """Return the milliseconds of a call, and those that the provider needed for it."""
    provider.reset()
    provider.settings(polls={"job-1": _FOREVER})
    needed: list[float] = []
    took: list[float] = []
    started = time.perf_counter()

    async def work() -> None:
        await provider.seen("POST /jobs")
        await anyio.sleep(_SECONDS)
        await to_thread.run_sync(provider.finish)
        needed.append((time.perf_counter() - started) * 1e3)

    async def call() -> None:
        answer = await ask(client, "generate_media", prompt=f"image {number}", backend="stub_job")
        took.append((time.perf_counter() - started) * 1e3)
        assert answer["status"] == "done", answer

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
        tasks.start_soon(call)
    return took[0], needed[0]


async def _many(env: Mapping[str, str], *, jobs: int, seconds: float) -> AsyncGenerator[Row]:
    async with serving(OURS, env) as (client, pid):
        await ask(client, "generate_media", prompt="warm", backend="stub_now")
        idle = await _quick(client)
        before = await resident(pid)
        for number in range(jobs):
            await ask(client, "generate_media", prompt=f"job {number}", backend="stub_slow", wait_seconds=0)
        kilobytes = (await resident(pid) - before) * 1000 / jobs
        began, cpu = time.perf_counter(), await cpu_seconds(pid)
        await anyio.sleep(seconds)
        percent = (await cpu_seconds(pid) - cpu) / (time.perf_counter() - began) * 100 / (jobs / 100)
        busy = await _quick(client)
        yield Row(
            what=f"memory of each of {jobs:,} running jobs",
            pairs=[(kilobytes, 0)],
            unit="kB",
            result="alone",
            accept=200,
            aim=100,
        )
        yield Row(
            what="CPU of waiting, per 100 running jobs",
            pairs=[(percent, 0)],
            unit="%",
            result="alone",
            accept=3,
            aim=1,
        )
        yield Row(what=f"a call beside {jobs:,} running jobs", pairs=[(busy, idle)], unit="ms", accept=2, aim=1.5)


async def _quick(client: Client) -> float:
    """Return the median milliseconds of a call that waits for no provider."""
    took: list[float] = []
    for number in range(11):
        started = time.perf_counter()
        await ask(client, "generate_media", prompt=f"quick {number} {started}", backend="stub_now")
        took.append((time.perf_counter() - started) * 1e3)
    return sorted(took)[len(took) // 2]
