"""Handles and state that were stored as JSON, by this version and by the first ones, are read again."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from mediasmith_backends.openrouter import backend

_, CHAT, VIDEO, _ = backend.capabilities

CONVERSATION: dict[str, Any] = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a kite"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            ],
        },
        {
            "role": "assistant",
            "content": "Here.",
            "images": [{"image_url": {"url": "data:image/png;base64,AA=="}}],
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "x", "id": None, "index": 0}],
        },
    ]
}


@pytest.mark.parametrize(
    ("model", "stored"),
    [
        (VIDEO.handle, {"video": "gen-vid-68"}),
        (VIDEO.state, {"video": "gen-vid-68"}),
        (CHAT.state, CONVERSATION),
    ],
)
def test_stored_json_is_read_and_written_alike(model: type[BaseModel], stored: dict[str, Any]) -> None:
    assert model.model_validate(stored).model_dump(mode="json") == stored
