"""What a tool answers: the typed result that programs read and that is shown to a model as compact JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from mediasmith.config.offers import Offer
from mediasmith.plugin.errors import Billed
from mediasmith.plugin.media import extension

Status = Literal["done", "partial", "running", "failed", "cancelled", "unknown", "dry_run"]
"""The state of a job. `unknown`: its answer was lost, and it may have been billed."""


class _Answer(BaseModel):
    # Built at their first use: a start needs none of them.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class MediaFile(_Answer):
    """A saved file. `id` is its continuation id; sizes are bytes, pixels and seconds.

    `path` is absolute. A file in a store has no path, but a `url`, which expires.
    """

    id: str
    path: str = ""
    uri: str
    mime: str
    bytes: int
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    url: str = ""

    @property
    def place(self) -> str:
        """Where it is: its path, or its link."""
        return self.path or self.url

    @property
    def name(self) -> str:
        """A name to save or show it by."""
        return PurePath(self.path).name or f"{self.id}.{extension(self.mime)}"


class Attempt(_Answer):
    """One backend that was tried, and how that ended."""

    backend: str
    model: str
    outcome: str


class Cost(_Answer):
    """US dollars, and where the figure comes from."""

    usd: float | None = None
    basis: Literal["reported", "estimated", "unknown"]


class Item(_Answer):
    """One prompt of a batch: its files, or why there are none."""

    prompt: str
    status: Status
    files: tuple[str, ...] = ()
    error: str = ""


class MediaResult(_Answer):
    """The answer of generate_media, continue_edit and get_job.

    `continuation_id` is the first file's. `parent` is the id an edit continued from, and `lineage` has the prompts from
    the first one to this edit's: their beginnings, and of many the first and the last ones. `details` is the provider's
    own material. `progress` (0 to 1) and `message` describe a running job; `next` says what to do. `error` says why
    there is not all that was asked for, and `billed` whether what failed was paid for.
    """

    status: Status
    job_id: str = ""
    continuation_id: str = ""
    files: tuple[MediaFile, ...] = ()
    kind: str = ""
    backend: str = ""
    model: str = ""
    parent: str = ""
    lineage: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    cost: Cost | None = None
    progress: float | None = None
    message: str = ""
    details: Mapping[str, JsonValue] = {}
    items: tuple[Item, ...] = ()
    error: str = ""
    billed: Billed | None = None
    next: str = ""

    def text(self) -> str:
        """Compact JSON without empty fields."""
        return self.model_dump_json(exclude_defaults=True)


class JobSummary(_Answer):
    """A job in the list: enough to recognise it and continue with it; its own answer has the rest.

    `created` is in UTC. `prompt` is the beginning of what was asked for.
    """

    status: Status
    job_id: str
    created: str
    kind: str
    prompt: str = ""
    backend: str = ""
    model: str = ""
    continuation_id: str = ""
    parent: str = ""
    files: tuple[MediaFile, ...] = ()
    progress: float | None = None
    message: str = ""
    error: str = ""


class JobList(_Answer):
    """The recent jobs, newest first; the answer of get_job without an id."""

    jobs: tuple[JobSummary, ...]

    def text(self) -> str:
        """Compact JSON without empty fields."""
        return self.model_dump_json(exclude_defaults=True)


class CapabilityDetail(_Answer):
    """One capability in full: the shared words and options with their schemas, models, input files, live lists."""

    kind: str
    name: str
    ready: bool
    missing: str = ""
    words: Mapping[str, JsonValue] = {}
    options: Mapping[str, JsonValue] = {}
    inputs: Mapping[str, JsonValue] = {}
    models: tuple[Mapping[str, JsonValue], ...] = ()
    choices: Mapping[str, tuple[str, ...]] = {}
    edits: bool = False


class ModelMatch(_Answer):
    """One model that a search found. `price` is in the provider's words, or empty."""

    backend: str
    id: str
    kind: str
    title: str = ""
    price: str = ""


class BackendList(_Answer):
    """The answer of list_backends: a row for each backend and kind, one backend in full, or the models of a search.

    A search that names one model has it in `capabilities`, with all that it takes. `broken` names plug-ins that could
    not be loaded, `problems` settings that could not be used, or backends that could not be searched.
    """

    backends: tuple[Offer, ...] = ()
    models: tuple[ModelMatch, ...] = ()
    next: str = ""
    backend: str = ""
    title: str = ""
    docs: str = ""
    capabilities: tuple[CapabilityDetail, ...] = ()
    broken: Mapping[str, str] = {}
    problems: tuple[str, ...] = ()

    def text(self) -> str:
        """Compact JSON without empty fields."""
        return self.model_dump_json(exclude_defaults=True)
