"""Save the files of a task's result: in temporary files, then on record, and then under their names."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio

from mediasmith.jobs.active_job import ActiveJob
from mediasmith.jobs.outputs import Outputs, kept_in
from mediasmith.plugin.contract import JSON, Result
from mediasmith.plugin.errors import MediaError, error_record
from mediasmith.runtime.clock import Clock
from mediasmith.runtime.redaction import Redactor
from mediasmith.selection.candidate import Candidate
from mediasmith.selection.pricing import Measured, estimate
from mediasmith.storage.library.records import Artifact, Task
from mediasmith.storage.library.store import Library

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TaskFiles:
    """The files of tasks."""

    library: Library
    clock: Clock
    outputs: Outputs
    redact: Redactor

    async def save(self, active: ActiveJob, number: int, candidate: Candidate, result: Result) -> None:
        """Save the files of a result, and end its task as done.

        Raises:
            MediaError: they cannot be kept; as `Outputs.store`.
        """
        cost = _amount(result.cost_usd)
        task = active.tasks[number] = replace(active.tasks[number], billed="yes", cost_usd=cost)
        artifacts, lacking = await self.outputs.store(active, task, candidate, result)
        details = self.redact.json(result.details)
        task = replace(
            task,
            phase="saving",
            estimate_usd=_estimate(task, candidate, artifacts, result.used),
            complete=result.complete,
            error=error_record(lacking) if lacking else None,
            details=details or None,
        )
        del result  # its files are on disk, and recording them may take its turn
        # A cancel at this point would leave files that nothing knows of.
        with anyio.CancelScope(shield=True):
            try:
                await self.library.stage(task, artifacts, at=self.clock.now(), owner=active.job.owner)
            except MediaError as error:
                if task.handle is None:  # or it can be collected again
                    await self._keep(active, artifacts, error)
                raise
            active.tasks[number] = task
            if not await self.name(active, task, artifacts):
                active.tasks[number] = replace(task, phase="sending" if task.handle is None else "accepted")
                raise MediaError(f"A file was removed from {active.destination.folder} before it had its name.")
            # An earlier process may have begun files; of its own this one knows.
            if task.handle is not None or active.destination.temporary.has(_prefix(task)):
                await self.remove_temporary(active, task)

    async def name(self, active: ActiveJob, task: Task, artifacts: Sequence[Artifact]) -> bool:
        """Give a task's finished temporary files their names; False when one is gone. Safe to repeat."""
        if not artifacts:
            return False
        named: list[Artifact] = []
        for artifact in artifacts:
            try:
                path, renamed = await active.destination.commit(artifact, trouble=active.report_trouble)
            except FileNotFoundError:
                return False
            if renamed:
                active.warn(f"{Path(artifact.path).name} existed; the new file is {Path(path).name}.")
            named.append(replace(artifact, path=path, token=""))
        done = replace(task, phase="done")
        await self.library.commit(done, named, at=self.clock.now(), owner=active.job.owner)
        active.artifacts += named
        active.tasks[task.number] = done
        return True

    async def _keep(self, active: ActiveJob, artifacts: Sequence[Artifact], error: MediaError) -> None:
        """Keep files that cannot be recorded, and add to the error where they are."""
        error.billed = "yes"
        for artifact in artifacts:
            open_file = partial(active.destination.temporary.open_file, artifact.token)
            if path := await self.outputs.unreadable.keep_file(artifact.token, open_file):
                error.hint = f"{kept_in(path)} {error.hint}".strip()
        _log.error("what job %s has made could not be recorded: %s", active.job.id, error)

    async def remove_temporary(self, active: ActiveJob, task: Task) -> None:
        """Remove a task's temporary files. What cannot be removed is no reason to lose what was made."""
        try:
            await active.destination.temporary.sweep(_prefix(task), keep=())
        except MediaError as error:
            _log.warning("temporary files of job %s are left: %s", task.job_id, error.message)


def _prefix(task: Task) -> str:
    """Return how the tokens of a task's temporary files start."""
    return f"{task.job_id}-{task.number}-"


def _estimate(
    task: Task, candidate: Candidate, artifacts: Sequence[Artifact], used: Mapping[str, JSON]
) -> float | None:
    """Return what it may have cost, now that the files can be measured; a part of them may have been there before."""
    lengths = [artifact.duration_seconds for artifact in artifacts]
    sizes = [artifact.width * artifact.height for artifact in artifacts if artifact.width and artifact.height]
    measured = Measured(
        seconds=sum(length for length in lengths if length is not None) if None not in lengths else None,
        megapixels=sum(sizes) / 1_000_000 if len(sizes) == len(artifacts) else None,
        values=used,
    )
    by_size = estimate(candidate, prompt=task.prompt, count=task.count, measured=measured)
    return min((usd for usd in (task.estimate_usd, by_size) if usd is not None), default=None)


def _amount(usd: object) -> float | None:
    return float(usd) if isinstance(usd, int | float) and 0 <= usd < math.inf else None
