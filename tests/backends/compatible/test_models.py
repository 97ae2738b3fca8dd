"""Which models there are: those that the user names, else those of which the engine says what they make."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.compatible import FakeCompatible
from mediasmith.config.credentials import read_access
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.network import SystemNetwork
from mediasmith.testing import signed_in
from mediasmith_backends.compatible import backend
from mediasmith_backends.compatible.addresses import KINDS, Made

MODELS = "GET /v1/models"
IMAGE = backend.capabilities[0]


async def served(client: Any) -> dict[Made, list[str]]:
    """Return the names of the models that are found of each kind."""
    found: dict[Made, list[str]] = {}
    for kind, capability in zip(KINDS, backend.capabilities, strict=True):
        assert capability.discover
        found[kind] = [model.id for model in await capability.discover(client)]
    return found


def listing(*models: dict[str, Any]) -> dict[str, Any]:
    return {"status": 200, "body": {"data": models}, "times": 3}


@pytest.mark.parametrize(
    "models",
    [
        [{"id": "a", "mode": "image_generation"}, {"id": "b", "mode": "audio_speech"}, {"id": "c", "mode": "chat"}],
        [{"id": "a", "task_type": "T2I"}, {"id": "b", "labels": ["tts"]}],
        [{"id": "a", "supported_task_types": ["I2I", "T2I"]}, {"id": "b", "labels": ["speech", "hot"]}],
        [{"id": "a", "labels": ["image", "edit"]}, {"id": "b", "capabilities": ["tts"]}, {"id": "c", "labels": []}],
        [
            {"id": "a", "architecture": {"output_modalities": ["image"]}},
            {"id": "b", "architecture": {"output_modalities": ["audio"]}},
            {"id": "c", "architecture": None},
        ],
        [{"id": "a", "capabilities": ["image"]}, {"id": "b", "capabilities": ["tts"]}, {"id": "c", "mode": 7}],
    ],
)
async def test_an_engine_may_say_what_its_models_make(
    fake: FakeCompatible, client: Any, models: list[dict[str, Any]]
) -> None:
    fake.script(MODELS, listing(*models))
    assert await served(client) == {"image": ["a"], "speech": ["b"], "video": []}


@pytest.mark.parametrize(
    "hints",
    [
        {"mode": "video_generation", "task_type": "T2I"},
        {"task_type": "T2V", "capabilities": ["image"]},
        {"supported_task_types": ["I2V"], "labels": ["image"]},
    ],
)
async def test_the_first_hint_counts(fake: FakeCompatible, client: Any, hints: dict[str, Any]) -> None:
    fake.script(MODELS, listing({"id": "wan", **hints}))
    assert await served(client) == {"image": [], "speech": [], "video": ["wan"]}


async def test_localai_says_it_on_a_route_of_its_own_and_has_no_usual_videos(fake: FakeCompatible, client: Any) -> None:
    fake.settings(engine="localai")
    assert await served(client) == {"image": ["flux"], "speech": ["kokoro"], "video": []}


async def test_without_a_hint_no_model_is_named_and_the_list_is_told(fake: FakeCompatible, client: Any) -> None:
    assert await served(client) == {kind: ["default"] for kind in KINDS}
    assert IMAGE.discover
    [model] = await IMAGE.discover(client)
    assert model.note == "The engine's own choice; it lists flux, kokoro."


async def test_models_that_the_user_names_are_not_asked_for(fake: FakeCompatible) -> None:
    env = {"MEDIASMITH_COMPATIBLE_IMAGE_MODELS": "sd-xl, flux"}
    async with signed_in(backend, fake.base_url, "", env=env) as harness:
        assert IMAGE.discover
        found = await IMAGE.discover(harness.client)
    assert [model.id for model in found] == ["sd-xl", "flux"]
    assert fake.counts() == {}


async def test_a_listed_model_of_a_local_engine_is_free_and_serves_for_drafts(
    client: Any, fake: FakeCompatible
) -> None:
    assert IMAGE.discover
    fake.script(MODELS, listing({"id": "a", "labels": ["image"]}))
    for model in await IMAGE.discover(client):
        assert ([(price.usd, price.per) for price in model.prices], model.draft) == ([(0, "call")], True)


@pytest.mark.parametrize(
    ("url", "prices"),
    [
        ("http://localhost:8080/v1", [0]),
        ("http://[::1]:8080/v1", [0]),
        ("https://192.168.1.20/v1", [0]),
        ("http://litellm:4000", [0]),
        ("https://api.together.ai/v1", []),
        ("http://8.8.8.8:8000/v1", []),
    ],
)
async def test_only_an_engine_in_the_local_network_is_free(url: str, prices: list[float]) -> None:
    async with signed_in(backend, url, "", env={"MEDIASMITH_COMPATIBLE_IMAGE_MODELS": "a"}) as harness:
        assert IMAGE.discover
        [found] = await IMAGE.discover(harness.client)
    env = {"MEDIASMITH_COMPATIBLE_BASE_URL": url, "MEDIASMITH_COMPATIBLE_IMAGE_MODELS": "a"}
    assert backend.models
    [configured] = backend.models(read_access(backend, env, SystemNetwork())).models["image"]
    assert found == configured
    assert ([price.usd for price in found.prices], found.draft) == (prices, bool(prices))


@pytest.mark.parametrize("answer", [{"status": 200, "body": {"error": "no"}}, {"status": 500, "body": {}}])
async def test_a_list_that_cannot_be_had_is_an_error(fake: FakeCompatible, client: Any, answer: dict[str, Any]) -> None:
    fake.script(MODELS, answer)
    assert IMAGE.discover
    with pytest.raises(MediaError):
        await IMAGE.discover(client)
