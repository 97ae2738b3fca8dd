"""Tell how a saved file was made, and what was edited from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import BaseModel, ConfigDict, JsonValue

from mediasmith.engine.presenter import format_time, present_cost, present_file
from mediasmith.engine.results import Cost, MediaFile
from mediasmith.storage.library.records import Artifact, Task


class FileAbout(BaseModel):
    """How a file was made. `created` is in UTC.

    `prompts` are all that led to it, oldest first. `parent` is the id it was edited from, `children` are ids that were
    edited from it, newest first. `cost` is that of the provider's call, for all the files that it made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    file: MediaFile
    job_id: str
    created: str
    kind: str
    backend: str
    model: str
    prompts: tuple[str, ...] = ()
    params: Mapping[str, JsonValue] = {}
    parent: str = ""
    children: tuple[str, ...] = ()
    cost: Cost | None = None

    def text(self) -> str:
        """Compact JSON without empty fields."""
        return self.model_dump_json(exclude_defaults=True)


def present_about(artifact: Artifact, tasks: Sequence[Task], children: Sequence[Artifact], url: str = "") -> FileAbout:
    """Return how a file was made, given its job's tasks, what was edited from it, and the link of one in a store."""
    return FileAbout(
        file=present_file(artifact, url),
        job_id=artifact.job_id,
        created=format_time(artifact.created),
        kind=artifact.kind,
        backend=artifact.backend,
        model=artifact.model,
        prompts=artifact.prompts,
        params=cast("Mapping[str, JsonValue]", artifact.params or {}),
        parent=artifact.parent,
        children=tuple(child.id for child in children),
        cost=present_cost([task for task in tasks if task.number == artifact.task]),
    )
