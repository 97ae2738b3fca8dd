"""Measure a call that generates an image of 1.5 MB, beside the bare request to its provider.

The aims in milliseconds hold for a machine on which the bare call takes 11 ms plus the provider's time; for a slower or
busier one they are scaled. In a smoke run the image is tiny.
"""

from __future__ import annotations

import base64
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count, product
from pathlib import Path
from typing import Any, Literal, TypeAlias

import anyio
import httpx2
from comparison import Pair, Row, alternate
from mcp import Client

from fakes.provider import KEY, Provider, running
from mediasmith.config.installation import Installation
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer

Call: TypeAlias = Callable[[str], Coroutine[Any, Any, None]]
"""Generates an image from a prompt."""

_BARE = 11.0  # milliseconds of the bare call where the aims were set
_OVERHEAD = 12.0  # milliseconds that a call may take beyond the bare one
_PREVIEW = {"jpeg": 10.0, "png": 30.0}  # further milliseconds for a preview

_numbers = count()


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A number of concurrent calls, to a provider that answers after `latency` milliseconds."""

    latency: int
    concurrency: int
    form: Literal["jpeg", "png"]
    preview: bool

    def row(self, pairs: list[Pair]) -> Row:
        """Return the row: the time added to one call, or the ratio for many; without latency those only compete."""
        preview = " with preview" if self.preview else ""
        what = f"{self.concurrency} x {self.form}{preview}, provider takes {self.latency} ms"
        if self.concurrency == 1:
            slower = (statistics.median(bare for _, bare in pairs) - self.latency) / _BARE
            aim = (_OVERHEAD + _PREVIEW[self.form] * self.preview) * slower
            return Row(what=what, pairs=pairs, unit="ms", result="more", aim=aim)
        aim = 2.0 if self.preview and self.form == "png" else 1.15
        return Row(what=what, pairs=pairs, unit="ms", aim=aim if self.latency else None)


async def rows(*, smoke: bool) -> AsyncGenerator[Row]:
    """Yield a row for each format with and without preview, each latency, one call and many."""
    slow, many = (20, 2) if smoke else (500, 32)
    with running() as provider:
        for concurrency, latency, form, preview in product((1, many), (0, slow), ("jpeg", "png"), (False, True)):
            case = _Case(latency=latency, concurrency=concurrency, form=form, preview=preview)
            turns = 1 if smoke else 9 if latency or concurrency > 1 else 31
            yield case.row(await _pairs(case, provider, turns=turns, fixed="" if smoke else form))


async def _pairs(case: _Case, provider: Provider, *, turns: int, fixed: str) -> list[Pair]:
    answer = {"fixed": fixed, "delay": case.latency / 1e3, "times": 2 * turns * case.concurrency}
    provider.script("POST /make", answer)
    async with _callers(case, provider) as (ours, bare):
        pairs = await alternate(
            partial(_time, ours, case.concurrency), partial(_time, bare, case.concurrency), turns=turns
        )
    provider.reset()
    return pairs


@asynccontextmanager
async def _callers(case: _Case, provider: Provider) -> AsyncGenerator[tuple[Call, Call]]:
    """Yield two calls: one through the server, one that asks the provider itself and decodes the image."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder, "data"), output_dir=Path(folder, "out"), preview=case.preview)
        installation = Installation.load(settings=settings, env=provider.env())
        headers = {"authorization": f"Bearer {KEY}"}
        async with (
            lazy_engine(installation) as opened,
            Client(MediaServer(opened)) as client,
            httpx2.AsyncClient(base_url=provider.url, headers=headers, trust_env=False, verify=False) as http,
        ):

            async def ours(prompt: str) -> None:
                arguments = {"prompt": prompt, "backend": "stub_now", "output_format": case.form}
                result = await client.call_tool("generate_media", arguments)
                assert not result.is_error, result.content

            async def bare(prompt: str) -> None:
                arguments = {"prompt": prompt, "model": "now-2", "format": case.form}
                answer = await http.post("/make", json=arguments)
                base64.b64decode(answer.raise_for_status().json()["images"][0]["b64"])

            yield ours, bare


async def _time(call: Call, concurrency: int) -> float:
    """Return the milliseconds until all of several concurrent calls are answered."""
    started = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(concurrency):
            tasks.start_soon(call, f"image {next(_numbers)}")
    return (time.perf_counter() - started) * 1e3
