"""What the fake remembers, and how it refuses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from fakes.openai import WRONG_KEY
from loopback.connection import Answer, Request
from loopback.faults import Fault, Refusal, Strict, answer_json, bearer, fault
from loopback.films import Clip
from loopback.state import Polled, State


class Settings(Strict):
    """How many polls new background work stays pending, and which models are gone."""

    polls: int = Field(default=2, ge=0)
    retired: list[str] = Field(default_factory=list)


@dataclass(kw_only=True)
class Response(Polled):
    """A response; its `output` is shown once it is done."""

    id: str
    seed: bytes
    output: list[dict[str, object]]


@dataclass(kw_only=True)
class Video(Polled):
    """A video, which is rendered when it is downloaded. An `expired` one can no longer be downloaded or changed."""

    id: str
    prompt: str
    clip: Clip
    expired: bool = False


@dataclass(kw_only=True)
class OpenAIState(State):
    """Everything from one reset to the next."""

    settings: Settings = field(default_factory=Settings)
    responses: dict[str, Response] = field(default_factory=dict[str, Response])
    videos: dict[str, Video] = field(default_factory=dict[str, Video])

    def expire(self, name: str) -> bool:
        """Forget a response; let a video expire."""
        if name in self.videos:
            self.videos[name].expired = True
            return True
        return self.responses.pop(name, None) is not None


def refusal(status: int, message: str, *, code: str | None = None, param: str | None = None) -> Refusal:
    """Return a refusal in OpenAI's form."""
    error: dict[str, Any] = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Refusal(answer_json({"error": error}, status=status))


def sign_in(request: Request) -> None:
    """Refuse a request whose key is missing or wrong."""
    if bearer(request) == WRONG_KEY:
        raise fault("wrong key", f"Incorrect API key provided: {WRONG_KEY[:8]}***{WRONG_KEY[-4:]}.")


def check_model(state: OpenAIState, model: str, models: Collection[str] = ()) -> None:
    """Refuse a model that is not one of `models`, if any are given, or that is retired."""
    if model in state.settings.retired or (models and model not in models):
        raise refusal(404, f"The model `{model}` does not exist or you do not have access.", code="model_not_found")


def wording(found: Fault) -> Answer:
    """Return any other refusal in OpenAI's form."""
    problem = found.problems[0]
    status = {"path": 404, "no key": 401, "wrong key": 401}.get(found.kind, 400)
    code = {"wrong key": "invalid_api_key", "contract": "contract_violation"}.get(found.kind, problem.code or None)
    return refusal(status, problem.message, code=code, param=problem.field or None).answer
