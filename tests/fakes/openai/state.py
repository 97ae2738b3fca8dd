"""What the provider remembers: responses and videos, for as long as they last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from loopback.faults import Strict
from loopback.state import Polled, State


class Settings(Strict):
    """The body of `POST /_settings`: after how many polls work is done, and which models are gone."""

    polls: int = Field(default=2, ge=0)
    retired: list[str] = Field(default_factory=list)


@dataclass(kw_only=True)
class Response(Polled):
    """A response, made already, and shown as finished when it was polled for often enough.

    `seed` follows from the whole conversation, `calls` are the pictures' ids, `request` is what was asked.
    """

    id: str
    request: Any
    created: int
    background: bool
    seed: bytes = b""
    output: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    error: dict[str, object] | None = None


@dataclass(kw_only=True)
class Video(Polled):
    """A video, described; its bytes are made when they are fetched. `expired` ones have none any more."""

    id: str
    model: str
    prompt: str
    size: str
    seconds: int
    seed: bytes
    created: int
    remixed_from: str | None = None
    blocked: bool = False
    expired: bool = False


@dataclass(kw_only=True)
class OpenAIState(State):
    """Everything from one reset to the next."""

    settings: Settings = field(default_factory=Settings)
    responses: dict[str, Response] = field(default_factory=dict[str, Response])
    videos: dict[str, Video] = field(default_factory=dict[str, Video])

    def expire(self, name: str) -> bool:
        """A response is gone for good, a video loses its bytes."""
        if name in self.videos:
            self.videos[name].expired = True
            return True
        return self.responses.pop(name, None) is not None
