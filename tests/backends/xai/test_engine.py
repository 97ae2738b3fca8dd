"""What only the whole engine can promise: edits after a restart, lost URLs, estimates."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from fakes.engines import NO_WAIT, WAIT_FOR_END, continue_edit, generate
from fakes.xai.state import EXTENSION, IMAGE, POLL, UPLOAD, VIDEO, FakeXAI, Reply
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.results import MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.errors import OverBudget, Refused
from mediasmith.runtime.clock import SystemClock
from mediasmith_backends.xai import backend
from mediasmith_backends.xai.image import image
from mediasmith_backends.xai.video import video


@asynccontextmanager
async def opened(fake: FakeXAI, folder: Path) -> AsyncGenerator[Engine]:
    """Open an engine with this backend, which polls without long pauses."""
    swift = replace(backend, capabilities=(image, replace(video, every=0.01)))
    async with open_engine(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out", allowed_dirs=(folder,)),
        env=fake.env(),
        backends=Registry(backends={"xai": swift}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


def uri_of(result: MediaResult, number: int = 0) -> str:
    data = Path(result.files[number].path).read_bytes()
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


async def test_one_of_several_images_is_edited_again_after_a_restart(fake: FakeXAI, tmp_path: Path) -> None:
    async with opened(fake, tmp_path) as engine:
        four = await generate(engine, n=4, aspect_ratio="16:9", backend="grok")
        blue = await continue_edit(engine, four.files[2].id)
    async with opened(fake, tmp_path) as engine:
        green = await continue_edit(engine, blue.continuation_id, "make it green")
    first, second, third = fake.bodies(IMAGE)
    assert (four.status, len(four.files), first["n"]) == ("done", 4, 4)
    assert four.cost
    assert (four.cost.usd, four.cost.basis) == (0.24, "reported")
    assert second["image"]["image_url"] == uri_of(four, 2)
    assert third["image"]["image_url"] == uri_of(blue)
    assert green.warnings == ()
    assert fake.paid() == 3


async def test_image_becomes_a_video_that_is_edited_and_extended_by_its_url(fake: FakeXAI, tmp_path: Path) -> None:
    async with opened(fake, tmp_path) as engine:
        still = await generate(engine, size="1K")
        film = await generate(
            engine, kind="video", first_frame=f"media://{still.continuation_id}", duration=2, size="480p"
        )
        blue = await continue_edit(engine, film.continuation_id)
        longer = await continue_edit(engine, film.continuation_id, "and on", options={"extend": 1})
    assert [result.model for result in (film, blue, longer)] == [
        "grok-imagine-video-1.5",
        "grok-imagine-video",
        "grok-imagine-video",
    ]
    assert film.files[0].mime == "video/mp4"
    assert fake.bodies(VIDEO)[0]["image"]["image_url"] == uri_of(still)
    assert list(fake.bodies(VIDEO)[1]["video"]) == list(fake.bodies(EXTENSION)[0]["video"]) == ["url"]
    assert blue.warnings == longer.warnings == ()
    assert not {"duration", "resolution"} & fake.bodies(VIDEO)[1].keys()
    assert UPLOAD not in fake.counts()


async def test_video_whose_url_has_expired_is_edited_by_its_file(fake: FakeXAI, tmp_path: Path) -> None:
    async with opened(fake, tmp_path) as engine:
        film = await generate(engine, kind="video", duration=2, size="480p")
        for accepted in fake.videos.values():
            accepted.expired = True
        blue = await continue_edit(engine, film.continuation_id)
    assert blue.status == "done"
    assert list(fake.bodies(VIDEO)[-1]["video"]) == ["file_id"]
    [upload] = fake.bodies(UPLOAD)
    assert upload["size"] == film.files[0].bytes
    assert blue.warnings


async def test_job_of_a_server_that_is_gone_is_collected(fake: FakeXAI, tmp_path: Path) -> None:
    fake.script(POLL, *[Reply(message={"status": "PENDING"})] * 1000)
    async with opened(fake, tmp_path) as engine:
        begun = await engine.generate({"prompt": "a red kite", "kind": "video", "duration": 2}, NO_WAIT)
        await fake.wait_for(POLL)
    fake.clear()
    async with opened(fake, tmp_path) as engine:
        result = await engine.get_job({"job_id": begun.job_id}, WAIT_FOR_END)
    assert isinstance(result, MediaResult)
    assert result.status == "done"
    assert fake.paid() == 0


async def test_estimate_counts_input_images_and_defaults(fake: FakeXAI, tmp_path: Path) -> None:
    async def estimate(tool: Callable[..., Awaitable[object]], **arguments: object) -> float | None:
        answer = await tool({"prompt": "a red kite", "backend": "xai", "dry_run": True, **arguments}, WAIT_FOR_END)
        assert isinstance(answer, MediaResult)
        assert answer.cost
        return answer.cost.usd

    async with opened(fake, tmp_path) as engine:
        still = await generate(engine, size="1K", quality="medium")
        film = await generate(engine, kind="video", duration=1)
        first_frame = f"media://{still.continuation_id}"
        of_three = partial(estimate, engine.generate, size="1K", quality="medium", image=[first_frame] * 3)
        assert await estimate(engine.continue_edit, continuation_id=still.continuation_id) == 0.07
        assert await of_three(n=2) == 0.15
        with pytest.raises(OverBudget):
            await of_three(max_cost_usd=0.06, model="grok-imagine-image-2.0")
        assert await of_three(max_cost_usd=0.06) == 0.026  # the model that stays below the limit
        assert await estimate(engine.generate, kind="video", max_cost_usd=0.64) == 0.64
        assert await estimate(engine.generate, kind="video", first_frame=first_frame) == 0.65
        assert await estimate(engine.generate, kind="video", draft=True, first_frame=first_frame) == 0.402
        # An edited video is as large and as long as the earlier one, which the estimate does not know.
        assert await estimate(engine.continue_edit, continuation_id=film.continuation_id) == 1.05
        assert fake.paid() == 2


async def test_declined_prompt_goes_to_no_other_model(fake: FakeXAI, tmp_path: Path) -> None:
    fake.script(IMAGE, Reply(code="INVALID_ARGUMENT", details="Rejected by content moderation."))
    async with opened(fake, tmp_path) as engine:
        with pytest.raises(Refused):
            await generate(engine)
    assert fake.paid() == 1
