"""What an image can be asked for, and which of OpenAI's interfaces makes it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from fakes.openai import FakeOpenAI
from mediasmith.plugin.contract import Accepted, Model
from mediasmith.plugin.errors import StateGone
from mediasmith.plugin.media import parse_size
from mediasmith.testing import AdapterHarness, MemorySource, png
from mediasmith_backends.openai import backend
from mediasmith_backends.openai.image_params import size_for_ratio
from mediasmith_backends.openai.responses_api import ResponseReference

GENERATE, EDIT, RESPOND = "POST /v1/images/generations", "POST /v1/images/edits", "POST /v1/responses"
IMAGE = backend.capabilities[0]
SMALL = "1024x640"
KITE, BOAT = MemorySource(), MemorySource(b"\xff\0\0")
MASK = MemorySource(b"\0\0\0\0")
STATE = ResponseReference(response="resp_1")
OTHER_MODEL = Model(id="flux-3")


def heavy() -> MemorySource:
    source = MemorySource()
    source.size = 20_000_000
    return source


ROUTES: Mapping[str, tuple[dict[str, Any], str]] = {
    "a plain image": ({}, RESPOND),
    "with references": ({"inputs": {"image": [KITE, BOAT]}}, RESPOND),
    "transparent webp": ({"background": "transparent", "output_format": "webp"}, RESPOND),
    "several": ({"n": 2}, GENERATE),
    "a gif": ({"output_format": "gif", "frame_count": 2}, GENERATE),
    "an svg": ({"output_format": "svg"}, GENERATE),
    "a gateway's model": ({"model": OTHER_MODEL}, GENERATE),
    "with a mask": ({"inputs": {"image": [KITE], "mask": [MASK]}}, EDIT),
    "several with references": ({"n": 2, "inputs": {"image": [KITE]}}, EDIT),
    "with heavy references": ({"inputs": {"image": [heavy()]}}, EDIT),
}


@pytest.mark.parametrize("case", ROUTES)
async def test_each_image_is_one_request_on_one_route(fake: FakeOpenAI, image: AdapterHarness, case: str) -> None:
    given, route = ROUTES[case]
    if "model" in given:
        fake.script(route, {"body": {"data": [{"b64_json": base64.b64encode(png()).decode()}]}})
    answer = await image.start(**{"size": SMALL, **given})
    assert fake.counts() == {route: 1}
    assert isinstance(answer, Accepted) == (route == RESPOND)


@pytest.mark.parametrize("given", [{"inputs": {"image": [KITE], "mask": [MASK]}}, {"output_format": "gif"}])
async def test_what_a_conversation_cannot_do_is_left_to_the_saved_file(
    fake: FakeOpenAI, image: AdapterHarness, given: dict[str, Any]
) -> None:
    error = await image.failure_of(state=STATE, size=SMALL, **given)
    assert (type(error), error.billed) == (StateGone, "no")
    assert fake.counts() == {}


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        *(("1:1", "1024x1024"), ("3:2", "1536x1024"), ("2:3", "1024x1536"), ("6:4", "1536x1024")),
        *((ratio, None) for ratio in ("16:9", "9:16", "4:3", "21:9", "2.35:1", "3:1", "1:3")),
    ],
)
def test_an_aspect_ratio_becomes_a_size_of_its_shape(ratio: str, size: str | None) -> None:
    found = size_for_ratio(ratio)
    width, height = parse_size(found)
    wide, _, high = ratio.partition(":")
    assert found == size or (size is None and width * height in range(1_000_000, 1_600_000))
    assert width / height == pytest.approx(float(wide) / float(high), rel=0.01)


async def test_the_size_for_an_aspect_ratio_is_sent(fake: FakeOpenAI, image: AdapterHarness) -> None:
    await image.submit(aspect_ratio="3:2")
    assert fake.log()[0]["body"]["tools"][0]["size"] == "1536x1024"


REFUSED: Mapping[str, tuple[dict[str, Any], str]] = {
    "two shapes": ({"aspect_ratio": "1:1"}, "not both"),
    "a wide ratio": ({"size": None, "aspect_ratio": "4:1"}, "1:3 to 3:1"),
    "a tier": ({"size": "2K"}, "WIDTHxHEIGHT"),
    "odd sides": ({"size": "1000x1000"}, "multiples of 16"),
    "long sides": ({"size": "4096x2048"}, "3840"),
    "a wide size": ({"size": "3200x1024"}, "1:3 to 3:1"),
    "few pixels": ({"size": "512x512"}, "655,360"),
    "many pixels": ({"size": "3840x2176"}, "8,294,400"),
    "transparent jpeg": ({"background": "transparent", "output_format": "jpeg"}, "png or webp"),
    "transparent gif": ({"background": "transparent", "output_format": "gif"}, "png or webp"),
    "compressed png": ({"output_compression": 50}, "jpeg or webp"),
    "frames of a png": ({"frame_count": 3}, "gif"),
    "frame duration of a webp": ({"frame_duration_ms": 100, "output_format": "webp"}, "gif"),
    "two svgs": ({"n": 2, "output_format": "svg"}, "one svg at a time"),
    "author of a png": ({"svg_model": "gpt-6-sol"}, "svg"),
    "mask of a gif": ({"output_format": "gif", "inputs": {"image": [KITE], "mask": [MASK]}}, "no mask"),
    "mask of nothing": ({"inputs": {"mask": [MASK]}}, "only with the image"),
    "moderation of an edit": ({"moderation": "low", "inputs": {"image": [KITE], "mask": [MASK]}}, "moderation"),
    "several continued": ({"n": 2, "state": STATE}, "one image at a time"),
}


def refusal(given: dict[str, Any]) -> str:
    asked: dict[str, Any] = {"size": SMALL, **given}
    return IMAGE.refuses(AdapterHarness(backend, None).call(**asked))


@pytest.mark.parametrize("case", REFUSED)
def test_parameters_that_do_not_go_together_are_refused(case: str) -> None:
    given, words = REFUSED[case]
    assert words in refusal(given)


@pytest.mark.parametrize(
    "given",
    [
        *({"size": size} for size in ("1024x1024", "3840x2160", "2160x3840", "2048x1152", "1920x640")),
        {"size": "512x512", "model": OTHER_MODEL},
        {"output_format": "webp", "background": "transparent", "output_compression": 0},
        {"moderation": "low", "inputs": {"image": [KITE]}},
        {"moderation": "low", "n": 4},
        {"inputs": {"mask": [MASK]}, "state": STATE},
    ],
)
def test_parameters_that_go_together_are_not_refused(given: dict[str, Any]) -> None:
    assert refusal(given) == ""


def test_a_model_accepts_what_its_generation_does() -> None:
    models = {model.id: model for model in IMAGE.models}
    assert models["gpt-image-2.6-flare"].draft
    assert not models["gpt-image-2.6-sunburst"].accepts
    assert "svg" not in str(models["gpt-image-2.5-flare"].accepts["output_format"])
    assert "max" not in str(models["gpt-image-2"].accepts["quality"])
    assert models["gpt-image-1.5"].accepts["size"] == ("1024x1024", "1536x1024", "1024x1536")
    assert str(models["gpt-image-1-mini"].retires) == "2026-12-01"


def test_there_is_a_price_for_each_quality_and_standard_size() -> None:
    newest = IMAGE.models[0]
    max_square = [price.usd for price in newest.prices if price.when == {"quality": "max", "size": "1024x1024"}]
    assert max_square == [0.2107]
    assert len(newest.prices) == 15
    assert all(price.per == "image" and price.source.startswith("https://") for price in newest.prices)
