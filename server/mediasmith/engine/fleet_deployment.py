"""A replica of a fleet: records in PostgreSQL, files in a bucket, and work that is shared with the other replicas."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mediasmith.config.installation import Installation
from mediasmith.engine.deployment import Deployment
from mediasmith.engine.file_urls import StoredFileUrls
from mediasmith.engine.readiness import Readiness
from mediasmith.jobs.cancellation import Canceller
from mediasmith.jobs.runner.heartbeats import HeartbeatOwners
from mediasmith.jobs.runner.notified_wakeups import NotifiedWakeups
from mediasmith.jobs.runner.pace import Pace
from mediasmith.jobs.runner.recorded_cancel import CancelRequests, RecordedCancel
from mediasmith.jobs.runner.shared_slots import SharedSlots
from mediasmith.jobs.runner.signals import Signals
from mediasmith.jobs.service import JobService
from mediasmith.jobs.sweeper import Sweeper
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.clock import Clock
from mediasmith.selection.shared_cooldown import SharedCooldown
from mediasmith.storage.artifacts.bucket import Bucket
from mediasmith.storage.artifacts.bucket_artifacts import BucketArtifacts
from mediasmith.storage.inputs.bucket_inputs import BucketInputs
from mediasmith.storage.inputs.kept_inputs import FolderInputs
from mediasmith.storage.library.overview import Overview
from mediasmith.storage.library.postgres import PostgresDatabase
from mediasmith.storage.library.records import Job
from mediasmith.storage.library.replicas import Replicas
from mediasmith.storage.library.store import Library
from mediasmith.storage.signed_links import SignedLinks, link_keys

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

_LONGEST_SILENCE = 15.0
"""Seconds without a sign of life after which a replica takes no calls: others may soon take it for dead."""

_PLAN_AFTER = 1.0
"""Seconds that a request may be queued before its replica makes sure that others could send it."""

_END_SECONDS = 5.0
"""Seconds that a process that ends waits for its database."""

PACE = Pace()
"""How often replicas look after each other."""


@dataclass(frozen=True, kw_only=True)
class FleetDeployment(Deployment):
    """What the engine of a replica is built on."""

    owners: HeartbeatOwners
    database: PostgresDatabase
    bucket: Bucket
    replicas: Replicas
    signals: Signals
    pace: Pace
    clock: Clock
    task_group: TaskGroup

    def cancel_elsewhere(self, canceller: Canceller) -> Callable[[Job], Awaitable[None]]:
        """Return how a job that another replica works on is cancelled: by a request to that one."""
        return RecordedCancel(
            library=self.library,
            replicas=self.replicas,
            canceller=canceller,
            wakeups=self.wakeups,
            signals=self.signals,
            clock=self.clock,
        ).cancel

    def stop_waiting(self) -> None:
        """Wait for a database that is away only a few seconds more, and not for a store."""
        self.database.end_within(_END_SECONDS)
        self.bucket.ending.set()

    def join(self, jobs: JobService) -> Readiness:
        """Start to hear the other replicas, to heed what they ask for, and to take over what dead ones have left."""
        self.task_group.start_soon(self.signals.listen)
        heeded = CancelRequests(
            replicas=self.replicas,
            owners=self.owners,
            signals=self.signals,
            pace=self.pace,
            clock=self.clock,
            task_group=self.task_group,
        )
        self.task_group.start_soon(heeded.heed, jobs.cancel_here)
        sweeper = Sweeper(
            jobs=jobs,
            replicas=self.replicas,
            owners=self.owners,
            signals=self.signals,
            pace=self.pace,
            clock=self.clock,
        )
        self.task_group.start_soon(sweeper.run)
        return FleetReadiness(owners=self.owners)


@dataclass(frozen=True, kw_only=True)
class FleetReadiness:
    """Whether this replica can take calls."""

    owners: HeartbeatOwners

    async def reason_not_ready(self) -> str:
        """Return why it cannot at the moment, or ""."""
        try:
            await self.owners.own()
        except MediaError:
            return "its database cannot be reached"
        silent = self.owners.seconds_since_beat() > _LONGEST_SILENCE
        return "its database has not been reached for a while" if silent else ""


def fleet(installation: Installation, clock: Clock, task_group: TaskGroup) -> FleetDeployment:
    """Return a library in the database of the settings, and files in the bucket. Background work runs in the group."""
    settings = installation.settings
    assert settings.database_url
    assert settings.store_url
    database = PostgresDatabase(settings.database_url.get_secret_value())
    replicas = Replicas(database)
    signals = Signals(replicas=replicas, task_group=task_group)
    owners = HeartbeatOwners(replicas=replicas, signals=signals, pace=PACE, clock=clock, task_group=task_group)
    bucket = Bucket(settings.store_url, public_url=settings.store_public_url or "", env=installation.env)
    files = BucketArtifacts(bucket=bucket, folder=settings.data_dir / "passing", clock=clock)
    links = None
    if settings.http_url and settings.secret:
        links = SignedLinks(base=settings.http_url, keys=link_keys(settings.secret))
    return FleetDeployment(
        library=Library(database, Overview(database)),
        files=files,
        urls=StoredFileUrls(files=files, links=links, clock=clock),
        inputs=BucketInputs(bucket=bucket, local=FolderInputs(root=settings.data_dir / "inputs")),
        owners=owners,
        wakeups=NotifiedWakeups(signals, clock),
        slots=SharedSlots(
            limit=settings.concurrency,
            replicas=replicas,
            owners=owners,
            signals=signals,
            pace=PACE,
            clock=clock,
            task_group=task_group,
        ),
        cooldown=SharedCooldown(replicas=replicas),
        plan_after=_PLAN_AFTER,
        database=database,
        bucket=bucket,
        replicas=replicas,
        signals=signals,
        pace=PACE,
        clock=clock,
        task_group=task_group,
    )
