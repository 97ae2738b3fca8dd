"""Handles and states read the JSON that earlier versions stored."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from mediasmith.plugin.contract import JSON, Capability
from mediasmith_backends.google import backend
from mediasmith_backends.google.interactions import InteractionHandle, InteractionState
from mediasmith_backends.google.veo import VeoState
from mediasmith_backends.google.veo_operation import VeoHandle

OPERATION = (
    "projects/fake-project/locations/us-central1/publishers/google/models/veo-3.1-generate-001/operations/"
    "91d8b0ee3bd7b2e8"
)
VIDEO = "gs://films/made here/91d8b0ee3bd7b2e8/sample_0.mp4"
INTERACTION = "v1_9f1ad1ab41ff9ad0"

STORED: list[tuple[str, str, JSON, BaseModel]] = [
    ("image", "handle", {"interaction": INTERACTION}, InteractionHandle(interaction=INTERACTION)),
    ("image", "state", {"interaction": INTERACTION}, InteractionState(interaction=INTERACTION)),
    ("video", "handle", {"interaction": INTERACTION}, InteractionHandle(interaction=INTERACTION)),
    ("video", "state", {"interaction": INTERACTION}, InteractionState(interaction=INTERACTION)),
    ("veo", "handle", {"operation": OPERATION}, VeoHandle(operation=OPERATION)),
    ("veo", "state", {"video": VIDEO}, VeoState(video=VIDEO)),
]


def model_of(name: str, which: str) -> type[BaseModel]:
    [capability] = [each for each in backend.capabilities if each.name == name]
    found: type[BaseModel] | None = getattr(capability, which)
    assert found
    return found


@pytest.mark.parametrize(("name", "which", "stored", "expected"), STORED, ids=str)
def test_what_was_stored_is_read_and_stored_again_unchanged(
    name: str, which: str, stored: JSON, expected: BaseModel
) -> None:
    found = model_of(name, which).model_validate(stored)
    assert found == expected
    assert found.model_dump(mode="json") == stored


def test_every_capability_that_stores_something_has_a_sample() -> None:
    declared: list[Capability[Any, Any]] = list(backend.capabilities)
    stores = {(each.name, which) for each in declared for which in ("handle", "state") if getattr(each, which)}
    assert {(name, which) for name, which, _, _ in STORED} == stores


@pytest.mark.parametrize(
    ("name", "which", "stored"),
    [
        ("image", "state", 7),
        ("image", "state", {}),
        ("image", "state", {"interaction": ""}),
        ("image", "state", {"interaction": 3}),
        ("video", "handle", {"video": "v1"}),
        ("video", "handle", "v1_1"),
        ("veo", "handle", {"operation": ""}),
        ("veo", "state", {"video": "here"}),
        ("veo", "state", {"interaction": "v1_1"}),
    ],
    ids=str,
)
def test_what_is_of_another_form_is_not_read(name: str, which: str, stored: JSON) -> None:
    with pytest.raises(ValidationError):
        model_of(name, which).model_validate(stored)
