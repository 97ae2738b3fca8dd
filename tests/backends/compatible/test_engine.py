"""What only the whole server can do with engines: choose, count as free, save, and download from their hosts."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.backends import fake as plain
from fakes.compatible import FakeCompatible
from fakes.engines import Scripted, generate, generate_batch
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import png
from mediasmith_backends.compatible import backend

MODELS, MAKE = "GET /v1/models", "POST /v1/images/generations"
IMAGE_URL, ANY_URL = "MEDIASMITH_COMPATIBLE_IMAGE_BASE_URL", "MEDIASMITH_COMPATIBLE_BASE_URL"


@asynccontextmanager
async def opened(folder: Path, *others: Any, **env: str) -> AsyncGenerator[Engine]:
    swift = replace(backend, capabilities=tuple(replace(one, every=0.01) for one in backend.capabilities))
    async with open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out", allowed_dirs=(folder,)),
        env=env,
        backends=Registry(backends={one.name: one for one in (swift, *others)}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


async def test_it_is_chosen_before_the_providers_and_free_within_any_budget(
    fake: FakeCompatible, tmp_path: Path
) -> None:
    paid = Scripted().backend("paid", preference=10)
    async with opened(tmp_path, paid, **{ANY_URL: fake.base_url}) as engine:
        result = await generate(engine, max_cost_usd=0)
    assert (result.backend, result.model, result.warnings) == ("compatible", "default", ())
    assert result.cost
    assert result.cost.usd == 0


async def test_pictures_are_made_changed_and_made_in_batches_without_a_warning(
    fake: FakeCompatible, tmp_path: Path
) -> None:
    (tmp_path / "mask.png").write_bytes(png(64, 64, b"\0\0\0\0"))
    async with opened(tmp_path, **{ANY_URL: fake.base_url}) as engine:
        first = await generate(engine)
        edited = await generate(engine, image=[first.files[0].path], mask=str(tmp_path / "mask.png"))
        batch = await generate_batch(engine, "a kite", "a boat", n=2)
    assert [len(result.files) for result in (first, edited, batch)] == [1, 1, 4]
    assert [result.warnings for result in (first, edited, batch)] == [(), (), ()]


@pytest.mark.parametrize("variable", [IMAGE_URL, ANY_URL])
async def test_pictures_are_downloaded_from_the_host_of_either_url(
    fake: FakeCompatible, tmp_path: Path, variable: str
) -> None:
    fake.settings(engine="sglang")
    async with opened(tmp_path, **{variable: fake.base_url}) as engine:
        result = await generate(engine)
    assert (result.status, result.files[0].mime) == ("done", "image/png")


async def test_videos_and_speech_are_saved(fake: FakeCompatible, tmp_path: Path) -> None:
    async with opened(tmp_path, **{ANY_URL: fake.base_url}) as engine:
        video = await generate(engine, kind="video", duration=2)
        speech = await generate(engine, kind="speech", voice="am_joe")
    assert (video.files[0].mime, video.files[0].duration_seconds) == ("video/mp4", 2)
    assert (speech.files[0].mime, speech.files[0].duration_seconds) == ("audio/wav", 0.5)


async def test_what_an_engine_does_not_make_is_made_by_the_next_backend(fake: FakeCompatible, tmp_path: Path) -> None:
    other = Scripted().backend("other")
    async with opened(tmp_path, other, **{ANY_URL: fake.base_url}) as engine:
        fake.script(MAKE, {"status": 404, "body": {"detail": "Not Found"}})
        assert (await generate(engine)).backend == "other"
        assert (await generate(engine)).backend == "compatible"
    fake.script(MODELS, {"status": 200, "body": {"data": [{"id": "tts", "labels": ["tts"]}]}})
    async with opened(tmp_path, other, **{ANY_URL: fake.base_url}) as engine:
        result = await generate(engine)
    assert (result.backend, result.warnings) == ("other", ())


async def test_without_a_url_drafts_are_made_as_if_it_were_not_there(tmp_path: Path) -> None:
    stand_in = plain("sketch", preference=-1)
    async with opened(tmp_path, stand_in) as engine:
        assert (await generate(engine)).backend == "sketch"
