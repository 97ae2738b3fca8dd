"""Pictures by xAI: what goes out, and what comes of what is answered."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from fakes.xai import IMAGE, KEY, MODELS, FakeXAI, running
from fakes.xai.catalogue import PARTLY, WITHHELD
from mediasmith.plugin.contract import Request, Result
from mediasmith.plugin.errors import MediaError, ProviderError, Refused
from mediasmith.testing import AdapterHarness, MemorySource, png, signed_in
from mediasmith_backends.xai import backend
from mediasmith_backends.xai.image import ImageParams, image

PROVIDER = running

pytestmark = pytest.mark.usefixtures("one_loop")


@pytest.fixture
async def hands(fake: FakeXAI) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=image) as hands:
        yield hands


async def drawn(hands: AdapterHarness, prompt: str, **params: Any) -> Result:
    ask = Request(model=image.models[0], prompt=prompt, params=ImageParams(**params), inputs={})
    answer = await image.start(hands.of(ask))
    assert isinstance(answer, Result)
    return answer


def uri(data: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


async def test_everything_that_is_asked_goes_out_in_one_request(fake: FakeXAI, hands: AdapterHarness) -> None:
    await hands.make(aspect_ratio="19.5:9", size="2K", quality="low", n=3)
    await hands.make()
    assert fake.bodies(IMAGE) == [
        {
            "prompt": "a red kite",
            "model": "grok-imagine-image-2.0",
            "n": 3,
            "format": "IMG_FORMAT_BASE64",
            "aspect_ratio": "IMG_ASPECT_RATIO_19_5_9",
            "resolution": "IMG_RESOLUTION_2K",
            "quality": "IMG_QUALITY_LOW",
        },
        {"prompt": "a red kite", "model": "grok-imagine-image-2.0", "n": 1, "format": "IMG_FORMAT_BASE64"},
    ]
    assert fake.paid() == 2


@pytest.mark.parametrize("count", [1, 3])
async def test_sources_go_along_as_data(fake: FakeXAI, hands: AdapterHarness, count: int) -> None:
    sources = [MemorySource(), MemorySource(b"\xff\0\0"), MemorySource(b"\0\xff\0")][:count]
    await hands.make(inputs={"image": sources})
    [body] = fake.bodies(IMAGE)
    shown = [body["image"]] if count == 1 else body["images"]
    assert [one["image_url"] for one in shown] == [await source.data_uri() for source in sources]


async def test_pictures_come_with_what_they_cost_and_nothing_to_keep(hands: AdapterHarness) -> None:
    result = await hands.make(n=2)
    first, second = [output.body for output in result.outputs]
    assert isinstance(first, bytes)
    assert first.startswith(b"\xff\xd8\xff")
    assert first != second
    assert [(output.mime, output.state) for output in result.outputs] == [("image/jpeg", None)] * 2
    assert (result.complete, result.cost_usd, hands.warnings) == (True, 0.12, [])


async def test_a_picture_is_of_the_type_of_its_bytes(fake: FakeXAI, hands: AdapterHarness) -> None:
    fake.script(IMAGE, {"body": {"images": [{"base64": uri(png()), "respect_moderation": True}]}})
    result = await hands.make()
    assert [(output.mime, output.body) for output in result.outputs] == [("image/png", png())]
    assert result.cost_usd is None


async def test_what_is_withheld_does_not_take_the_others_along(hands: AdapterHarness) -> None:
    result = await drawn(hands, f"a {PARTLY} red kite", n=4)
    assert (len(result.outputs), result.complete, result.cost_usd) == (2, False, 0.24)
    assert hands.warnings == ["xAI withheld 2 of 4 pictures: they do not keep to its usage guidelines."]


async def test_what_cannot_be_read_does_not_take_the_others_along(fake: FakeXAI, hands: AdapterHarness) -> None:
    bodies = [uri(png()), "data:image/jpeg;base64,%%%"]
    images = [{"base64": body, "respect_moderation": True} for body in bodies]
    fake.script(IMAGE, {"body": {"images": [*images, {"respect_moderation": False}]}})
    result = await hands.make(n=3)
    assert (len(result.outputs), result.complete) == (1, False)
    assert hands.warnings == [
        "xAI withheld 1 of 3 pictures: they do not keep to its usage guidelines.",
        "1 of 3 pictures came from xAI in a form that cannot be read.",
    ]


async def test_a_picture_in_lines_is_read(fake: FakeXAI, hands: AdapterHarness) -> None:
    in_lines = f"data:image/png;base64,{base64.encodebytes(png()).decode()}"
    fake.script(IMAGE, {"body": {"images": [{"base64": in_lines, "respect_moderation": True}]}})
    assert [output.body for output in (await hands.make()).outputs] == [png()]


async def test_fewer_than_were_asked_for_are_kept(fake: FakeXAI, hands: AdapterHarness) -> None:
    fake.script(IMAGE, {"body": {"images": [{"base64": uri(png()), "respect_moderation": True}]}})
    result = await hands.make(n=3)
    assert (len(result.outputs), result.complete) == (1, False)


COSTS = pytest.mark.parametrize(
    ("usage", "billed"),
    [({}, "unknown"), ({"cost_in_usd_ticks": "0"}, "no"), ({"cost_in_usd_ticks": "600000000"}, "yes")],
    ids=["untold", "free", "paid"],
)


@COSTS
async def test_when_all_is_withheld_it_is_refused_and_says_what_it_cost(
    fake: FakeXAI, hands: AdapterHarness, usage: dict[str, str], billed: str
) -> None:
    fake.script(IMAGE, {"body": {"images": [{"respect_moderation": False}], "usage": usage}})
    error = await hands.fails()
    assert isinstance(error, Refused)
    assert error.billed == billed


async def test_a_withheld_picture_is_never_shown(fake: FakeXAI, hands: AdapterHarness) -> None:
    fake.script(IMAGE, {"body": {"images": [{"base64": uri(png()), "respect_moderation": False}]}})
    assert isinstance(await hands.fails(), Refused)
    with pytest.raises(Refused) as caught:
        await drawn(hands, f"a {WITHHELD} red kite")
    assert caught.value.billed == "yes"


@pytest.mark.parametrize(
    "images",
    [
        [],
        [{"respect_moderation": True}],
        [{"base64": "data:image/jpeg;base64,%%%", "respect_moderation": True}],
        [{"base64": uri(png()).replace("AAAA", "%", 1), "respect_moderation": True}],
        [{"base64": uri(b"no picture"), "respect_moderation": True}],
        [{"base64": uri(png())[:60], "respect_moderation": True}],
        [{"url": "https://example.com/picture.jpg", "respect_moderation": True}],
    ],
    ids=["none", "empty", "no base64", "broken base64", "no picture", "cut off", "an address"],
)
@COSTS
async def test_an_answer_without_a_picture_is_told_with_what_it_cost(
    fake: FakeXAI, hands: AdapterHarness, images: list[object], usage: dict[str, str], billed: str
) -> None:
    fake.script(IMAGE, {"body": {"images": images, "usage": usage}})
    error = await hands.fails()
    assert isinstance(error, ProviderError)
    assert error.billed == billed
    assert "ask again" in error.hint
    assert fake.paid() == 1


async def test_bytes_that_are_no_answer_are_told(fake: FakeXAI, hands: AdapterHarness) -> None:
    fake.script(IMAGE, {"garbage": True})
    error = await hands.fails()
    assert isinstance(error, ProviderError)
    assert error.message == "xAI sent an answer that makes no sense."


async def test_a_prompt_that_cannot_be_sent_is_told(fake: FakeXAI, hands: AdapterHarness) -> None:
    with pytest.raises(UnicodeEncodeError) as caught:
        await drawn(hands, "a red \ud800 kite")
    error = backend.explain(caught.value)
    assert isinstance(error, MediaError)
    assert error.billed == "no"
    assert fake.paid() == 0


async def test_the_models_are_listed_as_they_are_served(fake: FakeXAI, hands: AdapterHarness) -> None:
    assert image.discover
    listed = [
        {"name": "grok-imagine-image", "max_prompt_length": 8000},
        {"name": "grok-imagine-image-3"},
        {"version": "nameless"},
    ]
    fake.script(MODELS, {"body": {"models": listed}})
    known, new = await image.discover(hands.client)
    assert (known.id, known.draft, known.max_prompt) == ("grok-imagine-image", True, 8000)
    assert (new.id, new.max_prompt) == ("grok-imagine-image-3", None)
    assert fake.paid() == 0
