"""What the fake remembers, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from fakes.compatible import WRONG_KEY
from loopback.connection import Answer, Request
from loopback.faults import Fault, Refusal, Strict, answer_json, bearer, fault
from loopback.state import Polled, State


class Settings(Strict):
    """How many polls a new video stays pending, and which engine the fake is like.

    `sglang` answers with paths of its own instead of pictures, `localai` says what its models make on a route of its
    own, and `gpt-image` refuses to be told how to answer.
    """

    polls: int = Field(default=2, ge=0)
    engine: Literal["usual", "sglang", "localai", "gpt-image"] = "usual"


@dataclass(kw_only=True)
class Video(Polled):
    """A video, which is rendered when it is downloaded."""

    id: str
    size: str
    seconds: int
    seed: bytes


@dataclass(kw_only=True)
class EngineState(State):
    """Everything from one reset to the next. Pictures that are downloaded are kept by their ids."""

    settings: Settings = field(default_factory=Settings)
    videos: dict[str, Video] = field(default_factory=dict[str, Video])
    pictures: dict[str, bytes] = field(default_factory=dict[str, bytes])


def refusal(status: int, message: str, *, param: str | None = None) -> Refusal:
    """Return a refusal in OpenAI's form."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
    return Refusal(answer_json({"error": error}, status=status))


def sign_in(request: Request) -> None:
    """Refuse a wrong key, and an empty one."""
    if "authorization" in request.headers and bearer(request) == WRONG_KEY:
        raise fault("wrong key", "This key is not known.")


def wording(found: Fault) -> Answer:
    """Return any other refusal in OpenAI's form."""
    status = {"path": 404, "no key": 401, "wrong key": 401, "type": 415}.get(found.kind, 400)
    problem = found.problems[0]
    return refusal(status, f"{problem.field}: {problem.message}".removeprefix(": "), param=problem.field or None).answer
