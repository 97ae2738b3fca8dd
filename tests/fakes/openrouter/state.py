"""What the provider remembers: videos, and what was spent."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from pydantic import Field

from fakes.openrouter.errors import refusal
from loopback.faults import Strict
from loopback.state import Polled, State


class Settings(Strict):
    """The body of `POST /_settings`: polls until a video is done, what was paid in, and which models are gone."""

    polls: int = Field(default=2, ge=0)
    credits: float = Field(default=100.0, ge=0)
    retired: list[str] = Field(default_factory=list)


@dataclass(kw_only=True)
class Video(Polled):
    """A video, described; its bytes are made when they are fetched. `expired` ones have none any more."""

    id: str
    model: str
    size: tuple[int, int]
    seconds: int
    audio: bool
    seed: bytes
    usd: float
    blocked: bool = False
    expired: bool = False


@dataclass(kw_only=True)
class RouterState(State):
    """Everything from one reset to the next. `spent` is in USD."""

    settings: Settings = field(default_factory=Settings)
    videos: dict[str, Video] = field(default_factory=dict[str, Video])
    spent: float = 0.0

    def expire(self, name: str) -> bool:
        """A video loses its bytes."""
        if name not in self.videos:
            return False
        self.videos[name].expired = True
        return True

    def spend(self, usd: float) -> None:
        """Take so much off the credits; refuse when there is not enough."""
        if self.spent + usd > self.settings.credits:
            message = "Insufficient credits. Add more using https://openrouter.ai/settings/credits"
            raise refusal(402, message)
        self.spent += usd

    def served(self, model: str, models: Container[str]) -> None:
        """Refuse a model that is not one of these, or not any more."""
        if model not in models or model in self.settings.retired:
            raise refusal(404, f"No endpoints found for {model}.")
