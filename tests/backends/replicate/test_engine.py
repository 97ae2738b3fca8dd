"""What only the whole server can do with Replicate: find models, look them up, price them, and edit what they made."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import continue_edit, generate
from fakes.replicate import PREDICT, PREDICT_VERSION, FakeReplicate
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.errors import MediaError, OverBudget
from mediasmith.runtime.clock import SystemClock
from mediasmith_backends.replicate import backend

DESCRIBE = "GET /v1/models/{owner}/{name}"


@pytest.fixture
async def engine(fake: FakeReplicate, tmp_path: Path) -> AsyncGenerator[Engine]:
    swift = replace(backend, capabilities=tuple(replace(one, every=0.01) for one in backend.capabilities))
    async with open_engine(
        settings=Settings(data_dir=tmp_path / "data", output_dir=tmp_path / "out"),
        env=fake.env(),
        backends=Registry(backends={"replicate": swift}, broken={}),
        clock=SystemClock(),
    ) as engine:
        yield engine


def sent(fake: FakeReplicate) -> list[Any]:
    """Return the inputs of the paid requests."""
    return [entry["body"]["input"] for entry in fake.log() if entry["path"].endswith("/predictions")]


async def test_a_model_that_is_named_is_looked_up_with_all_that_it_takes(fake: FakeReplicate, engine: Engine) -> None:
    result = await generate(engine, model="acme/kites", size="640x480", n=2, options={"scheduler": "k_euler"})
    assert (result.status, result.model, [file.mime for file in result.files]) == (
        *("done", "acme/kites"),
        ["image/png"] * 2,
    )
    assert sent(fake) == [
        {"prompt": "a red kite", "width": 640, "height": 480, "num_outputs": 2, "scheduler": "K_EULER"}
    ]
    assert fake.counts()[PREDICT_VERSION] == fake.paid() == 1


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"model": "acme/kites", "options": {"scheduler": "EULER"}}, "scheduler"),
        ({"model": "acme/kites", "output_format": "png"}, "output_format"),
        ({"model": "acme/kites", "size": "640x480", "aspect_ratio": "1:1"}, "not both"),
        ({"model": "acme/none"}, "acme/none"),
        ({"model": "acme/talker"}, "acme/talker"),
        ({"model": "bytedance/seedance-2.0", "kind": "image"}, "seedance"),
    ],
)
async def test_what_a_model_does_not_take_or_make_is_refused_before_paying(
    fake: FakeReplicate, engine: Engine, given: dict[str, Any], reason: str
) -> None:
    with pytest.raises(MediaError, match=reason):
        await generate(engine, backend="replicate", **given)
    assert fake.paid() == 0


async def test_a_file_is_edited_by_sending_it(fake: FakeReplicate, engine: Engine) -> None:
    first = await generate(engine, backend="replicate", output_format="png")
    again = await continue_edit(engine, first.continuation_id)
    assert (again.status, again.model) == ("done", "black-forest-labs/flux-2-pro")
    plain, edit = sent(fake)
    assert "input_images" not in plain
    assert [url.partition(",")[0] for url in edit["input_images"]] == ["data:image/png;base64"]


async def test_without_a_price_a_limit_refuses(fake: FakeReplicate, engine: Engine) -> None:
    with pytest.raises(OverBudget, match="price"):
        await generate(engine, backend="replicate", max_cost_usd=5)
    assert fake.paid() == 0


async def test_a_result_has_no_cost_and_says_how_long_the_model_ran(fake: FakeReplicate, engine: Engine) -> None:
    result = await generate(engine, backend="replicate", kind="music", prompt="a slow waltz")
    assert (result.status, result.files[0].mime) == ("done", "audio/mpeg")
    assert result.cost is None or result.cost.usd is None
    assert result.details["predict_seconds"] == 2.5
    assert fake.counts()[PREDICT] == 1


async def test_models_are_found_by_a_text(fake: FakeReplicate, engine: Engine) -> None:
    found = await engine.list_backends({"backend": "replicate", "query": "kites"})
    assert [(model.id, model.kind) for model in found.models] == [("acme/kites", "image")]
    assert fake.paid() == 0


async def test_a_declared_model_that_is_gone_is_not_tried(fake: FakeReplicate, engine: Engine) -> None:
    fake.settings(retired=["black-forest-labs/flux-2-pro"])
    result = await generate(engine, backend="replicate")
    assert (result.status, result.model) == ("done", "google/nano-banana-2")
    assert fake.counts()[PREDICT] == 1


async def test_where_replicate_does_not_describe_them_the_declared_models_are_used(
    fake: FakeReplicate, engine: Engine
) -> None:
    fake.script(DESCRIBE, {"status": 500, "body": {}, "times": 3})
    result = await generate(engine, backend="replicate", draft=True)
    assert (result.status, result.model) == ("done", "black-forest-labs/flux-schnell")
