"""The provider, a process of its own: it outlives the server under test, so its counts are true after a kill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from fakes.openai import images, newer, responses, speech, videos
from fakes.openai.catalogue import MODELS, SHUTDOWNS
from fakes.openai.errors import sign_in, wording
from fakes.openai.state import OpenAIState, Settings
from loopback.connection import Answer
from loopback.contract import Contract
from loopback.faults import answer_json
from loopback.routes import Asked, Provider, Route
from loopback.service import main
from loopback.state import new_id

_Asked: TypeAlias = Asked[OpenAIState]

_BORN = 1_780_000_000


def _models(asked: _Asked) -> Answer:
    listed = [
        {"id": model, "object": "model", "created": _BORN, "owned_by": "openai", "shutdown_date": SHUTDOWNS.get(model)}
        for model in MODELS
        if model not in asked.state.settings.retired
    ]
    return answer_json({"object": "list", "data": listed})


def _headers() -> Mapping[str, str]:
    return {"x-request-id": f"req_{new_id()}", "openai-version": "2020-10-01"}


ROUTES: Mapping[str, Route[OpenAIState]] = {
    **images.ROUTES,
    **responses.ROUTES,
    **speech.ROUTES,
    **videos.ROUTES,
    "GET /v1/models": Route(answer=_models),
}
"""Every kind of request, by the name that counts and scripts have for it."""

CONTRACT = Contract.found("openai-*.json", prefix="/v1", requests=newer.REQUESTS, answers=newer.ANSWERS)
"""What the provider publishes about its interface, where it is at hand."""

PROVIDER = Provider(
    routes=ROUTES,
    fresh=OpenAIState,
    settings=Settings,
    sign_in=sign_in,
    wording=wording,
    headers=_headers,
    contract=CONTRACT,
)
"""The provider."""

if __name__ == "__main__":
    main(PROVIDER)
