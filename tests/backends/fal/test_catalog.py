"""Endpoints that no list has are looked up with their schema and price, and searched."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from fakes.fal import MODELS, PRICES, FakeFal
from fakes.fal.endpoints import FRESH
from mediasmith.plugin.contract import FoundModel, Model, Range, Takes
from mediasmith.plugin.kinds import Kind
from mediasmith_backends.fal import backend, capabilities
from mediasmith_backends.fal.prices import UnitPrice
from mediasmith_backends.input_schema import SchemaModel

IMAGE, SPEECH = capabilities.image, capabilities.speech


async def look_up(client: Any, model: str, kind: Kind = "image") -> Model | None:
    capability = next(one for one in backend.capabilities if one.kind == kind)
    assert capability.lookup
    return await capability.lookup(client, model)


async def test_an_endpoint_is_looked_up_with_its_schema_and_price(fake: FakeFal, client: Any) -> None:
    found = await look_up(client, FRESH)
    assert isinstance(found, SchemaModel)
    assert found.accepts == {
        "quality": False,
        "background": False,
        "output_format": False,
        "seed": False,
        "n": Range(low=1, high=2),
    }
    assert found.options["required"] == ["style"]
    assert found.max_prompt == 5000
    assert [(price.usd, price.per, price.source) for price in found.prices] == [
        (0.03, "image", f"https://fal.ai/models/{FRESH}")
    ]
    assert fake.log()[0]["path"] == f"/v1/models?endpoint_id={FRESH.replace('/', '%2F')}&expand=openapi-3.0"


async def test_what_an_endpoint_takes_is_found_too(client: Any) -> None:
    edit = await look_up(client, "fal-ai/qwen-image-2/edit")
    assert edit
    assert edit.takes["image"] == Takes(max=3, required=True)
    frames = await look_up(client, "fal-ai/kling-video/v3/pro/image-to-video", "video")
    assert frames
    assert {role: takes.required for role, takes in frames.takes.items() if takes} == {
        "first_frame": True,
        "last_frame": False,
    }


@pytest.mark.parametrize(
    ("model", "kinds"),
    [
        ("fal-ai/flux-2", {"image"}),
        ("fal-ai/veo3.1/fast", {"video"}),
        ("fal-ai/kokoro/american-english", {"speech"}),
        ("fal-ai/lyria3", {"speech", "music", "sound_effect"}),  # fal has one category for all that is not speech
    ],
)
async def test_an_endpoint_is_of_the_kind_that_it_makes(client: Any, model: str, kinds: set[str]) -> None:
    found = {one.kind for one in backend.capabilities if one.lookup and await one.lookup(client, model)}
    assert found == kinds


@pytest.mark.parametrize("model", ["fal-ai/none", "gpt-image-2", "fal-ai/../secrets?x", ""])
async def test_what_fal_does_not_have_is_not_found(client: Any, model: str) -> None:
    assert await look_up(client, model) is None


@pytest.mark.parametrize(
    "answer", [{"status": 404, "body": {"detail": "No."}}, {"status": 200, "body": {"models": []}}]
)
async def test_fal_may_say_in_two_ways_that_it_has_none(fake: FakeFal, client: Any, answer: Any) -> None:
    fake.script(MODELS, answer)
    assert await look_up(client, FRESH) is None


async def test_an_endpoint_without_a_schema_is_not_found(fake: FakeFal, client: Any) -> None:
    listed: dict[str, Any] = {"endpoint_id": FRESH, "metadata": {"category": "text-to-image"}, "openapi": {"paths": {}}}
    fake.script(MODELS, {"status": 200, "body": {"models": [listed, {"endpoint_id": 7}]}})
    assert await look_up(client, FRESH) is None


async def test_a_lookup_that_fails_is_an_error(fake: FakeFal, client: Any) -> None:
    fake.script(MODELS, {"status": 500, "body": {}})
    with pytest.raises(httpx2.HTTPStatusError):
        await look_up(client, FRESH)


async def test_an_endpoint_is_found_without_its_price(fake: FakeFal, client: Any) -> None:
    fake.script(PRICES, {"status": 500, "body": {}})
    found = await look_up(client, FRESH)
    assert found
    assert not found.prices


async def test_one_price_for_several_sizes_is_only_noted(client: Any) -> None:
    found = await look_up(client, "fal-ai/veo3.1/fast", "video")
    assert found
    assert (found.prices, found.note) == ((), "0.2 USD per second, more for some sizes.")


@pytest.mark.parametrize(
    ("unit", "per"),
    [
        *(("images", "image"), ("megapixels", "megapixel"), ("seconds", "second"), ("minutes", "minute")),
        *(("1000 characters", "1k_chars"), ("requests", "call"), ("compute seconds", None)),
    ],
)
def test_a_price_is_by_its_unit(unit: str, per: str | None) -> None:
    price = UnitPrice(endpoint_id="fal-ai/one", unit_price=0.5, unit=unit, currency="USD")
    assert [one.per for one in price.prices] == ([per] if per else [])


def test_a_price_in_another_currency_is_none() -> None:
    assert not UnitPrice(endpoint_id="fal-ai/one", unit_price=0.5, unit="images", currency="EUR").prices


async def test_the_known_models_are_listed_with_the_prices_of_today(fake: FakeFal, client: Any) -> None:
    assert IMAGE.discover
    found = {model.id: model for model in await IMAGE.discover(client)}
    assert list(found) == [model.id for model in IMAGE.models]
    assert [(price.usd, price.per) for price in found["fal-ai/flux-2"].prices] == [(0.012, "megapixel")]
    sized = found["fal-ai/nano-banana-2"]
    assert not sized.note
    assert {price.when["size"]: price.usd for price in sized.prices} == {
        "512": 0.06,
        "1K": 0.08,
        "2K": 0.12,
        "4K": 0.16,
    }
    assert fake.counts() == {PRICES: 1}


async def test_a_declared_price_stays_where_fal_names_none(fake: FakeFal, client: Any) -> None:
    fake.script(PRICES, {"status": 200, "body": {"prices": [{"endpoint_id": 7}]}})
    assert SPEECH.discover
    assert [model.prices for model in await SPEECH.discover(client)] == [model.prices for model in SPEECH.models]


async def search(client: Any, kind: Kind | None, query: str) -> Any:
    assert backend.search
    return await backend.search(client, kind, query)


async def test_a_search_finds_endpoints_of_a_kind_with_their_prices(fake: FakeFal, client: Any) -> None:
    assert await search(client, "image", "flux-2/") == [
        FoundModel(id="fal-ai/flux-2/edit", kind="image", title="Fal-Ai/Flux-2/Edit", price="0.05 USD per image")
    ]
    paths = [one["path"].partition("?")[2] for one in fake.log()][:-1]
    assert paths == [
        f"q=flux-2%2F&status=active&limit=20&category={category}" for category in ("text-to-image", "image-to-image")
    ]


async def test_a_search_of_any_kind_leaves_out_what_is_not_made_here(fake: FakeFal, client: Any) -> None:
    listed = [
        {"endpoint_id": "fal-ai/kokoro/american-english", "metadata": {"category": "text-to-speech"}},
        {"endpoint_id": "fal-ai/scene", "metadata": {"category": "image-to-3d"}},
        {"endpoint_id": "fal-ai/bare"},
    ]
    fake.script(MODELS, {"status": 200, "body": {"models": listed}})
    assert await search(client, None, "a") == [
        FoundModel(id="fal-ai/kokoro/american-english", kind="speech", price="0.1 USD per 1000 characters")
    ]


async def test_a_search_finds_nothing_of_a_kind_that_is_not_made_here(fake: FakeFal, client: Any) -> None:
    assert await search(client, "dubbing", "flux") == []
    assert not fake.counts()


async def test_a_search_needs_no_prices(fake: FakeFal, client: Any) -> None:
    fake.script(PRICES, {"status": 500, "body": {}})
    assert [one.price for one in await search(client, "speech", "kokoro")] == [""]
