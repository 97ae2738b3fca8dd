"""What only the whole server can do with OpenRouter: choose, price and limit the models that it lists."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import continue_edit, generate
from fakes.openrouter import FakeOpenRouter
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.errors import MediaError, OverBudget
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import png
from mediasmith_backends.openrouter import backend

IMAGES, VIDEOS = "GET /api/v1/images/models", "GET /api/v1/videos/models"
GENERATE, TALK, SUBMIT = "POST /api/v1/images", "POST /api/v1/chat/completions", "POST /api/v1/videos"
NEW: dict[str, Any] = {
    "id": "acme/new",
    "supported_parameters": {
        "seed": {"type": "boolean"},
        "resolution": {"type": "enum", "values": ["1K"]},
        "input_references": {"type": "range", "min": 0, "max": 1},
    },
}


@pytest.fixture
async def engine(fake: FakeOpenRouter, tmp_path: Path) -> AsyncGenerator[Engine]:
    swift = replace(backend, capabilities=tuple(replace(one, every=0.01) for one in backend.capabilities))
    async with open_engine(
        settings=Settings(data_dir=tmp_path / "data", output_dir=tmp_path / "out"),
        env=fake.env(),
        backends=Registry(backends={"openrouter": swift}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


def listing(*models: dict[str, Any]) -> dict[str, Any]:
    return {"status": 200, "body": {"data": models}}


def sent(fake: FakeOpenRouter) -> Any:
    """Return the body of the last request."""
    return fake.log()[-1]["body"]


async def test_a_listed_model_is_used_with_the_words_that_it_accepts(fake: FakeOpenRouter, engine: Engine) -> None:
    fake.script(IMAGES, listing(NEW))
    fake.script(GENERATE, {"status": 200, "body": {"data": [{"b64_json": base64.b64encode(png()).decode()}]}})
    result = await generate(engine, kind="image", model="acme/new", seed=7, size="1K", quality="high")
    assert (result.status, result.model) == ("done", "acme/new")
    assert (sent(fake)["seed"], sent(fake)["resolution"]) == (7, "1K")
    assert "quality" not in sent(fake)
    assert ["quality" in warning for warning in result.warnings] == [True]


@pytest.mark.parametrize(
    ("given", "reason"), [({"size": "4K"}, "takes size 1K"), ({"output_format": "png"}, "output_format")]
)
async def test_what_a_listed_model_does_not_accept_is_refused_before_paying(
    fake: FakeOpenRouter, engine: Engine, given: dict[str, Any], reason: str
) -> None:
    fake.script(IMAGES, listing(NEW))
    with pytest.raises(MediaError, match=reason):
        await generate(engine, kind="image", backend="openrouter", model="acme/new", **given)
    assert fake.paid() == 0


async def test_a_listed_video_is_priced_by_the_list(fake: FakeOpenRouter, engine: Engine) -> None:
    fake.script(VIDEOS, listing({"id": "acme/film", "pricing_skus": {"per-video-second": "0.5"}}))
    with pytest.raises(OverBudget):
        await generate(engine, kind="video", model="acme/film", duration=10, max_cost_usd=4)
    assert fake.paid() == 0


async def test_without_a_list_the_declared_models_are_used(fake: FakeOpenRouter, engine: Engine) -> None:
    fake.script(IMAGES, {"status": 500, "body": {}})
    result = await generate(engine, kind="image", backend="openrouter")
    assert (result.status, result.model) == ("done", "google/gemini-3-pro-image")


async def test_a_model_that_only_converses_is_found_by_its_name_and_continued(
    fake: FakeOpenRouter, engine: Engine
) -> None:
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    thought = {"type": "reasoning.encrypted", "data": "x"}
    message = {"role": "assistant", "images": [{"image_url": {"url": url}}], "reasoning_details": [thought]}
    fake.script(TALK, *[{"status": 200, "body": {"choices": [{"message": message}]}}] * 2)
    first = await generate(engine, kind="image", backend="openrouter", model="acme/talks", size="1K")
    assert (first.status, first.model) == ("done", "acme/talks")
    assert any("may ignore size" in warning for warning in first.warnings)
    again = await continue_edit(engine, first.continuation_id)
    assert again.status == "done"
    assert [message["role"] for message in sent(fake)["messages"]] == ["user", "assistant", "user"]
    assert fake.counts()[TALK] == 2


async def test_a_video_is_saved_with_its_cost(fake: FakeOpenRouter, engine: Engine) -> None:
    result = await generate(engine, kind="video", backend="openrouter", duration=4, size="480p")
    assert (result.status, result.files[0].mime) == ("done", "video/mp4")
    assert result.cost
    assert result.cost.usd == pytest.approx(0.4)
