"""Handles and state that were stored as JSON, by this version and by the first ones, are read again."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from mediasmith_backends.openai import backend
from mediasmith_backends.openai.responses_api import ResponseReference
from mediasmith_backends.openai.video import VideoReference

IMAGE, _, VIDEO = backend.capabilities


@pytest.mark.parametrize(
    ("model", "stored", "read"),
    [
        (IMAGE.handle, {"response": "resp_68"}, ResponseReference(response="resp_68")),
        (IMAGE.state, {"response": "resp_68"}, ResponseReference(response="resp_68")),
        (VIDEO.handle, {"video": "video_68"}, VideoReference(video="video_68")),
        (VIDEO.state, {"video": "video_68"}, VideoReference(video="video_68")),
    ],
)
def test_stored_json_is_read_and_written_alike(model: type[BaseModel], stored: dict[str, Any], read: BaseModel) -> None:
    assert model.model_validate(stored) == read
    assert read.model_dump(mode="json") == stored


def test_the_state_that_early_versions_stored_for_an_image_without_a_conversation_counts_as_gone() -> None:
    assert IMAGE.state
    with pytest.raises(ValidationError):
        IMAGE.state.model_validate({"alone": True})
