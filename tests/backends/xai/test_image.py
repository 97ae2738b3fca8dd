"""Images: the request, and what each answer becomes."""

from __future__ import annotations

import base64

import pytest

from fakes.xai.provider import data_uri, jpeg
from fakes.xai.state import IMAGE, MODELS, FakeXAI, Reply
from mediasmith.plugin.contract import Remote
from mediasmith.plugin.errors import ProviderError, Refused
from mediasmith.testing import AdapterHarness, MemorySource, png
from mediasmith_backends.xai.image import image

PNG = data_uri(png(), "image/png")
SHOWN = {"base64": PNG, "respect_moderation": True}
WITHHELD = {"base64": PNG, "respect_moderation": False}
BROKEN = {"base64": "data:image/jpeg;base64,%%%", "respect_moderation": True}


async def test_parameters_are_sent_in_one_request(fake: FakeXAI, images: AdapterHarness) -> None:
    await images.generate(aspect_ratio="19.5:9", size="2K", quality="low", n=3)
    await images.generate()
    plain = {"prompt": "a red kite", "model": "grok-imagine-image-2.0", "n": 1, "format": "IMG_FORMAT_BASE64"}
    options = {
        "aspect_ratio": "IMG_ASPECT_RATIO_19_5_9",
        "resolution": "IMG_RESOLUTION_2K",
        "quality": "IMG_QUALITY_LOW",
    }
    assert fake.bodies(IMAGE) == [{**plain, "n": 3, **options}, plain]


@pytest.mark.parametrize("count", [1, 3])
async def test_input_images_are_sent_as_data(fake: FakeXAI, images: AdapterHarness, count: int) -> None:
    sources = [MemorySource(), MemorySource(b"\xff\0\0"), MemorySource(b"\0\xff\0")][:count]
    await images.generate(inputs={"image": sources})
    [body] = fake.bodies(IMAGE)
    contents = [body["image"]] if count == 1 else body["images"]
    assert [content["image_url"] for content in contents] == [await source.data_uri() for source in sources]


async def test_result_has_every_image_and_the_cost(images: AdapterHarness) -> None:
    result = await images.generate(n=2)
    assert [output.body for output in result.outputs] == [jpeg(0), jpeg(1)]
    assert [(output.mime, output.state) for output in result.outputs] == [("image/jpeg", None)] * 2
    assert (result.complete, result.cost_usd, images.warnings) == (True, 0.12, [])


@pytest.mark.parametrize(
    "answer",
    [PNG, PNG.partition(",")[2], f"data:image/png;base64,{base64.encodebytes(png()).decode()}"],
    ids=["another type than usual", "bare base64", "in lines"],
)
async def test_image_is_read_in_any_form(fake: FakeXAI, images: AdapterHarness, answer: str) -> None:
    fake.script(IMAGE, Reply(message={"images": [{"base64": answer, "respect_moderation": True}]}))
    result = await images.generate()
    assert [(output.mime, output.body) for output in result.outputs] == [("image/png", png())]
    assert result.cost_usd is None


async def test_image_at_a_url_is_left_to_the_server(fake: FakeXAI, images: AdapterHarness) -> None:
    url = "https://example.com/image.jpg"
    fake.script(IMAGE, Reply(message={"images": [{"url": url, "respect_moderation": True}]}))
    [output] = (await images.generate()).outputs
    assert output.body == Remote(url=url)


async def test_withheld_and_unreadable_images_leave_the_others(fake: FakeXAI, images: AdapterHarness) -> None:
    fake.script(IMAGE, Reply(message={"images": [SHOWN, BROKEN, WITHHELD]}))
    result = await images.generate(n=3)
    assert [output.body for output in result.outputs] == [png(), b"data:image/jpeg;base64,%%%"]
    assert not result.complete
    assert images.warnings == ["xAI withheld 1 of 3 images because they violate its usage guidelines."]


async def test_fewer_images_than_requested_are_kept(fake: FakeXAI, images: AdapterHarness) -> None:
    fake.script(IMAGE, Reply(message={"images": [SHOWN]}))
    result = await images.generate(n=3)
    assert (len(result.outputs), result.complete) == (1, False)


COSTS = pytest.mark.parametrize(
    ("usage", "billed"),
    [({}, "unknown"), ({"cost_in_usd_ticks": "0"}, "no"), ({"cost_in_usd_ticks": "600000000"}, "yes")],
    ids=["cost unknown", "free", "paid"],
)


@COSTS
async def test_answer_with_withheld_images_alone_is_a_refusal(
    fake: FakeXAI, images: AdapterHarness, usage: dict[str, str], billed: str
) -> None:
    fake.script(IMAGE, Reply(message={"images": [WITHHELD], "usage": usage}))
    error = await images.failure_of()
    assert isinstance(error, Refused)
    assert error.billed == billed


@COSTS
async def test_answer_without_an_image_says_what_it_cost(
    fake: FakeXAI, images: AdapterHarness, usage: dict[str, str], billed: str
) -> None:
    fake.script(IMAGE, Reply(message={"images": [], "usage": usage}))
    error = await images.failure_of()
    assert isinstance(error, ProviderError)
    assert error.billed == billed
    assert "charges" in error.hint


@pytest.mark.parametrize(
    "answer",
    ["", "data:image/jpeg;base64,%%%", PNG.replace("AAAA", "%", 1), data_uri(b"no image")],
    ids=["empty", "no base64", "broken base64", "no image"],
)
async def test_unreadable_image_is_an_error(fake: FakeXAI, images: AdapterHarness, answer: str) -> None:
    fake.script(IMAGE, Reply(message={"images": [{"base64": answer, "respect_moderation": True}]}))
    assert isinstance(await images.failure_of(), ProviderError)
    assert fake.paid() == 1


async def test_models_are_those_that_are_served(fake: FakeXAI, images: AdapterHarness) -> None:
    assert image.discover
    listed = [
        {"name": "grok-imagine-image", "max_prompt_length": 8000},
        {"name": "grok-imagine-image-3"},
        {"version": "without a name"},
    ]
    fake.script(MODELS, Reply(message={"models": listed}))
    known, new = await image.discover(images.client)
    assert (known.id, known.draft, known.max_prompt) == ("grok-imagine-image", True, 8000)
    assert (new.id, new.max_prompt) == ("grok-imagine-image-3", None)
    assert fake.paid() == 0
