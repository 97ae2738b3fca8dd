"""The models that OpenRouter lists, as the server selects, prices and limits them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fakes.openrouter import FakeOpenRouter
from mediasmith.plugin.contract import Model, Price, Range, Takes
from mediasmith.testing import AdapterHarness
from mediasmith_backends.openrouter import backend
from mediasmith_backends.openrouter.live_models import image_models, video_models
from mediasmith_backends.openrouter.models import PixelModel

IMAGES, VIDEOS = "GET /api/v1/images/models", "GET /api/v1/videos/models"
IMAGE, _, VIDEO, _ = backend.capabilities
VEO = "google/veo-3.1"


async def test_listed_image_models_are_those_that_are_declared_with_what_no_list_says(image: AdapterHarness) -> None:
    found = await image_models(image.client)
    assert [model.id for model in found] == [model.id for model in IMAGE.models]
    assert [(model.draft, model.prices, model.note) for model in found] == [
        (model.draft, model.prices, model.note) for model in IMAGE.models
    ]


async def test_an_image_model_accepts_and_takes_what_is_listed(fake: FakeOpenRouter, image: AdapterHarness) -> None:
    parameters = {
        "aspect_ratio": {"type": "enum", "values": ["1:1", "auto"]},
        "quality": {"type": "enum", "values": ["auto", "low"]},
        "resolution": {"type": "enum", "values": ["1K"]},
        "input_references": {"type": "range", "min": 0, "max": 4},
        "n": {"type": "range", "min": 1, "max": 4},
        "seed": {"type": "of tomorrow"},
        "background": "text",
    }
    nameless: dict[str, Any] = {"supported_parameters": parameters}
    items = [7, {"id": "acme/broken"}, nameless, {"id": "acme/new", **nameless}]
    fake.script(IMAGES, {"status": 200, "body": {"data": items}})
    assert await image_models(image.client) == (
        Model(
            id="acme/new",
            accepts={
                "aspect_ratio": ("1:1",),
                "size": ("1K",),
                "quality": ("auto", "low"),
                "background": True,
                "output_format": False,
                "output_compression": False,
                "n": Range(low=1, high=4),
                "seed": True,
            },
            takes={"image": Takes(max=4)},
        ),
    )


async def test_an_image_model_may_take_no_reference_or_pixels_beside_its_tiers(
    fake: FakeOpenRouter, image: AdapterHarness
) -> None:
    tiers = {"type": "enum", "values": ["2K", "4K"]}
    items: list[dict[str, Any]] = [
        {"id": "acme/blind", "supported_parameters": {}},
        {"id": "acme/pixels", "supported_parameters": {"resolution": tiers, "size": {"type": "boolean"}}},
        {"id": "acme/many", "supported_parameters": {"input_references": {"type": "boolean"}}},
    ]
    fake.script(IMAGES, {"status": 200, "body": {"data": items}})
    blind, pixels, many = await image_models(image.client)
    assert (blind.takes, blind.accepts["size"]) == ({"image": None}, False)
    assert isinstance(pixels, PixelModel)
    assert (pixels.accepts["size"], pixels.tiers) == (True, ("2K", "4K"))
    assert many.takes == {"image": Takes(max=16)}


async def test_the_fake_and_the_declarations_agree_on_what_models_take(
    image: AdapterHarness, video: AdapterHarness
) -> None:
    for capability, found in ((IMAGE, await image_models(image.client)), (VIDEO, await video_models(video.client))):
        declared = {model.id: capability.takes_with(model).keys() for model in capability.models}
        listed = {model.id: capability.takes_with(model).keys() for model in found}
        assert listed | {"recraft/recraft-v4-vector": {"image"}} == declared | {"recraft/recraft-v4-vector": {"image"}}


async def test_a_video_model_accepts_and_takes_what_is_listed(video: AdapterHarness) -> None:
    models = {model.id: model for model in await video_models(video.client)}
    wan = models["alibaba/wan-2.7"]
    assert wan.draft
    assert wan.accepts == {
        "aspect_ratio": ("16:9", "9:16", "1:1"),
        "size": ("360p", "720p", "640x360", "360x640", "1280x720", "720x1280"),
        "duration": (5, 10),
        "seed": False,
        "generate_audio": (False,),
    }
    assert VIDEO.takes_with(wan).keys() == {"first_frame", "image"}
    assert VIDEO.takes_with(models[VEO]).keys() == {"first_frame", "last_frame", "image"}
    assert VIDEO.takes_with(models["bytedance/seedance-2.0"]) == VIDEO.takes


async def test_the_list_has_prices_per_second(fake: FakeOpenRouter, video: AdapterHarness) -> None:
    skus = {
        "per-video-second": "0.50",
        "per-video-second-1080p": "0.75",
        "video_tokens": "0.000007",
        "per-video-second-4K": "dear",
    }
    fake.script(VIDEOS, {"status": 200, "body": {"data": [{"id": "acme/new", "pricing_skus": skus}, {"id": VEO}, 7]}})
    known, new = await video_models(video.client)
    today = datetime.now(UTC).date()
    page = "https://openrouter.ai/acme/new"
    assert new.prices == (
        Price(usd=0.5, per="second", as_of=today, source=page),
        Price(usd=0.75, per="second", when={"size": "1080p"}, as_of=today, source=page),
    )
    assert (known.id, new.accepts["size"]) == (VEO, True)
