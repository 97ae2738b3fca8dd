"""Pictures through OpenRouter: what is asked of each model, on which route, and what comes of the answers."""

from __future__ import annotations

import base64
import threading
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.engines import PATIENT, opened
from fakes.openrouter import KEY, FakeOpenRouter, running
from mediasmith.plugin.contract import Model, Range, Request, Result
from mediasmith.plugin.errors import InvalidRequest, MediaError, ModelGone, Unsuitable
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, MemorySource, png, signed_in
from mediasmith_backends.openrouter import backend, client, images

DRAW, LIST = "POST /api/v1/images", "GET /api/v1/images/models"
IMAGE = backend.capabilities[0]
GPT, SEEDREAM, FLUX = "openai/gpt-image-2", "bytedance-seed/seedream-4.5", "black-forest-labs/flux.2-pro"
KITE, BOAT = MemorySource(), MemorySource(b"\xff\0\0")
PICTURE = base64.b64encode(png()).decode()

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeOpenRouter) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=IMAGE) as hands:
        yield hands


def ask(
    model: str = "",
    *,
    listed: bool = True,
    inputs: Mapping[str, Any] | None = None,
    **params: Any,
) -> Request[Any]:
    """A call to a model that stands in the table, or to one that is only `listed` where callers find it."""
    known = {one.id: one for one in IMAGE.models} if listed else {}
    given: Any = inputs or {}
    one = known.get(model, Model(id=model)) if model else IMAGE.models[0]
    return Request(model=one, prompt="a red kite", params=IMAGE.params(**params), inputs=given)


async def made(hands: AdapterHarness, asked: Request[Any]) -> Result:
    result = await IMAGE.start(hands.of(asked))
    assert isinstance(result, Result)
    return result


async def failed(hands: AdapterHarness, asked: Request[Any]) -> MediaError:
    known = None
    try:
        await IMAGE.start(hands.of(asked))
    except Exception as error:  # noqa: BLE001 - what it was is looked at
        known = error if isinstance(error, MediaError) else backend.explain(error)
    assert known
    return known


def sent(fake: FakeOpenRouter) -> Any:
    """The body of the last request."""
    return fake.log()[-1]["body"]


# One request


async def test_a_tier_goes_out_as_a_resolution_and_pixels_as_a_size(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    await made(hands, ask(SEEDREAM, size="2K", aspect_ratio="16:9", seed=7))
    assert sent(fake) == {
        "model": SEEDREAM,
        "prompt": "a red kite",
        "resolution": "2K",
        "aspect_ratio": "16:9",
        "seed": 7,
    }
    await made(hands, ask(SEEDREAM, size="640x480"))
    assert sent(fake) == {"model": SEEDREAM, "prompt": "a red kite", "size": "640x480"}


async def test_every_picture_comes_with_its_type_and_the_call_with_its_cost(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    result = await made(hands, ask(SEEDREAM, n=3, size="64x64"))
    bodies = [output.body for output in result.outputs]
    assert [output.mime for output in result.outputs] == ["image/png"] * 3
    assert {sniff(body) for body in bodies if isinstance(body, bytes)} == {"image/png"}
    assert len(set(map(str, bodies))) == 3
    assert (result.complete, result.cost_usd) == (True, pytest.approx(0.12))
    assert fake.counts() == {DRAW: 1}


async def test_references_are_shown_in_their_order(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    await made(hands, ask(inputs={"image": [KITE, BOAT]}))
    urls = [await source.data_uri() for source in (KITE, BOAT)]
    assert sent(fake)["input_references"] == [{"type": "image_url", "image_url": {"url": url}} for url in urls]


async def test_vectors_are_told_as_what_they_are(hands: AdapterHarness) -> None:
    (output,) = (await made(hands, ask("recraft/recraft-v4-vector", output_format="svg"))).outputs
    assert output.mime == "image/svg+xml"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (ask(GPT, size="640x480", aspect_ratio="4:3"), "not both"),
        (ask(GPT, size="512"), "1K, 1.5K, 2K, 4K or WxH"),
        (ask(GPT, background="transparent", output_format="jpeg"), "png or webp"),
        (ask(GPT, output_compression=40), "jpeg or webp"),
        (ask(GPT, output_compression=40, output_format="png"), "jpeg or webp"),
        (ask(inputs={"image": [KITE] * 15}), "at most 14 image"),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_asked(asked: Request[Any], reason: str) -> None:
    assert reason in IMAGE.refuses(asked)


@pytest.mark.parametrize(
    "asked",
    [
        ask(GPT, size="640x480"),
        ask(GPT, size="1.5K", aspect_ratio="4:3", background="transparent", output_format="webp"),
        ask(GPT, output_compression=40, output_format="jpeg"),
        ask(inputs={"image": [KITE] * 14}),
        ask("acme/new", size="512", inputs={"image": [KITE] * 16}),
    ],
)
def test_what_goes_together_is_not_refused(asked: Request[Any]) -> None:
    assert not IMAGE.refuses(asked)


async def test_a_part_of_an_answer_that_is_broken_does_not_cost_the_rest(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    data = [{"b64_json": "?"}, {"b64_json": PICTURE, "media_type": 7}, {"b64_json": None}, "text", {"b64_json": ""}]
    fake.script(DRAW, {"status": 200, "body": {"data": data, "usage": {"cost": "many"}}})
    result = await made(hands, ask(SEEDREAM, n=2))
    assert [(output.body, output.mime) for output in result.outputs] == [(png(), "image/png")]
    assert (result.complete, result.cost_usd) == (False, None)


async def test_a_large_picture_comes_whole_and_the_loop_stays_free_meanwhile(
    fake: FakeOpenRouter, hands: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def noted(module: object, name: str) -> None:
        work = getattr(module, name)

        def done(*given: Any) -> Any:
            threads.append(threading.current_thread())
            return work(*given)

        monkeypatch.setattr(module, name, done)

    noted(client, "_written")
    noted(images, "decoded")
    fake.script(DRAW, {"fixed": "png"})
    (output,) = (await made(hands, ask(inputs={"image": [KITE]}))).outputs
    assert isinstance(output.body, bytes)
    assert len(output.body) > 1_400_000
    assert len(threads) == 2
    assert threading.main_thread() not in threads


# What goes to the provider behind a model


async def test_options_are_passed_on_once_their_provider_is_known_to_take_them(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    options = {"black-forest-labs": {"steps": 40, "guidance": 3}}
    await made(hands, ask(FLUX, provider_options=options))
    assert sent(fake)["provider"] == {"options": options}
    assert fake.paid() == 1
    assert not hands.warnings


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        (FLUX, {"black-forest-labs": {"stride": 1}}, "steps, guidance, not stride"),
        (FLUX, {"openai": {"steps": 1}}, "served by black-forest-labs, not by openai"),
        (SEEDREAM, {"seed": {"steps": 1}}, "takes no option, not steps"),
    ],
)
async def test_options_that_would_be_dropped_are_refused(
    fake: FakeOpenRouter, hands: AdapterHarness, model: str, options: Any, reason: str
) -> None:
    told = await failed(hands, ask(model, provider_options=options))
    assert isinstance(told, InvalidRequest)
    assert reason in str(told)
    assert fake.paid() == 0


async def test_options_for_one_of_several_providers_are_warned_about(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    endpoints = [
        {"provider_slug": slug, "allowed_passthrough_parameters": ["steps"]} for slug in ("black-forest-labs", "x")
    ]
    route = "GET /api/v1/images/models/{author}/{slug}/endpoints"
    fake.script(route, {"status": 200, "body": {"endpoints": endpoints}})
    await made(hands, ask(FLUX, provider_options={"black-forest-labs": {"steps": 4}}))
    assert "provider_options" in hands.warnings[0]


# Models that stand in no table


async def test_a_model_that_is_only_listed_is_asked_for_what_it_takes(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    await made(hands, ask(SEEDREAM, listed=False, quality="high", size="2K", seed=7))
    assert sent(fake) == {"model": SEEDREAM, "prompt": "a red kite", "resolution": "2K", "seed": 7}
    assert ["quality" in warning for warning in hands.warnings] == [True]
    await made(hands, ask(GPT, listed=False, quality="high", background="auto"))
    assert sent(fake)["quality"] == "high"
    assert fake.counts() == {LIST: 1, DRAW: 2}


@pytest.mark.parametrize(
    ("model", "given", "reason"),
    [
        (SEEDREAM, {"output_format": "png"}, "does not take output_format"),
        (SEEDREAM, {"size": "512"}, "takes size 2K, 4K"),
        (GPT, {"aspect_ratio": "1:8"}, "takes aspect_ratio 1:1"),
        (FLUX, {"size": "4K"}, "takes size 512, 768, 1K, 2K"),
        (FLUX, {"n": 2}, "does not take n"),
        (FLUX, {"inputs": {"image": [KITE] * 9}}, "at most 8 image"),
        ("recraft/recraft-v4-vector", {"inputs": {"image": [KITE]}}, "does not take image"),
    ],
)
async def test_what_a_listed_model_does_not_take_is_refused_before_it_is_paid_for(
    fake: FakeOpenRouter, hands: AdapterHarness, model: str, given: dict[str, Any], reason: str
) -> None:
    told = await failed(hands, ask(model, listed=False, **given))
    assert isinstance(told, InvalidRequest)
    assert reason in str(told)
    assert told.billed == "no"
    assert fake.paid() == 0


async def test_a_model_that_is_not_listed_is_asked_for_again_each_time(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    for _ in range(2):
        told = await failed(hands, ask("acme/new"))
        assert isinstance(told, Unsuitable)
        assert told.billed == "no"
    assert fake.counts() == {LIST: 2}


async def test_a_list_that_cannot_be_had_has_cost_nothing(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    fake.script(LIST, {"status": 500, "body": {}}, {"reset": True}, {"status": 200, "body": {"data": 7}})
    told = [await failed(hands, ask("acme/new")) for _ in range(3)]
    assert [one.billed for one in told] == ["no"] * 3
    assert fake.paid() == 0


async def test_a_list_is_read_as_far_as_it_can_be(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    takes = {
        "aspect_ratio": {"type": "enum", "values": ["1:1", "auto"]},
        "quality": {"type": "enum", "values": ["auto", "low"]},
        "resolution": {"type": "enum", "values": ["1K"]},
        "input_references": {"type": "boolean"},
        "n": {"type": "range", "min": 1, "max": 4},
        "seed": {"type": "of tomorrow"},
        "background": "text",
    }
    nameless: dict[str, Any] = {"supported_parameters": takes}
    items: list[Any] = [7, {"id": "acme/broken"}, nameless, {"id": "acme/new", **nameless}]
    fake.script(LIST, {"status": 200, "body": {"data": items}})
    assert IMAGE.discover
    (model,) = await IMAGE.discover(hands.client)
    assert model.accepts == {
        "aspect_ratio": ("1:1",),
        "size": ("1K",),
        "quality": ("auto", "low"),
        "background": True,
        "output_format": False,
        "output_compression": False,
        "n": Range(low=1, high=4),
        "seed": True,
    }


async def test_the_list_has_the_known_models_first_as_they_are_known(hands: AdapterHarness) -> None:
    assert IMAGE.discover
    found = await IMAGE.discover(hands.client)
    assert [model.id for model in found] == [model.id for model in IMAGE.models]
    assert [(model.draft, model.prices, model.note) for model in found] == [
        (model.draft, model.prices, model.note) for model in IMAGE.models
    ]


async def test_a_model_that_nobody_has_is_told_as_gone(fake: FakeOpenRouter, tmp_path: Path) -> None:
    async with opened(tmp_path, backend, env=fake.env()) as engine:
        asked = {"prompt": "a kite", "kind": "image", "backend": "openrouter", "model": "acme/none"}
        with pytest.raises(ModelGone, match="acme/none"):
            await engine.generate(asked, PATIENT)
