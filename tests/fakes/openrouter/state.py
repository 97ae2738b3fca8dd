"""What the fake remembers, and how it refuses."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pydantic import Field

from fakes.openrouter import WRONG_KEY
from loopback.connection import Answer, Request
from loopback.faults import Fault, Refusal, Strict, answer_json, bearer, fault
from loopback.state import Polled, State


class Settings(Strict):
    """How many polls a new video stays pending, and which models are gone."""

    polls: int = Field(default=2, ge=0)
    retired: list[str] = Field(default_factory=list)


@dataclass(kw_only=True)
class Video(Polled):
    """A video, which is rendered when it is downloaded. An `expired` one can no longer be continued."""

    id: str
    size: str
    seconds: int
    seed: bytes
    expired: bool = False


@dataclass(kw_only=True)
class RouterState(State):
    """Everything from one reset to the next."""

    settings: Settings = field(default_factory=Settings)
    videos: dict[str, Video] = field(default_factory=dict[str, Video])

    def expire(self, name: str) -> bool:
        """Let a video expire."""
        if name not in self.videos:
            return False
        self.videos[name].expired = True
        return True


def refusal(status: int, message: str, metadata: Mapping[str, object] | None = None) -> Refusal:
    """Return a refusal in OpenRouter's form."""
    error = {"code": status, "message": message, **({"metadata": metadata} if metadata else {})}
    return Refusal(answer_json({"error": error, "user_id": "user_2abc"}, status=status))


def sign_in(request: Request) -> None:
    """Refuse a request whose key is missing or wrong."""
    if bearer(request) == WRONG_KEY:
        raise fault("wrong key", "User not found.")


def check_model(state: RouterState, model: str, models: Collection[str]) -> None:
    """Refuse a model that is not one of these, or that is retired."""
    if model not in models or model in state.settings.retired:
        raise refusal(404, f"No endpoints found for {model}.")


def wording(found: Fault) -> Answer:
    """Return any other refusal in OpenRouter's form."""
    status = {"path": 404, "no key": 401, "wrong key": 401, "type": 415}.get(found.kind, 400)
    return refusal(status, "; ".join(f"{problem.field}: {problem.message}" for problem in found.problems)).answer
