"""What only the whole server can do with fal: look up an endpoint, check its options, price it and save its files."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import continue_edit, generate, running_engine
from fakes.fal import FakeFal
from fakes.fal.endpoints import FRESH, FRESH_EDIT
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.errors import InvalidRequest, OverBudget
from mediasmith.runtime.clock import SystemClock
from mediasmith.testing import png
from mediasmith_backends.fal import backend

URI = f"data:image/png;base64,{base64.b64encode(png()).decode()}"


@pytest.fixture
async def engine(fake: FakeFal, tmp_path: Path) -> AsyncGenerator[Engine]:
    fake.settings(polls=0)
    swift = replace(backend, capabilities=tuple(replace(one, every=0.01) for one in backend.capabilities))
    async with running_engine(tmp_path, swift, clock=SystemClock(), env=fake.env()) as engine:
        yield engine


async def test_an_endpoint_that_no_list_has_is_used_by_its_id(fake: FakeFal, engine: Engine) -> None:
    result = await generate(engine, kind="image", model=FRESH, options={"style": "ink"}, aspect_ratio="16:9", n=2)
    assert (result.status, result.model, len(result.files)) == ("done", FRESH, 2)
    assert result.cost
    assert result.cost.usd == pytest.approx(0.06)
    (sent,) = [one["body"] for one in fake.log() if one["method"] == "POST"]
    assert sent == {"prompt": "a red kite", "style": "ink", "image_size": "landscape_16_9", "num_images": 2}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "needs option style"),
        ({"options": {"style": "chalk"}}, "takes option style otherwise|style"),
        ({"options": {"style": "ink"}, "output_format": "png"}, "output_format"),
    ],
)
async def test_what_its_schema_does_not_accept_is_refused_before_paying(
    fake: FakeFal, engine: Engine, given: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        await generate(engine, kind="image", backend="fal", model=FRESH, **given)
    assert not fake.paid_requests()


async def test_its_price_counts_against_a_limit(fake: FakeFal, engine: Engine) -> None:
    with pytest.raises(OverBudget):
        await generate(engine, kind="image", model=FRESH, options={"style": "ink"}, max_cost_usd=0.01)
    assert not fake.paid_requests()


async def test_a_model_may_take_files_that_others_of_its_kind_do_not(fake: FakeFal, engine: Engine) -> None:
    result = await generate(engine, kind="music", backend="fal", model="fal-ai/lyria3", image=[URI])
    assert result.status == "done"
    (sent,) = [one["body"] for one in fake.log() if one["method"] == "POST"]
    assert sent == {"prompt": "a red kite", "image_url": URI}


@pytest.mark.parametrize(("named", "used"), [({}, "fal-ai/flux-2/edit"), ({"model": FRESH_EDIT}, FRESH_EDIT)])
async def test_a_result_is_edited_by_an_endpoint_for_edits(
    fake: FakeFal, engine: Engine, named: dict[str, str], used: str
) -> None:
    first = await generate(engine, kind="image", backend="fal", size="64x64")
    second = await continue_edit(engine, first.continuation_id, **named)
    assert (second.status, second.model) == ("done", used)
    _, sent = [one["body"] for one in fake.log() if one["method"] == "POST"]
    assert "make it blue" in sent["prompt"]
    assert sent["image_urls"][0].startswith("data:image/png;base64,")


async def test_an_endpoint_is_found_by_a_text(engine: Engine) -> None:
    found = await engine.list_backends({"backend": "fal", "kind": "image", "query": "fresh"})
    assert [(one.id, one.price) for one in found.models] == [(FRESH, "0.03 USD per image")]


async def test_a_price_by_the_megapixel_is_estimated_without_a_size(fake: FakeFal, engine: Engine) -> None:
    result = await generate(engine, kind="image", backend="fal", dry_run=True)
    assert result.cost
    assert result.cost.usd == pytest.approx(0.012 * 1.048576)
    assert not fake.paid_requests()


async def test_a_size_is_converted_to_what_the_endpoint_takes(fake: FakeFal, engine: Engine) -> None:
    result = await generate(engine, kind="image", backend="fal", size="1K", aspect_ratio="1:1")
    assert result.status == "done"
    (sent,) = [one["body"] for one in fake.log() if one["method"] == "POST"]
    assert sent.get("image_size") == {"width": 1024, "height": 1024} or sent.get("resolution") == "1K"
