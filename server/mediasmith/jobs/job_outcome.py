"""The outcome of a job whose tasks have ended: its state, and the error that a caller reads."""

from __future__ import annotations

from collections import Counter

from mediasmith.jobs.active_job import ActiveJob
from mediasmith.plugin.errors import Billed, Cancelled, MediaError
from mediasmith.storage.library.records import JobState


def state_of(active: ActiveJob) -> JobState:
    """Return the state that the job's tasks add up to."""
    phases = {task.phase for task in active.tasks.values()}
    if phases & {"queued", "accepted", "saving"}:
        return "running"  # our work ended, the provider's did not, or another process has to begin it
    if not _incomplete(active):
        return "done"
    if active.artifacts:
        return "partial"
    if "cancelled" in phases or any(isinstance(error, Cancelled) for error in active.errors.values()):
        return "cancelled"
    return "unknown" if "unknown" in phases else "failed"


def error_of(active: ActiveJob, state: JobState) -> MediaError | None:
    """Return why there is not all that was asked for, and whether anything was paid for."""
    incomplete = _incomplete(active)
    error = next((error for item, error in active.errors.items() if item in incomplete), None)
    if state == "cancelled":
        error = Cancelled()
    if error is not None and state in {"failed", "cancelled", "unknown"}:
        error.billed = _billed(active)
    elif error is not None and error.billed == "no":
        error.billed = None  # this was not, but the rest may have been
    return error


def internal_error(error: Exception) -> MediaError:
    """Return the error for an exception that no code of ours expected."""
    return error if isinstance(error, MediaError) else MediaError(f"Mediasmith itself failed ({type(error).__name__}).")


def _incomplete(active: ActiveJob) -> set[int]:
    """Return the prompts for which less was made than was asked for."""
    made = Counter(active.tasks[artifact.task].item for artifact in active.artifacts)
    cut = {task.item for task in active.tasks.values() if task.phase == "done" and not task.complete}
    return cut | {item for item in range(len(active.spec.prompts)) if made[item] < active.spec.count}


def _billed(active: ActiveJob) -> Billed:
    billed = {task.billed for task in active.tasks.values()}
    return "yes" if "yes" in billed else "unknown" if "unknown" in billed else "no"
