"""Where records and files are kept, and which processes share the work: on one machine, its own processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mediasmith.config.installation import Installation
from mediasmith.engine.file_urls import FileUrls, no_urls
from mediasmith.engine.readiness import AlwaysReady, Readiness
from mediasmith.jobs.cancellation import Canceller
from mediasmith.jobs.runner.polled_wakeups import PolledWakeups
from mediasmith.jobs.runner.process_locks import LockOwners
from mediasmith.jobs.runner.process_slots import ProcessSlots
from mediasmith.jobs.runner.protocols import Owners, Slots, Wakeups
from mediasmith.jobs.service import JobService
from mediasmith.runtime.clock import Clock
from mediasmith.selection.cooldown import Cooldown, ProcessCooldown
from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.artifacts.local_artifacts import LocalArtifacts
from mediasmith.storage.inputs.kept_inputs import FolderInputs, KeptInputs
from mediasmith.storage.library.records import Job
from mediasmith.storage.library.store import Library


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What an engine is built on. `plan_after`: see `JobService`."""

    library: Library
    files: Artifacts
    urls: FileUrls
    inputs: KeptInputs
    owners: Owners
    wakeups: Wakeups
    slots: Slots
    cooldown: Cooldown
    plan_after: float | None = None

    def cancel_elsewhere(self, canceller: Canceller) -> Callable[[Job], Awaitable[None]]:
        """Return how a job that another process works on is cancelled."""
        return canceller.cancel_elsewhere

    def stop_waiting(self) -> None:
        """Wait for nothing that is away much longer: the process is about to end."""

    def join(self, jobs: JobService) -> Readiness:  # noqa: ARG002 - there are no others to join
        """Start to work with other processes, and return whether this one can take calls."""
        return AlwaysReady()


def one_machine(installation: Installation, clock: Clock) -> Deployment:
    """Return a library in the data folder, and files in folders."""
    settings = installation.settings
    return Deployment(
        library=Library.in_file(settings.data_dir / "library.sqlite3"),
        files=LocalArtifacts(),
        urls=no_urls,
        inputs=FolderInputs(root=settings.data_dir / "inputs"),
        owners=LockOwners(folder=settings.data_dir / "owners"),
        wakeups=PolledWakeups(clock=clock),
        slots=ProcessSlots(limit=settings.concurrency),
        cooldown=ProcessCooldown(clock=clock),
    )
