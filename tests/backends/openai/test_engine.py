"""What only the whole server can do with OpenAI: continue across answers, and go on when what it continued is gone."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import continue_edit, generate, read_files
from fakes.openai import FakeOpenAI
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.runtime.clock import SystemClock
from mediasmith_backends.openai import backend

RESPOND, GENERATE = "/v1/responses", "POST /v1/images/generations"
SMALL = "1024x640"


@pytest.fixture
async def engine(fake: FakeOpenAI, tmp_path: Path) -> AsyncGenerator[Engine]:
    async with server(fake, tmp_path) as engine:
        yield engine


@asynccontextmanager
async def server(fake: FakeOpenAI, folder: Path) -> AsyncGenerator[Engine]:
    """Open an engine that polls as fast as the fake answers."""
    swift = replace(backend, capabilities=tuple(replace(one, every=0.01) for one in backend.capabilities))
    async with open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out"),
        env=fake.env(),
        backends=Registry(backends={"openai": swift}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


def bodies(fake: FakeOpenAI, path: str) -> list[Any]:
    return [request["body"] for request in fake.log() if request["method"] == "POST" and request["path"] == path]


async def test_an_image_is_continued_in_branches_and_as_several(fake: FakeOpenAI, engine: Engine) -> None:
    first = await generate(engine, size=SMALL)
    second = await continue_edit(engine, first.continuation_id)
    branch = await continue_edit(engine, first.continuation_id, "make it green", n=2)
    start, blue, *green = bodies(fake, RESPOND)
    assert "previous_response_id" not in start
    assert {one["previous_response_id"] for one in (blue, *green)} == {blue["previous_response_id"]}
    assert [one["tools"][0]["size"] for one in (blue, *green)] == [SMALL] * 3
    assert len(branch.files) == 2
    assert len({*read_files(first), *read_files(second)}) == 2
    assert not [*first.warnings, *second.warnings, *branch.warnings]


async def test_when_the_conversation_is_gone_the_saved_file_is_sent(fake: FakeOpenAI, engine: Engine) -> None:
    first = await generate(engine, size=SMALL)
    fake.expire(fake.log()[-1]["path"].rpartition("/")[2])
    second = await continue_edit(engine, first.continuation_id)
    third = await continue_edit(engine, second.continuation_id)
    _, lost, again, further = bodies(fake, RESPOND)
    assert lost["previous_response_id"]
    assert "previous_response_id" not in again
    sent = again["input"][0]["content"][1]["image_url"].partition(",")[2]
    assert base64.b64decode(sent) == read_files(first)[0]
    assert "The saved file was sent" in second.warnings[0]
    assert further["previous_response_id"]
    assert not third.warnings


async def test_an_image_without_a_conversation_is_continued_from_its_file(fake: FakeOpenAI, engine: Engine) -> None:
    pair = await generate(engine, size=SMALL, n=2)
    await continue_edit(engine, pair.files[1].id)
    assert fake.counts()[GENERATE] == 1
    sent = bodies(fake, RESPOND)[0]["input"][0]["content"][1]["image_url"].partition(",")[2]
    assert base64.b64decode(sent) == read_files(pair)[1]


async def test_a_video_is_made_remixed_and_extended(fake: FakeOpenAI, engine: Engine) -> None:
    first = await generate(engine, kind="video", size="1280x720", duration=4)
    remix = await continue_edit(engine, first.continuation_id)
    longer = await continue_edit(engine, first.continuation_id, "and then", duration=8, options={"mode": "extend"})
    assert [round(result.files[0].duration_seconds or 0) for result in (first, remix, longer)] == [4, 4, 12]
    assert (first.files[0].mime, first.files[0].width) == ("video/mp4", 1280)
    assert fake.paid() == 3
    assert not [*remix.warnings, *longer.warnings]
