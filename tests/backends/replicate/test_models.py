"""Replicate says what a model takes, and as far as it shows, what it makes."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.replicate import FakeReplicate
from fakes.replicate.models import version_of
from mediasmith.plugin.contract import Backend, FoundModel, Range, Takes
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.kinds import Kind
from mediasmith.testing import AdapterHarness
from mediasmith_backends.plain_schema import mapping
from mediasmith_backends.replicate import backend
from mediasmith_backends.replicate.model_schema import KINDS, fetch_model
from mediasmith_backends.replicate.models import MODELS, served_models
from mediasmith_backends.replicate.search import search

DESCRIBE, FIND = "GET /v1/models/{owner}/{name}", "QUERY /v1/models"
URI = {"type": "string", "format": "uri"}


def described(*, output: Any = None, example: Any = None, official: bool = True, **inputs: Any) -> dict[str, Any]:
    """Return a model as Replicate lists it."""
    schemas = {"Input": {"type": "object", "properties": inputs}, "Output": output or URI}
    return {
        "owner": "acme",
        "name": "new",
        "description": "A model\nof tomorrow",
        "is_official": official,
        "default_example": {"output": example} if example else None,
        "latest_version": {"id": "f" * 64, "openapi_schema": {"components": {"schemas": schemas}}},
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_the_declared_models_are_used_as_replicate_describes_them(image: AdapterHarness, kind: Kind) -> None:
    found = await served_models(kind, image.client)
    assert [(model.id, model.draft) for model in found] == [(model.id, model.draft) for model in MODELS[kind]]
    for model, declared in zip(found, MODELS[kind], strict=True):
        assert declared.fields.keys() <= model.fields.keys()
        assert (model.prompt_field, model.files, model.takes) == (declared.prompt_field, declared.files, declared.takes)
        assert declared.places.keys() <= model.places.keys()


async def test_what_replicate_does_not_have_is_left_out(fake: FakeReplicate, image: AdapterHarness) -> None:
    fake.settings(retired=["black-forest-labs/flux-2-pro"])
    found = await served_models("image", image.client)
    assert [model.id for model in found] == ["google/nano-banana-2", "black-forest-labs/flux-schnell"]


async def test_a_model_is_looked_up_by_its_name(image: AdapterHarness) -> None:
    kontext = await fetch_model("image", image.client, "black-forest-labs/flux-kontext-pro")
    assert kontext
    assert (kontext.version, kontext.prices) == ("", ())
    assert kontext.takes == {"image": Takes()}
    assert kontext.accepts["output_format"] == ("png", "jpeg")
    assert (kontext.accepts["n"], kontext.accepts["size"]) == (False, False)
    options = mapping(kontext.options["properties"])
    assert options.keys() == {"safety_tolerance", "prompt_upsampling", "aspect_ratio"}
    assert options["aspect_ratio"]["enum"] == ["match_input_image"]


async def test_a_community_model_has_a_version_and_takes_what_its_schema_says(image: AdapterHarness) -> None:
    kites = await fetch_model("image", image.client, "acme/kites")
    assert kites
    assert (kites.version, kites.accepts["n"]) == (version_of("acme/kites"), Range(low=1, high=4))
    silent = await fetch_model("video", image.client, "acme/silent")
    assert silent
    assert silent.takes == {"first_frame": None, "last_frame": None, "image": None}


async def test_a_version_can_be_named(fake: FakeReplicate, image: AdapterHarness) -> None:
    name = f"acme/kites:{version_of('acme/kites')}"
    model = await fetch_model("image", image.client, name)
    assert model
    assert (model.id, model.version, model.prompt_field) == (name, version_of("acme/kites"), "prompt")
    assert await fetch_model("image", image.client, "acme/kites:abc") is None
    assert await fetch_model("image", image.client, f"acme/talker:{version_of('acme/talker')}") is None
    assert fake.counts() == {"GET /v1/models/{owner}/{name}/versions/{id}": 3}


@pytest.mark.parametrize("name", ["acme/none", "acme/talker", "kites", "acme/kites/1", "../account", "acme/kites?x=1"])
async def test_there_is_no_such_model_of_this_kind(image: AdapterHarness, name: str) -> None:
    assert await fetch_model("image", image.client, name) is None


CDN = "https://replicate.delivery/xezq/out"
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("model", "kinds"),
    [
        (described(example=f"{CDN}.png", prompt=TEXT), ["image"]),
        (described(example=[f"{CDN}.mp4"], prompt=TEXT), ["video"]),
        (described(example={"audio": f"{CDN}.wav"}, text=TEXT), ["speech"]),
        (described(example=f"{CDN}.mp3", prompt=TEXT, duration=TEXT), ["music"]),
        (described(example=f"{CDN}.mp3", prompt=TEXT), ["speech", "music"]),
        (described(example="https://replicate.delivery/out", prompt=TEXT), list(KINDS)),
        (described(prompt=TEXT), list(KINDS)),
        (described(output={"type": "array", "items": URI}, prompt=TEXT), list(KINDS)),
        (described(output={"type": "object", "properties": {"a": URI}}, prompt=TEXT), list(KINDS)),
        (described(output=TEXT, prompt=TEXT), []),
        (described(output={"type": "array", "items": TEXT}, example=f"{CDN}.png", prompt=TEXT), []),
        ({**described(prompt=TEXT), "latest_version": None}, []),
    ],
)
async def test_an_example_shows_what_a_model_makes(
    fake: FakeReplicate, image: AdapterHarness, model: Any, kinds: list[Kind]
) -> None:
    fake.script(DESCRIBE, {"status": 200, "body": model, "times": len(KINDS)})
    assert [kind for kind in KINDS if await fetch_model(kind, image.client, "acme/new")] == kinds


@pytest.mark.parametrize("version", [{"id": "f" * 64}, {"openapi_schema": {"components": {"schemas": {"Input": 7}}}}])
async def test_a_model_whose_schema_cannot_be_read_is_not_taken_for_one_that_is_gone(
    fake: FakeReplicate, image: AdapterHarness, version: dict[str, Any]
) -> None:
    fake.script(DESCRIBE, {"status": 200, "body": {**described(), "latest_version": version}})
    with pytest.raises(ProviderError, match="cannot be read"):
        await fetch_model("image", image.client, "acme/new")


async def test_models_are_found_by_a_text(fake: FakeReplicate, image: AdapterHarness) -> None:
    assert [found.id for found in await search(image.client, "image", "flux-2")] == ["black-forest-labs/flux-2-pro"]
    assert (fake.log()[-1]["method"], fake.log()[-1]["body"]) == ("QUERY", "flux-2")
    assert await search(image.client, None, "talker") == []


async def test_found_models_have_the_kind_that_is_searched_for_or_the_one_they_show(
    fake: FakeReplicate, image: AdapterHarness
) -> None:
    some: list[Any] = [
        described(prompt=TEXT),
        7,
        {**described(), "latest_version": {}},
        {**described(example=f"{CDN}.mp4"), "name": "film"},
    ]
    fake.script(FIND, {"status": 200, "body": {"next": None, "results": some}, "times": 3})
    new, film = FoundModel(id="acme/new", kind="music", title="A model of tomorrow"), "acme/film"
    assert await search(image.client, "music", "new") == [new]
    assert [(one.id, one.kind) for one in await search(image.client, "video", "new")] == [
        ("acme/new", "video"),
        (film, "video"),
    ]
    assert [(one.id, one.kind) for one in await search(image.client, None, "new")] == [
        ("acme/new", "image"),
        (film, "video"),
    ]


def test_the_backend_is_chosen_after_others_that_have_the_same_models() -> None:
    searched: Backend[Any] = backend
    assert searched.search is search
    assert {capability.preference for capability in backend.capabilities} == {1}
