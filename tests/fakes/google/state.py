"""What the provider remembers: interactions, files and operations, for as long as they last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from loopback.faults import Strict
from loopback.state import Polled, State


class Settings(Strict):
    """The body of `POST /_settings`: polls until work is done, and until an upload is usable; models that are gone."""

    polls: int = Field(default=2, ge=0)
    processing: int = Field(default=0, ge=0)
    retired: list[str] = Field(default_factory=list)


@dataclass(kw_only=True)
class Made(Polled):
    """An interaction, made already, and shown as finished when it was polled for often enough.

    `seed` follows from the whole conversation, `seconds` is how long its video lasts, and `ends` how it ends.
    """

    id: str
    request: Any
    created: str
    seed: bytes = b""
    seconds: int = 0
    steps: list[Mapping[str, object]] = field(default_factory=list[Mapping[str, object]])
    errors: list[Mapping[str, object]] = field(default_factory=list[Mapping[str, object]])
    ends: str = "completed"


@dataclass(kw_only=True)
class Upload:
    """A file that is being uploaded, or is there: `whole`. `left` is how often it is still being processed."""

    name: str
    mime: str
    size: int
    left: int
    received: int = 0
    whole: bool = False


@dataclass(kw_only=True)
class Shot:
    """A video that was made, described; its bytes are made when they are fetched."""

    seed: bytes
    size: tuple[int, int]
    seconds: int
    audio: bool = True


@dataclass(kw_only=True)
class Operation(Polled):
    """Videos that the enterprise service makes. `storage` is where they are put, if anywhere."""

    name: str
    prompt: str
    shots: list[Shot]
    storage: str = ""


@dataclass(kw_only=True)
class GoogleState(State):
    """Everything from one reset to the next. `shots` are by file, `stored` by place in the storage."""

    settings: Settings = field(default_factory=Settings)
    interactions: dict[str, Made] = field(default_factory=dict[str, Made])
    uploads: dict[str, Upload] = field(default_factory=dict[str, Upload])
    shots: dict[str, Shot] = field(default_factory=dict[str, Shot])
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    stored: dict[str, Shot] = field(default_factory=dict[str, Shot])

    def expire(self, name: str) -> bool:
        """An interaction, an operation or a file is gone for good."""
        there = [
            kept for kept in (self.interactions, self.shots, self.uploads, self.operations, self.stored) if name in kept
        ]
        for kept in there:
            del kept[name]
        return bool(there)
