"""A call for a picture of 1.5 MB through the server, beside the bare request to its provider.

The aims in milliseconds are for a machine on which the bare call takes 11, beside what its provider takes; for a slower
one, or a busy one, they are scaled. In a smoke run the picture is tiny.
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
from mcp import Client
from rows import Pair, Row, in_turns

from fakes.provider import KEY, Provider, running
from mediasmith.config.installation import Installation
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer

Call: TypeAlias = Callable[[str], Coroutine[Any, Any, None]]
"""Asks for the picture of a prompt."""

_BARE = 11.0  # milliseconds of the bare call for which the aims were set
_OWN = 12.0  # milliseconds of our own that a call may take
_PREVIEW = {"jpeg": 10.0, "png": 30.0}  # and so many more with a preview

_numbers = count()


@dataclass(frozen=True, kw_only=True)
class _Case:
    """So many calls `at_once`, to a provider that answers after so many milliseconds."""

    latency: int
    at_once: int
    form: Literal["jpeg", "png"]
    preview: bool

    def row(self, pairs: list[Pair]) -> Row:
        """One call: what we add. Many that wait: how many times as long it takes. Many that do not only compete."""
        preview = " with preview" if self.preview else ""
        what = f"{self.at_once} x {self.form}{preview}, provider takes {self.latency} ms"
        if self.at_once == 1:
            slower = (statistics.median(bare for _, bare in pairs) - self.latency) / _BARE
            aim = (_OWN + _PREVIEW[self.form] * self.preview) * slower
            return Row(what=what, pairs=pairs, unit="ms", result="more", aim=aim)
        aim = 2.0 if self.preview and self.form == "png" else 1.15
        return Row(what=what, pairs=pairs, unit="ms", aim=aim if self.latency else None)


async def rows(*, smoke: bool) -> AsyncGenerator[Row]:
    """Each format with and without preview, at once and late, one call at a time and many."""
    late, many = (20, 2) if smoke else (500, 32)
    with running() as provider:
        for at_once, latency, form, preview in product((1, many), (0, late), ("jpeg", "png"), (False, True)):
            case = _Case(latency=latency, at_once=at_once, form=form, preview=preview)
            turns = 1 if smoke else 9 if latency or at_once > 1 else 31
            yield case.row(await _pairs(case, provider, turns=turns, fixed="" if smoke else form))


async def _pairs(case: _Case, provider: Provider, *, turns: int, fixed: str) -> list[Pair]:
    answer = {"fixed": fixed, "delay": case.latency / 1e3, "times": 2 * turns * case.at_once}
    provider.script("POST /make", answer)
    async with _callers(case, provider) as (ours, bare):
        pairs = await in_turns(partial(_time, ours, case.at_once), partial(_time, bare, case.at_once), turns=turns)
    provider.reset()
    return pairs


@asynccontextmanager
async def _callers(case: _Case, provider: Provider) -> AsyncGenerator[tuple[Call, Call]]:
    """A caller of the server, and one of the provider itself that decodes the picture."""
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
                given = {"prompt": prompt, "backend": "stub_now", "output_format": case.form}
                result = await client.call_tool("generate_media", given)
                assert not result.is_error, result.content

            async def bare(prompt: str) -> None:
                given = {"prompt": prompt, "model": "now-2", "format": case.form}
                answer = await http.post("/make", json=given)
                base64.b64decode(answer.raise_for_status().json()["images"][0]["b64"])

            yield ours, bare


async def _time(call: Call, at_once: int) -> float:
    """Milliseconds until so many calls, begun at once, are answered."""
    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(call, f"picture {next(_numbers)}")
    return (time.perf_counter() - began) * 1e3
