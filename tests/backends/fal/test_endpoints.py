"""The endpoints that are known are those that fal serves."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.fal import FakeFal
from mediasmith.plugin.contract import Capability
from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.fal import backend
from mediasmith_backends.fal.catalog import lookup
from mediasmith_backends.fal.queue import QueuedRequest
from mediasmith_backends.input_schema import SchemaModel

MODELS = [(capability, model) for capability in backend.capabilities for model in capability.models]


@pytest.mark.parametrize(("capability", "model"), MODELS, ids=[model.id for _, model in MODELS])
async def test_a_known_endpoint_is_as_one_that_is_looked_up(
    fake: FakeFal, client: Any, capability: Capability[Any, Any], model: SchemaModel
) -> None:
    """It takes a plain request, and has the places, inputs and options that its own schema has."""
    inputs = {role: [MemorySource()] for role, takes in model.takes.items() if takes and takes.required}
    handle = await AdapterHarness(backend, client, capability).submit(model=model, inputs=inputs)
    assert isinstance(handle, QueuedRequest)
    found = await lookup(capability.kind)(client, model.id)
    assert isinstance(found, SchemaModel)
    assert found.prompt_field == model.prompt_field
    assert {word: place.path for word, place in found.places.items()} == {
        word: place.path for word, place in model.places.items()
    }
    assert found.files == model.files
    assert set(found.options.get("properties") or ()) == set(model.options.get("properties") or ())  # pyright: ignore[reportArgumentType] - a JSON object
    assert fake.counts()[f"POST /{model.id}"] == 1


def test_each_kind_has_a_draft_but_edits() -> None:
    assert [one.name for one in backend.capabilities if not any(model.draft for model in one.models)] == ["edit"]
