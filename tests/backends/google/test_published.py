"""The checks of the fake against the schemas that Google publishes for interactions, where those are at hand."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.google.interaction_routes import CREATE
from fakes.google.published import PUBLISHED

if PUBLISHED is None:
    pytest.skip("MEDIASMITH_TEST_SPECS has no schemas of Google's interactions", allow_module_level=True)

TEXT = {"type": "text", "text": "Hi.", "annotations": [{"type": "speech_metadata", "speaker": "Anna", "style": "calm"}]}
IMAGE = {"type": "image", "data": "AAAA", "mime_type": "image/png"}


def body(*blocks: object, config: object = None, **response_format: object) -> dict[str, Any]:
    return {
        "model": "any",
        "input": [{"type": "user_input", "content": blocks or [IMAGE, TEXT]}],
        "generation_config": config or {"seed": 1},
        "response_format": response_format or {"type": "image", "image_size": "1K", "aspect_ratio": "1:1"},
        "previous_interaction_id": "v1_1",
        "background": True,
        "store": True,
    }


@pytest.mark.parametrize(
    "request_body",
    [
        {"model": "any", "input": "a waltz", "store": False},
        body(),
        body(
            config={"video_config": {"task": "edit"}},
            type="video",
            delivery="uri",
            resolution="720p",
            duration="5s",
        ),
        body(config={"speech_config": [{"voice": "Kore", "language": "en"}]}, type="audio", mime_type="audio/mp3"),
        body(config={"speech_config": {"speakers": [{"speaker": "Anna", "voice": "Kore"}]}}, type="audio"),
    ],
    ids=["music", "image", "video", "speech", "dialogue"],
)
def test_a_request_has_the_published_structure(request_body: dict[str, Any]) -> None:
    assert PUBLISHED
    assert not PUBLISHED.objection(CREATE, "application/json", request_body)


@pytest.mark.parametrize(
    "request_body",
    [
        body(config={"steps": 4}),
        body(type="image", colour="red"),
        body(config={"speech_config": [{"pitch": 1}]}),
        body({**IMAGE, "alt": "a kite"}),
    ],
    ids=["config", "format", "voice", "content"],
)
def test_a_request_with_another_structure_is_found(request_body: dict[str, Any]) -> None:
    assert PUBLISHED
    assert PUBLISHED.objection(CREATE, "application/json", request_body)
