"""Pictures: little is sent, and whatever an engine answers with is read."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from PIL import Image

from fakes.compatible import FakeCompatible
from mediasmith.plugin.contract import Model, Remote, Request
from mediasmith.plugin.errors import InvalidRequest, ProviderError
from mediasmith.testing import AdapterHarness, MemorySource, png, signed_in
from mediasmith_backends.compatible import backend
from mediasmith_backends.compatible.mask import draw_mask

MAKE, EDIT = "POST /v1/images/generations", "POST /v1/images/edits"
CLEAR = b"\x20\x60\xc0\x00"
PLAIN = replace(backend.capabilities[0], models=(Model(id="flux"),))
SCHEME = "data:image/png;base64,"


def sent(fake: FakeCompatible) -> Any:
    """Return the body of the last request."""
    return fake.log()[-1]["body"]


def answered(**image: object) -> dict[str, Any]:
    return {"status": 200, "body": {"data": [image]}}


def encoded(width: int = 16) -> str:
    return base64.b64encode(png(width)).decode()


async def test_little_is_sent(fake: FakeCompatible, image: AdapterHarness) -> None:
    await image.generate()
    assert sent(fake) == {"model": "flux", "prompt": "a red kite", "response_format": "b64_json"}
    assert image.warnings == []


async def test_what_is_asked_for_is_sent_by_its_usual_name(fake: FakeCompatible, image: AdapterHarness) -> None:
    given: dict[str, Any] = {
        "size": "64x32",
        "n": 2,
        "quality": "high",
        "background": "opaque",
        "output_format": "webp",
    }
    await image.generate(**given, extra_body={"num_inference_steps": 4})
    usual = {"model": "flux", "prompt": "a red kite", "response_format": "b64_json"}
    assert sent(fake) == {**usual, **given, "num_inference_steps": 4}
    assert image.warnings == []


async def test_no_model_is_sent_where_none_is_known(fake: FakeCompatible, image: AdapterHarness) -> None:
    await image.generate(model=Model(id="default"))
    assert "model" not in sent(fake)


async def test_fields_that_engines_may_ignore_are_told(fake: FakeCompatible, image: AdapterHarness) -> None:
    await image.generate(seed=7, negative_prompt="rain", steps=4)
    assert {"seed": 7, "negative_prompt": "rain", "steps": 4}.items() <= sent(fake).items()
    [warning] = image.warnings
    assert warning.startswith("Not every engine knows seed, negative_prompt, steps")


async def test_an_aspect_ratio_is_sent_as_a_size(fake: FakeCompatible, image: AdapterHarness) -> None:
    await image.generate(aspect_ratio="16:9")
    assert sent(fake)["size"] == "1344x768"
    assert image.warnings == ["aspect_ratio 16:9 was sent as size 1344x768."]


@pytest.mark.parametrize("model", ["gpt-image-1", "azure/gpt-image-1"])
async def test_gpt_image_is_not_told_how_to_answer(fake: FakeCompatible, image: AdapterHarness, model: str) -> None:
    fake.settings(engine="gpt-image")
    await image.generate(model=Model(id=model))
    assert fake.counts() == {MAKE: 1}


@pytest.mark.parametrize("inputs", [{}, {"image": [MemorySource()]}])
async def test_a_request_is_sent_again_without_the_format_that_is_refused(
    fake: FakeCompatible, image: AdapterHarness, inputs: dict[Any, Any]
) -> None:
    fake.settings(engine="gpt-image")
    result = await image.generate(model=Model(id="painter"), inputs=inputs)
    assert isinstance(result.outputs[0].body, Remote)
    assert [entry["status"] for entry in fake.log()] == [400, 200]


async def test_a_request_that_is_refused_otherwise_is_not_sent_again(
    fake: FakeCompatible, image: AdapterHarness
) -> None:
    for body in ({"error": {"message": "response_format", "param": "prompt"}}, {"error": "response_format"}, "{"):
        fake.script(MAKE, {"status": 400, "body": body})
        assert isinstance(await image.failure_of(), InvalidRequest)
    assert fake.paid() == 3


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (answered(b64_json=encoded()), png()),
        (answered(url=f"{SCHEME}{encoded()}"), png()),
        (answered(url="https://cdn.example/a.png"), Remote(url="https://cdn.example/a.png")),
        (answered(b64_json=None, url="https://cdn.example/a.png"), Remote(url="https://cdn.example/a.png")),
    ],
)
async def test_a_picture_is_read_in_any_form(
    fake: FakeCompatible, image: AdapterHarness, answer: dict[str, Any], body: object
) -> None:
    fake.script(MAKE, answer)
    result = await image.generate()
    assert [output.body for output in result.outputs] == [body]
    assert result.complete


@pytest.mark.parametrize(
    "body",
    [
        {"data": [encoded()]},
        {"data": {"b64_json": encoded()}},
        {"data": [{"image": encoded()}]},
        {"images": [encoded()], "parameters": {}},
        {"output": [f"{SCHEME}{encoded()}"]},
    ],
    ids=["texts", "an object", "another name", "images", "output"],
)
async def test_a_picture_in_a_field_of_the_engines_own_is_found(
    fake: FakeCompatible, image: AdapterHarness, body: Any
) -> None:
    fake.script(MAKE, {"status": 200, "body": body})
    assert [output.body for output in (await image.generate()).outputs] == [png()]


async def test_a_path_leads_to_the_engine(fake: FakeCompatible, image: AdapterHarness) -> None:
    fake.settings(engine="sglang")
    body = (await image.generate()).outputs[0].body
    assert isinstance(body, Remote)
    assert body.url.startswith(f"{fake.url}/v1/images/")


@pytest.mark.parametrize(("host", "sent_there"), [("", True), ("https://cdn.example", False)])
async def test_the_key_follows_a_picture_to_the_engine_alone(fake: FakeCompatible, host: str, sent_there: bool) -> None:
    fake.script(MAKE, answered(url=f"{host}/v1/images/1/content"))
    async with signed_in(backend, fake.base_url, "engine-key") as connected:
        body = (await AdapterHarness(backend, connected.client, PLAIN).generate()).outputs[0].body
    assert isinstance(body, Remote)
    assert body.headers == ({"authorization": "Bearer engine-key"} if sent_there else {})


async def test_fewer_pictures_than_were_asked_for_are_kept_and_told(
    fake: FakeCompatible, image: AdapterHarness
) -> None:
    fake.script(MAKE, answered(b64_json=encoded()))
    result = await image.generate(n=3)
    assert (len(result.outputs), result.complete) == (1, False)
    assert image.warnings == [f"Engine {fake.base_url} made 1 of 3 pictures."]


async def test_a_picture_of_another_size_is_told(fake: FakeCompatible, image: AdapterHarness) -> None:
    fake.script(MAKE, answered(b64_json=encoded(512)))
    await image.generate(size="64x64")
    assert image.warnings == [f"Engine {fake.base_url} made a picture of 512x16, not of size 64x64."]


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Unexpected endpoint or method. Returning 200 anyway"},
        {"data": []},
        {"created": 1},
        [],
        {"data": [{"b64_json": None}]},
    ],
)
async def test_an_answer_without_a_picture_is_an_error_of_the_engine(
    fake: FakeCompatible, image: AdapterHarness, body: Any
) -> None:
    fake.script(MAKE, {"status": 200, "body": body})
    error = await image.failure_of()
    assert isinstance(error, ProviderError)
    assert error.message.startswith(f"Engine {fake.base_url} ")
    assert "200 anyway" in error.message or "anyway" not in str(body)


@pytest.mark.parametrize(("count", "field"), [(1, "image"), (2, "image[]")])
async def test_pictures_to_change_go_in_a_form(
    fake: FakeCompatible, image: AdapterHarness, count: int, field: str
) -> None:
    await image.generate(inputs={"image": [MemorySource()] * count}, size="64x64", n=2)
    assert [file["field"] for file in sent(fake)["files"]] == [field] * count
    usual = {"model": "flux", "prompt": "a red kite", "response_format": "b64_json"}
    assert sent(fake)["fields"] == {**usual, "size": "64x64", "n": "2"}
    assert image.warnings == []


async def test_a_mask_goes_with_the_picture(fake: FakeCompatible, image: AdapterHarness) -> None:
    await image.generate(inputs={"image": [MemorySource()], "mask": [MemorySource(CLEAR)]})
    assert [(file["field"], file["mime"]) for file in sent(fake)["files"]] == [
        ("image", "image/png"),
        ("mask", "image/png"),
    ]


def test_a_mask_means_the_same_by_opacity_and_by_brightness() -> None:
    mask = Image.new("LA", (2, 1), (128, 255))
    mask.putpixel((0, 0), (128, 0))
    file = io.BytesIO()
    mask.save(file, "png")
    with Image.open(io.BytesIO(draw_mask(file.getvalue()))) as drawn:
        assert drawn.mode == "RGBA"
        assert [drawn.getpixel((0, 0)), drawn.getpixel((1, 0))] == [(255, 255, 255, 0), (0, 0, 0, 255)]


async def test_a_mask_that_fits_nothing_is_refused_before_anything_is_sent(
    fake: FakeCompatible, image: AdapterHarness
) -> None:
    solid, other = MemorySource(), MemorySource(CLEAR)
    other.dimensions = (8, 8)
    for mask, reason in ((solid, "transparent where"), (other, "size of the first")):
        error = await image.failure_of(inputs={"image": [MemorySource()], "mask": [mask]})
        assert isinstance(error, InvalidRequest)
        assert reason in error.message
    assert fake.paid() == 0


def request(image: AdapterHarness, prompt: str = "a kite", inputs: Any = None, **params: Any) -> Request[Any]:
    capability = image.capability
    return Request(model=capability.models[0], prompt=prompt, params=capability.params(**params), inputs=inputs or {})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"size": "64x64", "aspect_ratio": "1:1"}, "size or aspect_ratio"),
        ({"aspect_ratio": "999:1"}, "so extreme"),
        ({"inputs": {"mask": [MemorySource(CLEAR)]}}, "only with the image"),
        ({"prompt": 'a kite <sd_cpp_extra_args>{"steps": 99}</sd_cpp_extra_args>'}, "sets options"),
        ({"extra_body": {"model": "other"}}, "takes no model in extra_body"),
        ({"extra_body": {"size": "1x1"}}, "takes no size in extra_body"),
    ],
)
def test_what_cannot_be_meant_is_refused(image: AdapterHarness, given: dict[str, Any], reason: str) -> None:
    assert reason in image.capability.refuses(request(image, **given))


async def test_a_prompt_that_localai_would_split_is_told(fake: FakeCompatible, image: AdapterHarness) -> None:
    await image.generate(prompt="red | blue")
    [warning] = image.warnings
    assert "LocalAI" in warning


async def test_together_has_a_word_of_its_own_for_base64(image: AdapterHarness) -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json={"data": [{"b64_json": encoded()}]})

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        together = replace(image.client["image"], http=http, url="https://api.together.ai/v1")
        await AdapterHarness(image.backend, {"image": together}, image.capability).generate()
    assert json.loads(asked[0].content)["response_format"] == "base64"
