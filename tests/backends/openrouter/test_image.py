"""Images through OpenRouter: what is sent, and what becomes of the answer."""

from __future__ import annotations

import base64
import threading
from importlib import import_module
from typing import Any

import pytest

from fakes.openrouter import FakeOpenRouter
from mediasmith.plugin.contract import Model, Result
from mediasmith.plugin.errors import InvalidRequest, ModelGone, ProviderError
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, MemorySource, png
from mediasmith_backends.openrouter import backend, client

GENERATE = "POST /api/v1/images"
ENDPOINTS = "GET /api/v1/images/models/{author}/{slug}/endpoints"
IMAGE = backend.capabilities[0]
GPT, SEEDREAM, FLUX = "openai/gpt-image-2", "bytedance-seed/seedream-4.5", "black-forest-labs/flux.2-pro"
KITE, BOAT = MemorySource(), MemorySource(b"\xff\0\0")
PNG = base64.b64encode(png()).decode()
MODELS = {model.id: model for model in IMAGE.models}


def sent(fake: FakeOpenRouter) -> Any:
    """Return the body of the last request."""
    return fake.log()[-1]["body"]


async def made(image: AdapterHarness, model: str = "google/gemini-3-pro-image", **given: Any) -> Result:
    return await image.generate(model=MODELS.get(model, Model(id=model)), **given)


async def test_a_tier_is_sent_as_resolution_and_pixels_as_size(fake: FakeOpenRouter, image: AdapterHarness) -> None:
    await made(image, SEEDREAM, size="2K", aspect_ratio="16:9", seed=7)
    basis = {"model": SEEDREAM, "prompt": "a red kite"}
    assert sent(fake) == {**basis, "resolution": "2K", "aspect_ratio": "16:9", "seed": 7}
    await made(image, SEEDREAM, size="640x480")
    assert sent(fake) == {**basis, "size": "640x480"}


async def test_every_image_has_its_type_and_the_call_its_cost(fake: FakeOpenRouter, image: AdapterHarness) -> None:
    result = await made(image, SEEDREAM, n=3, size="64x64")
    bodies = [output.body for output in result.outputs]
    assert [output.mime for output in result.outputs] == ["image/png"] * 3
    assert {sniff(body) for body in bodies if isinstance(body, bytes)} == {"image/png"}
    assert len(set(map(str, bodies))) == 3
    assert (result.complete, result.cost_usd) == (True, pytest.approx(0.12))
    assert fake.counts() == {GENERATE: 1}


async def test_references_are_sent_in_their_order(fake: FakeOpenRouter, image: AdapterHarness) -> None:
    await made(image, inputs={"image": [KITE, BOAT]})
    urls = [await source.data_uri() for source in (KITE, BOAT)]
    assert sent(fake)["input_references"] == [{"type": "image_url", "image_url": {"url": url}} for url in urls]


async def test_vectors_have_their_own_type(image: AdapterHarness) -> None:
    (output,) = (await made(image, "recraft/recraft-v4-vector", output_format="svg")).outputs
    assert output.mime == "image/svg+xml"


def refusal(model: str, given: dict[str, Any]) -> str:
    return IMAGE.refuses(AdapterHarness(backend, None, IMAGE).call(model=MODELS.get(model, Model(id=model)), **given))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"size": "640x480", "aspect_ratio": "4:3"}, "not both"),
        ({"size": "512"}, "1K, 1.5K, 2K, 4K or WxH"),
        ({"background": "transparent", "output_format": "jpeg"}, "png or webp"),
        ({"output_compression": 40}, "jpeg or webp"),
        ({"output_compression": 40, "output_format": "png"}, "jpeg or webp"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(given: dict[str, Any], reason: str) -> None:
    assert reason in refusal(GPT, given)


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (GPT, {"size": "640x480"}),
        (GPT, {"size": "1.5K", "aspect_ratio": "4:3", "background": "transparent", "output_format": "webp"}),
        (GPT, {"output_compression": 40, "output_format": "jpeg"}),
        ("acme/new", {"size": "512"}),
    ],
)
def test_parameters_that_go_together_are_not_refused(model: str, given: dict[str, Any]) -> None:
    assert refusal(model, given) == ""


async def test_a_broken_image_does_not_cost_the_others(fake: FakeOpenRouter, image: AdapterHarness) -> None:
    data = [{"b64_json": "?"}, {"b64_json": PNG, "media_type": 7}, {"b64_json": None}, "text", {"b64_json": ""}]
    fake.script(GENERATE, {"status": 200, "body": {"data": data, "usage": {"cost": "many"}}})
    result = await made(image, SEEDREAM, n=2)
    assert [(output.body, output.mime) for output in result.outputs] == [(b"?", ""), (png(), "image/png")]
    assert result.cost_usd is None


async def test_a_large_image_is_written_and_read_outside_the_event_loop(
    fake: FakeOpenRouter, image: AdapterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def watch(module: object, name: str) -> None:
        function = getattr(module, name)

        def watched(*given: Any, **named: Any) -> Any:
            threads.append(threading.current_thread())
            return function(*given, **named)

        monkeypatch.setattr(module, name, watched)

    watch(client, "_to_json")
    watch(import_module("mediasmith_backends.openrouter.image"), "read_outputs")
    fake.script(GENERATE, {"fixed": "png"})
    (output,) = (await made(image, inputs={"image": [KITE]})).outputs
    assert isinstance(output.body, bytes)
    assert len(output.body) > 1_400_000
    assert len(threads) == 2
    assert threading.main_thread() not in threads


async def test_provider_options_are_passed_on_once_they_are_known_to_be_taken(
    fake: FakeOpenRouter, image: AdapterHarness
) -> None:
    options = {"black-forest-labs": {"steps": 40, "guidance": 3}}
    await made(image, FLUX, provider_options=options)
    assert sent(fake)["provider"] == {"options": options}
    assert fake.paid() == 1
    assert not image.warnings


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        (FLUX, {"black-forest-labs": {"stride": 1}}, "steps, guidance, not stride"),
        (FLUX, {"openai": {"steps": 1}}, "served by black-forest-labs, not by openai"),
        (SEEDREAM, {"seed": {"steps": 1}}, "takes no options, not steps"),
    ],
)
async def test_options_that_would_be_dropped_are_refused_before_paying(
    fake: FakeOpenRouter, image: AdapterHarness, model: str, options: Any, reason: str
) -> None:
    error = await image.failure_of(model=MODELS[model], provider_options=options)
    assert (type(error), error.billed) == (InvalidRequest, "no")
    assert reason in str(error)
    assert fake.paid() == 0


@pytest.mark.parametrize("script", [{"status": 500, "body": {}}, {"reset": True}, {"status": 200, "body": {"data": 7}}])
async def test_a_list_of_options_that_cannot_be_had_costs_nothing(
    fake: FakeOpenRouter, image: AdapterHarness, script: dict[str, Any]
) -> None:
    fake.script(ENDPOINTS, script)
    error = await image.failure_of(model=MODELS[FLUX], provider_options={"black-forest-labs": {"steps": 4}})
    assert error.billed == "no"
    assert fake.paid() == 0


async def test_options_for_one_of_several_providers_have_a_warning(fake: FakeOpenRouter, image: AdapterHarness) -> None:
    slugs = ("black-forest-labs", "x")
    endpoints = [{"provider_slug": slug, "allowed_passthrough_parameters": ["steps"]} for slug in slugs]
    fake.script(ENDPOINTS, {"status": 200, "body": {"endpoints": endpoints}})
    await made(image, FLUX, provider_options={"black-forest-labs": {"steps": 4}})
    assert "provider_options" in image.warnings[0]


async def test_an_unlisted_model_is_sent_everything_with_a_warning(fake: FakeOpenRouter, image: AdapterHarness) -> None:
    await image.generate(model=Model(id=GPT), quality="high", inputs={"image": [KITE]})
    assert sent(fake)["quality"] == "high"
    assert ["ignore quality, image" in warning for warning in image.warnings] == [True]
    assert fake.counts() == {GENERATE: 1}


async def test_a_model_that_is_not_served_is_reported_as_gone(image: AdapterHarness) -> None:
    error = await image.failure_of(model=Model(id="acme/none"))
    assert (type(error), error.billed) == (ModelGone, "no")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"data": []}, "without an image"),
        ({"data": [{"b64_json": "?"}], "error": {"code": "x", "message": "Gone."}}, "Gone"),
        ({"data": 7}, "cannot be read"),
    ],
)
async def test_an_answer_without_an_image_says_why(
    fake: FakeOpenRouter, image: AdapterHarness, body: dict[str, Any], words: str
) -> None:
    fake.script(GENERATE, {"status": 200, "body": body})
    error = await image.failure_of()
    assert isinstance(error, ProviderError)
    assert words in error.message
