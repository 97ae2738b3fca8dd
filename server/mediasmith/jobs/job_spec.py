"""What a job's record says was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mediasmith.plugin.contract import JSON
from mediasmith.storage.library.records import Job


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """`count` files of each of the prompts.

    `parent` is the artifact that an edit continues, `history` the prompts that led to that one. `extension` is the one
    that the caller's file name has, or "".
    """

    prompts: tuple[str, ...]
    count: int
    parent: str = ""
    history: tuple[str, ...] = ()
    extension: str = ""

    @property
    def files(self) -> int:
        """How many files were asked for in all."""
        return len(self.prompts) * self.count

    def to_json(self) -> dict[str, JSON]:
        """Return what the job's record holds."""
        return {
            "prompts": self.prompts,
            "count": self.count,
            "parent": self.parent,
            "history": self.history,
            "extension": self.extension,
        }

    @classmethod
    def from_job(cls, job: Job) -> JobSpec:
        """Read a job's record."""
        record: Any = job.request
        return cls(
            prompts=tuple(record["prompts"]),
            count=record["count"],
            parent=record["parent"],
            history=tuple(record["history"]),
            extension=record.get("extension", ""),
        )
