"""What the fake of OpenAI answers, by kind of request."""

from __future__ import annotations

from collections.abc import Mapping

from fakes.openai import images, responses, speech, videos
from fakes.openai.published import CONTRACT
from fakes.openai.state import OpenAIState, Settings, sign_in, wording
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.routes import Asked, Provider, Route


def _models(_asked: Asked[OpenAIState]) -> Answer:
    models = [{"id": model, "object": "model", "created": 0, "owned_by": "openai"} for model in images.IMAGE_MODELS]
    return answer_json({"object": "list", "data": models})


ROUTES: Mapping[str, Route[OpenAIState]] = {
    "GET /v1/models": Route(answer=_models),
    **images.ROUTES,
    **responses.ROUTES,
    **speech.ROUTES,
    **videos.ROUTES,
}
"""Every kind of request, by the name that counts and scripts have for it."""

PROVIDER = Provider(
    routes=ROUTES,
    fresh=OpenAIState,
    settings=Settings,
    sign_in=sign_in,
    wording=wording,
    contract=CONTRACT,
)
