"""What the library records: jobs, their tasks, and the artifacts these produced.

Times are seconds since 1970 (UTC) and come from the caller. A JSON field reads back as `json` reads it: a tuple inside
comes back as a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mediasmith.plugin.contract import JSON
from mediasmith.plugin.errors import Billed
from mediasmith.plugin.kinds import Kind

JobState = Literal["running", "done", "partial", "failed", "cancelled", "unknown"]
"""The state of a job. `unknown`: its process died while an answer was due, so it may have been billed."""

Phase = Literal["queued", "sending", "accepted", "saving", "done", "failed", "cancelled", "unknown"]
"""How far a task has got.

`queued`: nothing was sent. `sending`: the request that costs money is out. `accepted`: the provider's handle is
recorded. `saving`: the bytes are in temporary files, which the artifacts' tokens name.
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One request, from the call to the saved files.

    `fingerprint` is the same for equal requests. `request` is what was asked for, resolved and without secrets. `owner`
    is the process that works on it. `folder` and `stem` say where its files go. `answered`: its answer has left the
    server. `error` is None, or an object with message, hint, billed and type.
    """

    id: str
    principal: str
    fingerprint: str
    tool: Literal["generate_media", "continue_edit"]
    kind: Kind
    request: JSON
    state: JobState = "running"
    owner: str
    folder: str
    stem: str
    created: float
    updated: float
    answered: bool = False
    warnings: tuple[str, ...] = ()
    attempts: tuple[JSON, ...] = ()
    error: JSON = None


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What all the jobs created since a time may cost together, in US dollars."""

    usd: float
    since: float


@dataclass(frozen=True, kw_only=True)
class Task:
    """One provider call of a job.

    `number` distinguishes the tasks of a job; `item` is the index of the prompt in a batch. `count` files are asked
    for, the first of which is file number `first` of that prompt. `handle` is the provider's name for the work, once it
    is accepted. `billed` says whether the call was paid for, `cost_usd` what the provider said it charged,
    `estimate_usd` what is expected. `complete` is False when the result holds less than was asked for.
    """

    job_id: str
    number: int
    item: int = 0
    prompt: str
    first: int = 0
    count: int = 1
    backend: str
    capability: str
    model: str
    params: JSON
    phase: Phase = "queued"
    handle: JSON = None
    billed: Billed = "no"
    cost_usd: float | None = None
    estimate_usd: float | None = None
    details: JSON = None
    complete: bool = True
    error: JSON = None


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One generated file, and what an edit continues from.

    `task` and `position` say which of the job's files it is. `token` names its temporary file while it is being saved,
    and is empty once the file is at `path`. `prompts` are all the prompts that led to it, oldest first. `parent` is the
    artifact that it was edited from, or empty, and may no longer be in the library. `state` is what the backend needs
    for an edit. `used` is when the artifact was last asked for.
    """

    id: str
    job_id: str
    task: int
    position: int
    path: str
    token: str = ""
    mime: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    kind: Kind
    backend: str
    capability: str
    model: str
    params: JSON
    prompts: tuple[str, ...]
    parent: str = ""
    state: JSON = None
    principal: str
    created: float
    used: float
