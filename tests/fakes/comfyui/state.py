"""What the fake remembers, what it takes, and how it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from fakes.comfyui import WRONG_KEY
from loopback.connection import Answer, Request
from loopback.faults import Fault, Strict, bearer, fault
from loopback.state import Polled, State

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class Settings(Strict):
    """How many looks a new job takes, and whether there is /api/jobs."""

    polls: int = Field(default=2, ge=0)
    jobs: bool = False


class PromptRequest(Strict):
    """A graph to run. The id is one that newer versions accept, too."""

    prompt: dict[str, dict[str, Any]]
    client_id: str
    prompt_id: Annotated[str, Field(pattern=_UUID)]


class DeleteRequest(Strict):
    """Jobs to take out of the queue."""

    delete: list[str]


class InterruptRequest(Strict):
    """The job to stop: without its id, any would be stopped."""

    prompt_id: str


class NoFields(Strict):
    """A body that says nothing."""


class UploadFields(Strict):
    """Where an upload goes."""

    type: str = Field(pattern="^input$")


class ViewQuery(Strict):
    """Which file to show."""

    filename: str
    subfolder: str
    type: str = Field(pattern="^(output|temp|input)$")


class JobsQuery(Strict):
    """How many jobs to list."""

    limit: int = 0


@dataclass(kw_only=True)
class Job(Polled):
    """A job: its graph, which of its outputs run, and the number in the queue."""

    id: str
    number: int
    graph: Mapping[str, Any]
    client: str
    outputs: tuple[str, ...]

    @property
    def ended(self) -> bool:
        """Whether it is in the history."""
        return self.done or (self.cancelled and self.polled > 0)

    @property
    def running(self) -> bool:
        """Whether it is at work, as it is from the second look on."""
        return self.polled > 1 and not self.ended


@dataclass(kw_only=True)
class ComfyState(State):
    """Everything from one reset to the next. `cache` has the files of graphs that have run."""

    settings: Settings = field(default_factory=Settings)
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])
    uploads: dict[str, bytes] = field(default_factory=lambda: {"example.png": b""})
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])
    cache: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def expire(self, name: str) -> bool:
        """Forget a job, as a restart does."""
        return self.jobs.pop(name, None) is not None


def sign_in(request: Request) -> None:
    """Refuse the wrong key, as a proxy would; none is needed."""
    if "authorization" in request.headers and bearer(request) == WRONG_KEY:
        raise fault("wrong key", "Not allowed.")


def wording(found: Fault) -> Answer:
    """Return a refusal in the form of the framework that ComfyUI stands on: a status and a few words."""
    status = {"path": 404, "no key": 401, "wrong key": 401, "type": 415}.get(found.kind, 400)
    words = "; ".join(f"{problem.field}: {problem.message}" for problem in found.problems)
    return Answer(status=status, mime="text/plain", body=f"{status}: {words}".encode())
