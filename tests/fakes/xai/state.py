"""What the fake of xAI remembers, and what tests ask of it."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
from google.protobuf.message import Message

from mediasmith.testing.wire import Fault

KEY = "xai-0123456789abcdef"
"""A key; the provider accepts any."""

IMAGE = "/xai_api.Image/GenerateImage"
VIDEO = "/xai_api.Video/GenerateVideo"
EXTENSION = "/xai_api.Video/ExtendVideo"
POLL = "/xai_api.Video/GetDeferredVideo"
UPLOAD = "/xai_api.Files/UploadFile"
MODELS = "/xai_api.Models/ListImageGenerationModels"
"""The methods, by the names that requests have in the log and in scripts."""

PAYING = (IMAGE, VIDEO, EXTENSION)
"""The methods that cost money."""


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One request. `body` is its message as JSON; of an upload, the first message and what tells the file."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """How one call is answered instead of normally.

    `code` is a status of gRPC by name; `message` is an answer as JSON and `raw` its bytes; `edit` changes the normal
    answer, `fault` breaks the connection.
    """

    code: str = ""
    details: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    message: Mapping[str, object] | None = None
    raw: bytes | None = None
    edit: Callable[[Message], Message] | None = None
    fault: Fault = ""


@dataclass
class Video:
    """A video that was accepted. It is pending for so many `polls`, and gone once it has `expired`."""

    seconds: int
    polls: int
    seen: int = 0
    expired: bool = False


class FakeXAI:
    """A running fake. `polls` is how often new videos are pending."""

    def __init__(self) -> None:
        self.base_url = ""
        self.store_url = ""
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.polls = 1
        self.videos: dict[str, Video] = {}
        self.files: dict[str, bytes] = {}
        self.clear()

    def clear(self) -> None:
        """Forget the log and the scripts."""
        self.log: list[Logged] = []
        self.scripts: defaultdict[str, deque[Reply]] = defaultdict(deque)

    def env(self) -> dict[str, str]:
        """Return the variables that sign a server in here."""
        return {"XAI_API_KEY": KEY, "MEDIASMITH_XAI_BASE_URL": self.base_url}

    def script(self, method: str, *replies: Reply) -> None:
        """Answer the next calls of a method so, then normally again; "paying" and "free" stand for all of those."""
        self.scripts[method].extend(replies)

    def next_reply(self, method: str) -> Reply:
        """Return how the next call of this method is answered."""
        for name in (method, "paying" if method in PAYING else "free"):
            if self.scripts[name]:
                return self.scripts[name].popleft()
        return Reply()

    def bodies(self, method: str) -> Sequence[Any]:
        """Return what the requests of this method held, in order."""
        return [entry.body for entry in self.log if entry.path == method]

    def counts(self) -> Mapping[str, int]:
        """Return the number of requests by method."""
        return Counter(entry.path for entry in self.log)

    def paid(self) -> int:
        """Return the number of requests that cost money."""
        return sum(entry.path in PAYING for entry in self.log)

    async def wait_for(self, method: str) -> None:
        """Wait until a request of this method has come."""
        with anyio.fail_after(10):
            while method not in self.counts():  # noqa: ASYNC110 - they come in threads of gRPC's
                await anyio.sleep(0.005)
