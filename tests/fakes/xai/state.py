"""What the provider remembers: videos, pictures and files, for as long as they last."""

from __future__ import annotations

import secrets
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import Field
from typing_extensions import override

from fakes.xai.script import Plan, Planned
from loopback.faults import Strict
from loopback.state import Polled, State


class Settings(Strict):
    """The body of `POST /_settings`: polls until a video is done, the credit, models that are gone.

    Videos of fewer than `shortest` seconds cannot be extended.
    """

    polls: int = Field(default=2, ge=0)
    credit: Literal["plenty", "spent", "none"] = "plenty"
    retired: list[str] = Field(default_factory=list)
    shortest: float = Field(default=2.0, ge=0, strict=False)


@dataclass(frozen=True, kw_only=True)
class Film:
    """What a video is: its size in pixels, its length in seconds, and whether there is sound."""

    size: tuple[int, int]
    seconds: float
    audio: bool = True


@dataclass(kw_only=True)
class Video(Polled):
    """A video, described; its bytes are made when they are fetched, by its `name`. `cost` is in ticks.

    What is to be seen follows from the `seed`.
    """

    name: str
    model: str
    film: Film
    seed: bytes
    cost: int
    withheld: bool = False
    expired: bool = False


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that was uploaded."""

    name: str
    body: bytes
    created: int
    expires: int = 0


class Breakable(Protocol):
    """A connection that can be ended."""

    def abort(self) -> None:
        """End it at once."""
        ...


def unguessable() -> str:
    """A name that nobody can guess."""
    return secrets.token_hex(16)


@dataclass(kw_only=True)
class XAIState(State):
    """Everything from one reset to the next. `videos` are by request, `pictures` by the name in their address."""

    settings: Settings = field(default_factory=Settings)
    planned: defaultdict[str, deque[Planned]] = field(
        default_factory=lambda: defaultdict[str, deque[Planned]](deque[Planned])
    )
    videos: dict[str, Video] = field(default_factory=dict[str, Video])
    pictures: dict[str, bytes] = field(default_factory=dict[str, bytes])
    uploads: dict[str, Upload] = field(default_factory=dict[str, Upload])
    slowed: list[Breakable] = field(default_factory=list[Breakable])

    def shown(self, name: str) -> Video | None:
        """The video that can be fetched by this name."""
        return next((video for video in self.videos.values() if video.name == name and not video.expired), None)

    def plan(self, plan: Plan) -> None:
        """Queue the answers of a plan."""
        for planned in plan.answers:
            self.planned[plan.request].extend([planned] * planned.times)

    def next_planned(self, name: str, *, pays: bool) -> Planned:
        """The next answer for a call; when no plan is left, the normal one."""
        for waiting in (self.planned[name], self.planned["paying" if pays else "free"]):
            if waiting:
                return waiting.popleft()
        return Planned()

    def clear(self) -> None:
        """Forget the log and all plans."""
        self.release()
        for kept in (self.log, self.counts, self.planned, self.scripts):
            kept.clear()

    @override
    def release(self) -> None:
        """Let go of what hangs. A connection that was slowed down is of no use to anyone: it ends."""
        super().release()
        while self.slowed:
            self.slowed.pop().abort()

    @override
    def expire(self, name: str) -> bool:
        """A video is out of reach, a picture or a file is gone."""
        if name in self.videos:
            self.videos[name].expired = True
            return True
        return self.uploads.pop(name, None) is not None or self.pictures.pop(name, None) is not None
