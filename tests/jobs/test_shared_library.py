"""Two engines on one library, as two processes have them: who works on a job, and who still waits for its answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.engines import (
    NO_WAIT,
    WAIT_FOR_END,
    Scripted,
    accepted,
    generate,
    get_job,
    job_record,
    pending,
    picture,
    running_engine,
    task_record,
    wait_until_idle,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.engine.results import MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.jobs.attach import fingerprint
from mediasmith.plugin.contract import Result
from mediasmith.selection.tool_request import parse_request
from mediasmith.storage.library.calls import CallRecords

EARLIER = "This is the earlier call with the same arguments, whose answer was lost; nothing was sent again."


@asynccontextmanager
async def two_engines(
    folder: Path, provider: Scripted, clock: VirtualClock | None = None, **fields: Any
) -> AsyncGenerator[tuple[Engine, Engine]]:
    clock = clock or VirtualClock()
    async with (
        running_engine(folder, provider.backend(**fields), clock=clock) as here,
        running_engine(folder, provider.backend(**fields), clock=clock) as there,
    ):
        yield here, there


class Gated(Scripted):
    """A provider that makes its first picture once `event` is set."""

    def __init__(self) -> None:
        self.event = anyio.Event()

        async def wait(*_given: object) -> Result:
            await self.event.wait()
            return picture()

        super().__init__(wait)


@asynccontextmanager
async def waiting(engine: Engine) -> AsyncGenerator[None]:
    """A call that waits for its answer in this block, and is cancelled at its end."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(generate, engine)
        await wait_until_idle(engine)
        yield
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("recording", [0.0, 0.1], ids=["at once", "while it is recorded"])
async def test_a_call_cancelled_in_one_process_attaches_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recording: float
) -> None:
    leave = CallRecords.leave

    async def slowly(self: CallRecords, *given: str) -> None:
        await anyio.sleep(recording)
        await leave(self, *given)

    monkeypatch.setattr(CallRecords, "leave", slowly)
    provider = Gated()
    async with two_engines(tmp_path, provider) as (here, there):
        async with waiting(here):
            pass
        provider.event.set()
        while await here.library.unfinished():
            await anyio.lowlevel.checkpoint()
        result = await generate(there)
        assert (result.status, result.warnings) == ("done", (EARLIER,))
        assert (await generate(here)).warnings == ()
    assert len(provider.calls) == 2


async def test_the_same_call_in_another_process_waits_for_the_job_that_still_runs_here(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(5))
    async with two_engines(tmp_path, provider, clock) as (here, there), clock.autojump():
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(generate, here)
                await clock.sleep(1)
                scope.cancel()
        result = await generate(there)
    assert (result.status, result.warnings, len(provider.calls)) == ("done", (EARLIER,), 1)


async def test_the_same_call_in_another_process_makes_its_own_while_one_waits_here(tmp_path: Path) -> None:
    provider = Gated()
    async with two_engines(tmp_path, provider) as (here, there), waiting(here):
        [running] = await here.library.unfinished()
        result = await generate(there)
        assert result.warnings[0].startswith(f"The same call is still running as job {running.id},")
    assert len(provider.calls) == 2


async def test_a_job_of_an_older_server_that_lives_is_not_attached_to(tmp_path: Path) -> None:
    provider = Scripted()
    async with two_engines(tmp_path, provider) as (older, engine):
        request = parse_request({"prompt": "a red kite"}, engine.installation.tools["generate_media"])
        owner = await older.jobs.owners.own()
        theirs = job_record(tmp_path, owner=owner, fingerprint=fingerprint("generate_media", request))
        await older.library.add_job(theirs, [task_record(phase="accepted", handle="abc", billed="yes")])
        assert EARLIER not in (await generate(engine)).warnings
    assert len(provider.calls) == 1


async def test_a_job_whose_collecting_has_stopped_here_is_collected_by_another_process(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted("abc"), polls=pending(6))
    async with two_engines(tmp_path, provider, clock, deadline=20) as (here, there), clock.autojump():
        stopped = await generate(here)
        assert (stopped.status, "still at work" in stopped.error) == ("running", True)
        result = await get_job(there, stopped.job_id)
        assert (result.status, result.error) == ("done", "")
        assert (await get_job(here, stopped.job_id)).files == result.files
    assert len(provider.calls) == 1


async def test_two_processes_make_one_job_of_a_request_id(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted()
    results: list[MediaResult] = []
    async with two_engines(tmp_path, provider, clock) as (here, there), clock.autojump():

        async def call(engine: Engine) -> None:
            results.append(await engine.generate({"prompt": "a red kite", "request_id": "r"}, WAIT_FOR_END))

        async with anyio.create_task_group() as tasks:
            for engine in (here, there) * 3:
                tasks.start_soon(call, engine)
    assert len({result.job_id for result in results}) == len(provider.calls) == 1
    assert [result.status for result in results] == ["done"] * 6


async def test_a_job_that_was_taken_over_is_not_sent_by_the_process_that_had_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, go_on = anyio.Event(), anyio.Event()
    provider = Scripted()
    async with two_engines(tmp_path, provider) as (here, there):
        opened = here.jobs.recovery.execution.contexts
        open_context = type(opened).open

        async def late(self: Any, *given: Any) -> Any:
            if self is opened:
                opening.set()
                await go_on.wait()
            return await open_context(self, *given)

        monkeypatch.setattr(type(opened), "open", late)
        running = await generate(here, caller=NO_WAIT)
        await opening.wait()
        assert await there.library.claim(
            running.job_id, old=await here.jobs.owners.own(), new=await there.jobs.owners.own()
        )
        go_on.set()
        await wait_until_idle(here)
        assert [task.phase for task in await there.library.tasks(running.job_id)] == ["queued"]
        assert (await here.library.unfinished())[0].owner == await there.jobs.owners.own()
    assert provider.calls == []
