"""200 blows at three replicas: nothing that was paid for is lost, nothing is paid twice, and no job is stuck.

Most blows kill a replica with signal 9. Some freeze one until others have taken its jobs over, restart the database in
the middle of its work, or take the store away for ten seconds. At the end, what the provider was paid for is compared
with the records and with the files.
"""

from __future__ import annotations

import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import anyio
from anyio import to_thread
from fleet.clients import Fleet
from fleet.replica import Replica

from fakes.postgres import PostgresServer, running_postgres
from fakes.provider import PAYING, Provider
from fakes.provider import running as running_provider
from fakes.s3 import Store, running_store
from mediasmith.storage.artifacts.bucket import Bucket
from mediasmith.storage.library.overview import Overview
from mediasmith.storage.library.postgres import PostgresDatabase
from mediasmith.storage.library.records import Artifact, Job, Task
from mediasmith.storage.library.store import Library

_REPLICAS, _CLIENTS = 3, 10
_FROZEN_SECONDS, _AWAY_SECONDS = 5.0, 10.0
_SETTLE_SECONDS = 90.0
_SECRET = "benchmark-secret-of-32-characters!"


@dataclass(kw_only=True)
class Outcome:
    """What became of it all."""

    blows: Counter[str] = field(default_factory=Counter[str])
    recoveries: list[float] = field(default_factory=list[float])
    states: Counter[str] = field(default_factory=Counter[str])
    unknown: Counter[str] = field(default_factory=Counter[str])
    paid: int = 0
    faults: list[str] = field(default_factory=list[str])

    @property
    def accepted(self) -> bool:
        """Whether everything was kept."""
        return not self.faults

    def __str__(self) -> str:
        """Return the figures, and every fault."""
        waits = sorted(self.recoveries) or [0.0]
        recovery = f"recovery p50 {median(waits):.1f} s, max {waits[-1]:.1f} s, of {len(self.recoveries)} replicas"
        return "\n".join(
            [
                f"blows {dict(self.blows)}",
                f"jobs {dict(self.states)}, unknown {dict(self.unknown)}, {self.paid} requests paid",
                recovery,
                f"{len(self.faults)} faults",
                *self.faults,
            ]
        )


async def run(blows: int) -> Outcome:
    """Deal so many blows while clients call, wait until everything is settled, and return what became of it."""
    folder = Path(tempfile.mkdtemp(prefix="blows"))
    with (
        running_postgres() as server,
        server.new_database() as address,
        running_store() as store,
        running_provider() as provider,
    ):
        provider.settings(polls={"job-1": 10, "slow-1": 60}, files_need_key=False)
        provider.script("POST /make", {"delay": 0.3, "times": 1_000_000})
        url = store.make_bucket("blows")
        env = {
            **provider.env(),
            **store.env,
            "MEDIASMITH_DATABASE_URL": address,
            "MEDIASMITH_STORE_URL": url,
            "MEDIASMITH_SECRET": _SECRET,
            "MEDIASMITH_DATA_DIR": str(folder),
            "MEDIASMITH_WAIT_SECONDS": "30",
        }
        database = PostgresDatabase(address)
        try:
            outcome = await _fight(env, server, store, database, blows, str(folder / "replicas.log"))
            await _check(outcome, database, Bucket(url, env=env), provider)
        finally:
            await database.close()
    outcome.faults += _tracebacks(folder / "replicas.log")
    return outcome


async def _fight(  # noqa: PLR0913, PLR0917 - all that takes part
    env: Mapping[str, str], server: PostgresServer, store: Store, database: PostgresDatabase, blows: int, log: str
) -> Outcome:
    outcome = Outcome()
    async with anyio.create_task_group() as task_group:
        fleet = Fleet(start=partial(Replica.start, env, log), task_group=task_group)
        for _ in range(_REPLICAS):
            await fleet.add()
        for _ in range(_CLIENTS):
            task_group.start_soon(fleet.client)
        for number in range(blows):
            await anyio.sleep(random.uniform(0.5, 1.5))
            blow = random.choices(("kill", "freeze", "database", "store"), (85, 9, 4, 2))[0]
            outcome.blows[blow] += 1
            print(f"\r{number + 1} of {blows}: {blow:10}", end="", flush=True)
            match blow:
                case "kill":
                    await fleet.kill(database, outcome.recoveries)
                case "freeze":
                    await fleet.freeze(_FROZEN_SECONDS)
                case "database":
                    await to_thread.run_sync(server.restart)
                case _:
                    store.process.send_signal(signal.SIGSTOP)
                    await anyio.sleep(_AWAY_SECONDS)
                    store.process.send_signal(signal.SIGCONT)
        fleet.stopping = True
        print("\rsettling      ", flush=True)
        await _settle(database, fleet)
        for replica in list(fleet.replicas):
            await replica.kill()
        task_group.cancel_scope.cancel()
    return outcome


async def _settle(database: PostgresDatabase, fleet: Fleet) -> None:
    """Wait until every call is answered and no job is running."""
    ends = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < ends:
        running = await database.read(dict, "SELECT id FROM job WHERE state = 'running'")
        if not running and all(call.answer for call in fleet.calls.values()):
            return
        await anyio.sleep(0.5)


async def _check(outcome: Outcome, database: PostgresDatabase, bucket: Bucket, provider: Provider) -> None:
    """Compare what the provider was paid for with the records, and these with the files."""
    library = Library(database, Overview(database))
    paying = [entry for entry in provider.log() if f"{entry['method']} {entry['path']}" in PAYING]
    paid = Counter(str(entry["body"]["prompt"]) for entry in paying)
    outcome.paid = sum(paid.values())
    outcome.faults += [f"paid {times} times: {prompt}" for prompt, times in paid.items() if times > 1]
    kept: set[str] = set()
    for job in await _jobs(database):
        tasks = await library.tasks(job.id)
        outcome.states[job.state] += 1
        outcome.faults += await _faults_of(job, tasks, await library.artifacts(job.id), bucket)
        if job.state in {"done", "unknown"}:
            kept.update(task.prompt for task in tasks)
        if job.state == "unknown":
            outcome.unknown["paid" if paid[tasks[0].prompt] else "not paid"] += 1
    outcome.faults += [f"paid, and neither made nor unknown: {prompt}" for prompt in paid if prompt not in kept]


async def _jobs(database: PostgresDatabase) -> list[Job]:
    from mediasmith.storage.library.rows import to_job  # noqa: PLC0415

    return await database.read(to_job, "SELECT * FROM job ORDER BY created")


async def _faults_of(job: Job, tasks: Sequence[Task], artifacts: Sequence[Artifact], bucket: Bucket) -> list[str]:
    if job.state == "running":
        return [f"stuck: {job.id}, {[task.phase for task in tasks]}, owner {job.owner!r}"]
    if job.state == "done" and [task.phase for task in tasks if task.phase != "done"]:
        return [f"done with tasks that are not: {job.id}"]
    if job.state == "unknown" and [task for task in tasks if task.handle]:
        return [f"lost although there is a handle: {job.id}"]
    if job.state != "done":
        return []
    faults: list[str] = [] if len(artifacts) == len(tasks) else [f"{len(artifacts)} files: {job.id}"]
    for artifact in artifacts:
        found = await bucket.facts(artifact.path)
        if found is None or (found.size, found.sha256) != (artifact.bytes, artifact.sha256):
            faults.append(f"not in the store: {artifact.path}")
    return faults


def _tracebacks(log: Path) -> list[str]:
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [f"log: {line}" for line in lines if "Traceback" in line or "internal error" in line]
