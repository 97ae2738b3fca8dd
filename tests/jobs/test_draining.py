"""A process that is about to end: calls are answered, what is being sent gets its answer, the rest is for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import png
from fakes.engines import (
    NO_WAIT,
    Scripted,
    accepted,
    generate,
    get_job,
    newest_job,
    open_library,
    pending,
    read_files,
    running_engine,
    wait_until_idle,
)
from fakes.server import Gate
from fakes.virtual_clock import VirtualClock
from mediasmith.jobs.runner.ownership import UNCLAIMED
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.store import Library


async def test_a_waiting_call_is_answered_with_its_running_job(tmp_path: Path) -> None:
    provider = Scripted(accepted(), polls=pending(100))
    async with running_engine(tmp_path, provider.backend()) as engine, anyio.create_task_group() as task_group:
        statuses: list[str] = []
        answered = anyio.Event()

        async def call() -> None:
            statuses.append((await generate(engine)).status)
            answered.set()

        task_group.start_soon(call)
        await wait_until_idle(engine)
        await engine.jobs.drain()
        await answered.wait()
        assert statuses == ["running"]


async def test_what_is_being_sent_gets_its_answer(tmp_path: Path) -> None:
    gate, clock = Gate(), VirtualClock()
    provider = Scripted()
    async with (
        running_engine(tmp_path, provider.backend(start=gate), clock=clock) as engine,
        clock.autojump(),
        anyio.create_task_group() as task_group,
    ):
        job_id = (await generate(engine, caller=NO_WAIT)).job_id
        await gate.reached.wait()
        drained = anyio.Event()

        async def drain() -> None:
            await engine.jobs.drain()
            drained.set()

        task_group.start_soon(drain)
        await clock.sleep(1)
        assert not drained.is_set()
        gate.open.set()
        await drained.wait()
        assert [task.billed for task in await engine.library.tasks(job_id)] == ["yes"]


async def test_what_is_about_to_be_sent_gets_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording, go_on, begin = anyio.Event(), anyio.Event(), Library.begin_task

    async def slowly(*given: Any, **more: Any) -> bool:
        recording.set()
        await go_on.wait()
        return await begin(*given, **more)

    monkeypatch.setattr(Library, "begin_task", slowly)
    clock = VirtualClock()
    async with running_engine(tmp_path, Scripted().backend(), clock=clock) as engine:
        job_id = (await generate(engine, caller=NO_WAIT)).job_id
        await recording.wait()
        async with clock.autojump(), anyio.create_task_group() as task_group:
            task_group.start_soon(engine.jobs.drain)
            await clock.sleep(1)
            go_on.set()
    async with open_library(tmp_path) as library:
        assert [task.phase for task in await library.tasks(job_id)] == ["done"]


async def test_what_is_queued_is_not_sent_any_more_but_by_the_next_process(tmp_path: Path) -> None:
    gate, provider = Gate(), Scripted()
    async with running_engine(tmp_path, provider.backend(start=gate), concurrency=1) as engine:
        await generate(engine, "in the way", caller=NO_WAIT)
        await gate.reached.wait()
        job_id = (await generate(engine, caller=NO_WAIT)).job_id
        await wait_until_idle(engine)
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(engine.jobs.drain)
            await wait_until_idle(engine)
            gate.open.set()
            await wait_until_idle(engine)
        assert gate.calls == 1
    async with running_engine(tmp_path, provider.backend()) as engine:
        assert (await get_job(engine, job_id)).status == "done"
    assert [call.prompt for call in provider.calls] == ["a red kite"]


async def test_a_process_that_does_not_work_leaves_its_jobs_to_others(tmp_path: Path) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as front:
        front.jobs.adopter.works = False
        result = await generate(front, caller=NO_WAIT)
        assert result.status == "running"
        assert (await front.library.unfinished())[0].owner == UNCLAIMED
        assert (await newest_job(front)).status == "running"
        assert not provider.calls
        async with running_engine(tmp_path, provider.backend()) as worker:
            assert read_files(await get_job(worker, result.job_id)) == [png()]
        assert (await get_job(front, result.job_id)).status == "done"


async def test_a_job_whose_plan_cannot_be_left_to_others_fails_unbilled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as front:
        front.jobs.adopter.works = False

        async def fail(*_given: object) -> None:
            raise MediaError("The plan cannot be kept.")

        monkeypatch.setattr(type(front.jobs.plans), "save", fail)
        with pytest.raises(MediaError, match="The plan cannot be kept") as caught:
            await generate(front)
        assert caught.value.billed == "no"
        assert (await newest_job(front)).status == "failed"
    assert not provider.calls


async def test_a_job_that_nobody_has_taken_can_be_cancelled_by_a_process_that_does_not_work(tmp_path: Path) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as front:
        front.jobs.adopter.works = False
        job_id = (await generate(front, caller=NO_WAIT)).job_id
        result = await get_job(front, job_id, cancel=True)
        assert (result.status, result.billed) == ("cancelled", "no")
    assert not provider.calls
