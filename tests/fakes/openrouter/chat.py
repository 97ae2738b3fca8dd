"""Images in a conversation: `/chat/completions`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TypeAlias

from fakes.openrouter.images import drawn, usage
from fakes.openrouter.models import CHAT_MODELS, IMAGE_MODELS, accepts
from fakes.openrouter.requests import ChatRequest
from fakes.openrouter.state import RouterState, check_model, refusal
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[RouterState]


def _check(asked: _Asked) -> None:
    """Refuse what the model does not list."""
    body: ChatRequest = asked.body
    listed, config = IMAGE_MODELS.get(body.model), body.image_config
    for field, given in {"aspect_ratio": config.aspect_ratio, "resolution": config.image_size}.items():
        if listed and given and not accepts(listed.get(field), given):
            raise refusal(400, f"{body.model} does not support this {field}.", {"field": field})


def _complete(asked: _Asked) -> Answer:
    body: ChatRequest = asked.body
    check_model(asked.state, body.model, CHAT_MODELS)
    image = drawn(asked, body.model_dump_json().encode(), "jpeg")
    url = f"data:{image['media_type']};base64,{image['b64_json']}"
    thought = {"type": "reasoning.encrypted", "data": new_id(), "format": "google-gemini-v1", "id": None, "index": 0}
    message = {
        "role": "assistant",
        "content": "Here it is.",
        "refusal": None,
        "reasoning": None,
        "images": [{"image_url": {"url": url}}],
        "reasoning_details": [thought],
    }
    choice = {"index": 0, "finish_reason": "stop", "native_finish_reason": "STOP", "logprobs": None, "message": message}
    return answer_json(
        {
            "id": f"gen-{new_id()}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": body.model,
            "provider": "Google AI Studio",
            "system_fingerprint": None,
            "choices": [choice],
            "usage": usage(0.04),
        }
    )


ROUTES: Mapping[str, Route[RouterState]] = {
    "POST /api/v1/chat/completions": Route(answer=_complete, body=ChatRequest, check=_check),
}
"""The route of conversations."""
