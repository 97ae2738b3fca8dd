"""What the fake remembers: interactions, uploads, operations and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import Field

from loopback.faults import Strict
from loopback.state import Polled, State

Video = Callable[[], bytes]
"""Makes a video when it is downloaded."""


class Settings(Strict):
    """The number of polls until work is done, and until an upload can be used."""

    polls: int = Field(default=2, ge=0)
    processing: int = Field(default=0, ge=0)


@dataclass(kw_only=True)
class Interaction(Polled):
    """An interaction; `content` is what it answers when it is done."""

    id: str
    model: str
    content: list[Mapping[str, object]]
    seconds: int = 0


@dataclass(kw_only=True)
class Operation(Polled):
    """An operation that makes a video in enterprise mode; `folder` is where it is written to, if anywhere."""

    name: str
    video: Video
    folder: str = ""


@dataclass(kw_only=True)
class Upload:
    """A file that is uploaded; `left` is how often it is still shown as being processed."""

    name: str
    mime: str
    size: int
    left: int
    received: int = 0
    whole: bool = False


@dataclass(kw_only=True)
class GoogleState(State):
    """Everything since the last reset. `videos` are by file id, `stored` by `gs://` URI."""

    settings: Settings = field(default_factory=Settings)
    interactions: dict[str, Interaction] = field(default_factory=dict[str, Interaction])
    uploads: dict[str, Upload] = field(default_factory=dict[str, Upload])
    videos: dict[str, Video] = field(default_factory=dict[str, Video])
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    stored: dict[str, Video] = field(default_factory=dict[str, Video])

    def expire(self, name: str) -> bool:
        """Forget an interaction."""
        return self.interactions.pop(name, None) is not None
