"""The outcome of a job whose tasks have ended: its state, and the error that a caller reads."""

from __future__ import annotations

from collections import Counter

from mediasmith.jobs.active_job import ActiveJob
from mediasmith.plugin.errors import Billed, Cancelled, MediaError, error_from_record
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
    return "unknown" if phases & {"sending", "unknown"} else "failed"


def error_of(active: ActiveJob, state: JobState) -> MediaError | None:
    """Return why there is not all that was asked for, and whether what failed was paid for.

    Of several errors, the most important one is chosen: for work that continues, what prevents it from being collected;
    otherwise, what was paid for.
    """
    errors = _errors(active, waiting=state == "running")
    error = Cancelled() if state == "cancelled" else max(errors, key=_cost_of, default=None)
    if error is None and state == "unknown":
        error = MediaError("The answer to a request that was sent is lost.")
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


def _errors(active: ActiveJob, *, waiting: bool) -> list[MediaError]:
    """Return the errors of the prompts that lack files; with `waiting` those of accepted work first, or alone."""
    incomplete = _incomplete(active)
    errors = [error for item, error in active.errors.items() if item in incomplete]
    tasks = [task for task in active.tasks.values() if task.error and task.item in incomplete]
    accepted = [error_from_record(task.error) for task in tasks if task.phase == "accepted"]
    if waiting and accepted:
        return accepted
    # Of several calls for one prompt, `active.errors` has only the last that failed.
    return errors + [error_from_record(task.error) for task in tasks]


def _cost_of(error: MediaError) -> int:
    return ("no", None, "unknown", "yes").index(error.billed)


def _billed(active: ActiveJob) -> Billed:
    billed = {task.billed for task in active.tasks.values()}
    return "yes" if "yes" in billed else "unknown" if "unknown" in billed else "no"
