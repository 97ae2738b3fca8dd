"""Images made by the Images API: what is sent, and what becomes of the answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from fakes.openai import KEY, FakeOpenAI
from mediasmith.plugin.contract import Model, Remote
from mediasmith.plugin.errors import InvalidRequest, ProviderError
from mediasmith.testing import AdapterHarness, MemorySource, png, signed_in
from mediasmith.testing.relay import relay
from mediasmith.testing.wire import Answer
from mediasmith_backends.openai import backend

GENERATE, EDIT = "POST /v1/images/generations", "POST /v1/images/edits"
SMALL = "1024x640"
KITE, BOAT = MemorySource(), MemorySource(b"\xff\0\0")
MASK = MemorySource(b"\0\0\0\0")
GOOD = {"b64_json": base64.b64encode(png()).decode()}


async def test_several_images_are_one_paid_request(fake: FakeOpenAI, image: AdapterHarness) -> None:
    result = await image.generate(size=SMALL, n=3, quality="low")
    assert len({output.body for output in result.outputs}) == 3
    assert {(output.mime, output.state) for output in result.outputs} == {("image/png", None)}
    assert (result.complete, result.cost_usd) == (True, None)
    assert (result.details["size"], result.details["quality"]) == (SMALL, "low")
    assert result.used == {"size": SMALL, "quality": "low"}
    usage: Any = result.details["usage"]
    assert usage["output_tokens"] > 0
    assert fake.log()[0]["body"] == {
        "model": "gpt-image-2.6-sunburst",
        "prompt": "a red kite",
        "size": SMALL,
        "quality": "low",
        "n": 3,
    }


async def test_a_gif_has_frames_and_an_svg_its_author(fake: FakeOpenAI, image: AdapterHarness) -> None:
    gif = await image.generate(size=SMALL, output_format="gif", frame_count=3, frame_duration_ms=100)
    svg = await image.generate(size=SMALL, output_format="svg", svg_model="gpt-6-sol")
    assert [one.outputs[0].mime for one in (gif, svg)] == ["image/gif", "image/svg+xml"]
    sent = [request["body"] for request in fake.log()]
    assert (sent[0]["frame_count"], sent[0]["frame_duration_ms"]) == (3, 100)
    assert sent[1]["svg"] == {"model": "gpt-6-sol"}
    assert isinstance(svg.details["svg_usage"], Mapping)


async def test_references_and_a_mask_are_files_with_name_and_type(fake: FakeOpenAI, image: AdapterHarness) -> None:
    await image.generate(size=SMALL, inputs={"image": [KITE, BOAT], "mask": [MASK]})
    files = fake.log()[0]["body"]["files"]
    assert [(file["field"], file["name"], file["mime"]) for file in files] == [
        ("image[]", "sample.png", "image/png"),
        ("image[]", "sample.png", "image/png"),
        ("mask", "sample.png", "image/png"),
    ]


def resized() -> MemorySource:
    mask = MemorySource(b"\0\0\0\0")
    mask.dimensions = (8, 8)
    return mask


@pytest.mark.parametrize(("mask", "word"), [(BOAT, "transparent"), (resized(), "size")])
async def test_a_mask_that_does_not_fit_is_refused_before_it_is_sent(
    fake: FakeOpenAI, image: AdapterHarness, mask: MemorySource, word: str
) -> None:
    error = await image.failure_of(size=SMALL, inputs={"image": [KITE], "mask": [mask]})
    assert (type(error), error.billed) == (InvalidRequest, "no")
    assert error.message.startswith("mask: ")
    assert word in error.message
    assert fake.counts() == {}


def answer(*images: object, **more: object) -> dict[str, Any]:
    return {"body": {"created": 1, "data": images, **more}}


async def test_base64_may_be_in_lines_and_an_answer_may_grow(fake: FakeOpenAI, image: AdapterHarness) -> None:
    text = base64.encodebytes(png(64, 64)).decode()
    item = {"b64_json": f"\n {text}\t", "revised_prompt": "a kite, red", "mood": "bright"}
    fake.script(GENERATE, answer(item, item, usage="free", tomorrow=[1]))
    result = await image.generate(n=2)
    assert [output.body for output in result.outputs] == [png(64, 64)] * 2
    assert result.details == {"revised_prompt": "a kite, red", "usage": "free"}
    assert result.used == {}


async def test_the_url_that_a_gateway_answers_is_left_to_the_server(fake: FakeOpenAI, image: AdapterHarness) -> None:
    fake.script(GENERATE, answer({"url": "https://files.example/kite.png"}))
    result = await image.generate(model=Model(id="flux-3"))
    assert result.outputs[0].body == Remote(url="https://files.example/kite.png")


async def test_a_path_that_a_gateway_answers_is_below_the_base_url_and_gets_the_key(
    fake: FakeOpenAI, image: AdapterHarness
) -> None:
    fake.script(GENERATE, answer({"url": "/images/kite.png"}))
    (output,) = (await image.generate(model=Model(id="flux-3"))).outputs
    host = fake.base_url.removesuffix("/").removesuffix("/v1")
    assert output.body == Remote(url=f"{host}/images/kite.png", headers={"authorization": f"Bearer {KEY}"})


@pytest.mark.parametrize(
    "body",
    [
        {"images": [{"url": f"data:image/png;base64,{GOOD['b64_json']}"}]},
        {"images": [GOOD["b64_json"]]},
        {"data": [{"image_url": {"url": f"data:image/png;base64,{GOOD['b64_json']}"}}]},
        {"image": GOOD["b64_json"]},
    ],
)
async def test_an_image_in_another_form_of_gateways_is_read(body: object) -> None:
    assert await images_in(json.dumps(body).encode(), "application/json") == [png()]


async def test_an_answer_that_is_the_image_itself_is_read() -> None:
    assert await images_in(png(), "image/png") == [png()]


async def images_in(body: bytes, mime: str) -> list[object]:
    """Return the images that a gateway's answer holds."""
    with relay("http://127.0.0.1:9") as gateway:
        gateway.script(Answer(status=200, body=body, mime=mime))
        async with signed_in(backend, gateway.url, KEY) as harness:
            return [output.body for output in (await harness.generate(n=2)).outputs]


@pytest.mark.parametrize(
    ("images", "bodies"),
    [((GOOD, {"b64_json": "%%%"}, {"url": ""}), [png(), b"%%%"]), (("text", GOOD), [png()]), ((GOOD,), [png()])],
)
async def test_every_image_is_kept_with_what_cannot_be_read(
    fake: FakeOpenAI, image: AdapterHarness, images: tuple[object, ...], bodies: list[bytes]
) -> None:
    fake.script(GENERATE, answer(*images))
    result = await image.generate(n=3)
    assert [output.body for output in result.outputs] == bodies
    assert not result.complete


@pytest.mark.parametrize("images", [({"b64_json": "%%%"},), ()])
async def test_an_answer_without_an_image_is_an_error(
    fake: FakeOpenAI, image: AdapterHarness, images: tuple[object, ...]
) -> None:
    fake.script(GENERATE, answer(*images))
    assert isinstance(await image.failure_of(n=2), ProviderError)
