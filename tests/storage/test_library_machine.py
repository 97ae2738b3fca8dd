"""The library against a model of dicts: files staged, committed, edited, pruned, and jobs claimed, in any order."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from fakes.libraries import Place, open_library
from fakes.records import a_job, a_task, an_artifact
from mediasmith.storage.library.records import Artifact, Job, JobState, Task

if TYPE_CHECKING:
    from fakes.postgres import PostgresServer

PRINCIPALS = ("", "ada", "bob")
COST = 0.25

principals = st.sampled_from(PRINCIPALS)
owners = st.sampled_from(["living", "dead"])


async def living(owners: Sequence[str]) -> list[str]:
    """Return those of some owners that are alive."""
    return [owner for owner in owners if owner == "living"]


@contextmanager
def _new_file() -> Generator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "library.db"


class LibraryMachine(RuleBasedStateMachine):
    """Each job has one task. The clock advances by one with every job and every use."""

    committed: Bundle[str] = Bundle("committed")
    staged: Bundle[str] = Bundle("staged")

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Job] = {}
        self.tasks: dict[str, Task] = {}
        self.artifacts: dict[str, Artifact] = {}
        self.now = 0.0
        self.rest = ExitStack()
        self.place = self.rest.enter_context(self.new_place())
        self.portal = self.rest.enter_context(start_blocking_portal())
        self.session = ExitStack()

    def new_place(self) -> AbstractContextManager[Place]:
        """Return where an empty library is to be."""
        return _new_file()

    @initialize()
    def start(self) -> None:
        self.restart()

    def teardown(self) -> None:
        self.session.close()
        self.rest.close()

    @rule()
    def restart(self) -> None:
        self.session.close()
        self.library = self.session.enter_context(self.portal.wrap_async_context_manager(open_library(self.place)))
        self.look()

    @rule(target=staged, principal=principals, owner=owners, count=st.integers(1, 3))
    def generate(self, principal: str, owner: str, count: int) -> str:
        return self._stage(principal, owner, count, parent="", prompts=("generate",))

    @rule(target=staged, parent=committed, owner=owners)
    def edit(self, parent: str, owner: str) -> str | MultipleResults[str]:
        found = self._used(parent)
        if found is None:
            return multiple()
        return self._stage(found.principal, owner, 1, parent=parent, prompts=(*found.prompts, "edit"))

    @rule(name=committed)
    def use(self, name: str) -> None:
        self._used(name)

    def _used(self, name: str) -> Artifact | None:
        self.now += 1
        known = self.artifacts.get(name)
        principal = known.principal if known else ""
        found = self.portal.call(lambda: self.library.artifact(name, principal=principal, used=self.now))
        if known is not None:
            known = self.artifacts[name] = replace(known, used=self.now)
        assert found == known
        return found

    def _stage(self, principal: str, owner: str, count: int, *, parent: str, prompts: tuple[str, ...]) -> str:
        self.now += 1
        name = f"{len(self.jobs)}-{self.now}"
        tool = "continue_edit" if parent else "generate_media"
        job = a_job(name, principal=principal, tool=tool, owner=owner, created=self.now, updated=self.now)
        task = a_task(name)
        self.portal.call(self.library.add_job, job, [task])
        task = replace(task, phase="saving", billed="yes", cost_usd=COST)
        fields = {"prompts": prompts, "parent": parent, "principal": principal, "created": self.now, "used": self.now}
        artifacts = [
            an_artifact(f"{name}-{number}", name, position=number, token="temporary", **fields)
            for number in range(count)
        ]
        self.portal.call(lambda: self.library.stage(task, artifacts, at=self.now))
        self.jobs[name], self.tasks[name] = job, task
        self.artifacts |= {artifact.id: artifact for artifact in artifacts}
        return name

    @rule(target=committed, name=consumes(staged), state=st.sampled_from(["done", "partial"]))
    def commit(self, name: str, state: JobState) -> MultipleResults[str]:
        task = self.tasks[name] = replace(self.tasks[name], phase="done")
        artifacts = [replace(artifact, token="", path=f"/{artifact.id}") for artifact in self._of(name)]
        self.artifacts |= {artifact.id: artifact for artifact in artifacts}
        self.portal.call(lambda: self.library.commit(task, artifacts, at=self.now))
        self._end(name, state)
        return multiple(*(artifact.id for artifact in artifacts))

    @rule(name=consumes(staged), state=st.sampled_from(["failed", "cancelled", "unknown"]))
    def give_up(self, name: str, state: JobState) -> None:
        self._end(name, state)

    def _end(self, name: str, state: JobState) -> None:
        self.jobs[name] = replace(self.jobs[name], state=state, updated=self.now)
        self.portal.call(self.library.save_job, self.jobs[name])

    @rule(name=staged, old=owners, new=owners)
    def claim(self, name: str, old: str, new: str) -> None:
        claimed = self.portal.call(lambda: self.library.claim(name, old=old, new=new))
        assert claimed == (self.jobs[name].owner == old)
        if claimed:
            self.jobs[name] = replace(self.jobs[name], owner=new)

    @rule(ago=st.integers(0, 6))
    def prune(self, ago: int) -> None:
        before = self.now + 1 - ago
        pruned = self.portal.call(lambda: self.library.prune(before=before, living=living))
        old = [job for job in self.jobs.values() if job.created < before and job.state != "running"]
        ended = [job for job in old if job.owner == "dead"]
        deleted = [artifact for job in ended for artifact in self._of(job.id) if artifact.used < before]
        assert pruned == len(deleted)
        for artifact in deleted:
            del self.artifacts[artifact.id]
        for job in ended:
            if job.updated < before and not self._of(job.id):
                del self.jobs[job.id], self.tasks[job.id]

    def _of(self, name: str) -> list[Artifact]:
        return [artifact for artifact in self.artifacts.values() if artifact.job_id == name]

    @rule()
    def look(self) -> None:
        """Everything is there, and a committed artifact is found by its principal and by no other principal."""

        async def look() -> None:
            for artifact in self.artifacts.values():
                for principal in PRINCIPALS:
                    found = await self.library.artifact(artifact.id, principal=principal)
                    own = principal == artifact.principal and not artifact.token
                    assert found == (artifact if own else None)
            for name, job in self.jobs.items():
                assert await self.library.job(name, principal=job.principal) == job
                assert await self.library.tasks(name) == [self.tasks[name]]
                assert await self.library.artifacts(name) == self._of(name)

        self.portal.call(look)

    @invariant()
    def every_edit_is_younger_than_its_parent(self) -> None:
        """So no chain of edits is a circle."""
        for artifact in self.artifacts.values():
            parent = self.artifacts.get(artifact.parent)
            if parent is not None:
                assert parent.created < artifact.created
                assert parent.prompts == artifact.prompts[:-1]

    @invariant()
    def the_lists_and_sums_are_right(self) -> None:
        async def check() -> None:
            running = [name for name, job in self.jobs.items() if job.state == "running"]
            assert [job.id for job in await self.library.unfinished()] == running
            assert await self.library.spent(since=0.0) == COST * len(self.jobs)
            for principal in PRINCIPALS:
                own = [name for name, job in self.jobs.items() if job.principal == principal]
                assert [job.id for job in await self.library.recent(principal, 1000)] == own[::-1]

        self.portal.call(check)


# A failing run is short enough to read; shrinking it would take longer than the timeout.
SETTINGS = settings(max_examples=30, stateful_step_count=25, phases=[Phase.reuse, Phase.generate])


def test_a_file_does_what_the_model_does() -> None:
    run_state_machine_as_test(LibraryMachine, settings=SETTINGS)


@pytest.mark.fleet
def test_postgresql_does_what_the_model_does(postgres: PostgresServer) -> None:
    class PostgresMachine(LibraryMachine):
        def new_place(self) -> AbstractContextManager[Place]:
            return postgres.new_database()

    run_state_machine_as_test(PostgresMachine, settings=SETTINGS)
