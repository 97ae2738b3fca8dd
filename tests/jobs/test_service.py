"""Jobs: collected, recorded at their end, and left in order when the process closes."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import fake, png
from fakes.engines import (
    NO_WAIT,
    Scripted,
    accepted,
    generate,
    generate_batch,
    get_job,
    hang,
    jumping_engine,
    newest_job,
    open_library,
    output_files,
    pending,
    picture,
    running_engine,
    wait_until_idle,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.config.caller import LOCAL
from mediasmith.engine.results import MediaResult
from mediasmith.jobs.dispatch import Dispatcher
from mediasmith.plugin.contract import Call, Context, Output, Pending, Result
from mediasmith.plugin.errors import MediaError, Refused
from mediasmith.storage.library.calls import CallRecords
from mediasmith.storage.library.store import Library


async def test_two_calls_that_collect_at_once_share_one_collection(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(5))
    results: list[MediaResult] = []
    async with running_engine(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        assert running.status == "running"

        async def collect() -> None:
            results.append(await get_job(engine, running.job_id))

        async with anyio.create_task_group() as task_group:
            for _ in range(3):
                task_group.start_soon(collect)
    assert [result.status for result in results] == ["done"] * 3
    assert len({result.files[0].path for result in results}) == 1
    assert len(output_files(tmp_path)) == 1


async def test_a_call_that_waits_for_a_job_which_has_just_ended_gets_its_end(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        await generate(engine)
        [ended] = await engine.library.recent(LOCAL, 1)
        assert (await engine.jobs.wait(replace(ended, state="running"), seconds=5)).state == "done"


async def test_a_job_that_is_collected_again_drops_its_old_error(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(10))
    async with running_engine(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        assert "still at work" in running.error
        again = await get_job(engine, running.job_id, wait_seconds=3)
        assert (again.status, again.error) == ("running", "")


async def test_the_end_of_a_job_is_answered_even_if_it_cannot_be_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_given: object) -> None:
        raise MediaError("The library cannot be used: SQLITE_FULL.")

    async with running_engine(tmp_path, Scripted().backend()) as engine:
        with monkeypatch.context() as patched:
            patched.setattr(Library, "save_job", full)
            first = await generate(engine)
        assert (first.status, len(first.files)) == ("done", 1)
        again = await get_job(engine, first.job_id)
        assert (again.status, again.files) == ("done", first.files)


async def test_failing_to_record_a_delivery_does_not_end_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_given: object, **_more: object) -> None:
        raise MediaError("The library cannot be used: SQLITE_FULL.")

    monkeypatch.setattr(CallRecords, "save_answer", full)
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        await generate(engine)
        await wait_until_idle(engine)
        assert (await generate(engine)).warnings == ()


async def test_an_internal_error_ends_only_its_own_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_given: object) -> None:
        raise ZeroDivisionError("secret words")

    async with running_engine(tmp_path, Scripted().backend()) as engine:
        with monkeypatch.context() as patched:
            patched.setattr(Dispatcher, "run", broken)
            with pytest.raises(MediaError, match=r"Mediasmith itself failed \(ZeroDivisionError\)"):
                await generate(engine)
        assert (await newest_job(engine)).status == "failed"
        assert (await generate(engine)).status == "done"
    assert "ZeroDivisionError" in caplog.text
    assert "secret words" not in caplog.text


def refuse_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)


async def test_a_full_disk_after_paying_says_that_it_was_billed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        with monkeypatch.context() as patched:
            refuse_to_write(patched)
            with pytest.raises(MediaError, match="the disk is full") as caught:
                await generate(engine)
        assert caught.value.billed == "yes"
        assert "It was billed" in str(caught.value)
        assert output_files(tmp_path) == []


async def test_accepted_work_is_collected_once_the_disk_has_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Scripted(accepted())
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        with monkeypatch.context() as patched:
            refuse_to_write(patched)
            running = await generate(engine)
        assert running.status == "running"
        assert "the disk is full" in running.error
        assert "It was billed" in running.error
        assert "get_job" in running.next
        assert output_files(tmp_path) == []
        done = await get_job(engine, running.job_id)
    assert (done.status, done.error, len(done.files)) == ("done", "", 1)
    assert len(provider.calls) == 1


async def test_files_whose_names_could_not_be_recorded_are_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_given: object, **_more: object) -> None:
        raise MediaError("The library cannot be used: SQLITE_FULL.")

    async with running_engine(tmp_path, Scripted().backend()) as engine:
        with monkeypatch.context() as patched:
            patched.setattr(Library, "commit", full)
            running = await generate(engine)
        assert running.status == "running"
        done = await get_job(engine, running.job_id)
    assert (done.status, len(done.files)) == ("done", 1)
    assert output_files(tmp_path) == [Path(done.files[0].path).name]


async def test_closing_leaves_accepted_work_for_the_next_process(tmp_path: Path) -> None:
    provider = Scripted(accepted("abc"), polls=[hang])
    async with running_engine(tmp_path, provider.backend()) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        result = await get_job(engine, running.job_id)
    assert (result.status, provider.polled, len(provider.calls)) == ("done", ["abc", "abc"], 1)


async def test_closing_records_a_request_in_flight_as_possibly_billed(tmp_path: Path) -> None:
    async with running_engine(tmp_path, fake(start=hang)) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
    async with open_library(tmp_path) as library:
        stored = await library.job(running.job_id, principal="local")
        [task] = await library.tasks(running.job_id)
    assert stored is not None
    assert (stored.state, task.phase, task.billed) == ("unknown", "unknown", "unknown")


async def test_closing_waits_for_a_handle_that_is_being_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = anyio.Event()
    save_task = Library.save_task

    async def slow(self: Library, task: Any, **rest: Any) -> bool:
        if task.phase == "accepted":
            writing.set()
            await turns(20)
        return await save_task(self, task, **rest)

    monkeypatch.setattr(Library, "save_task", slow)
    provider = Scripted(accepted("abc"), polls=[hang])
    async with running_engine(tmp_path, provider.backend()) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await writing.wait()
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        assert (await get_job(engine, running.job_id)).status == "done"
    assert len(provider.calls) == 1


async def turns(count: int) -> None:
    """Let the others have so many turns."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def test_closing_waits_for_a_failure_that_is_being_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = anyio.Event()
    save_task = Library.save_task

    async def slow(self: Library, task: Any, **rest: Any) -> bool:
        if task.phase == "failed":
            recording.set()
            await turns(20)
        return await save_task(self, task, **rest)

    monkeypatch.setattr(Library, "save_task", slow)
    async with running_engine(tmp_path, Scripted(Refused("Declined.", billed="no")).backend()) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await recording.wait()
    async with open_library(tmp_path) as library:
        [task] = await library.tasks(running.job_id)
    assert (task.phase, task.billed) == ("failed", "no")


def closing(provider: Scripted, closed: list[str]) -> Any:
    """A backend that notes when its client is closed."""

    @asynccontextmanager
    async def connect(_access: object) -> AsyncGenerator[None]:
        try:
            yield None
        finally:
            closed.append("closed")

    return fake("one", connect=connect, start=provider.start, poll=provider.poll)


async def test_a_job_is_not_lost_when_its_record_fails_at_closing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_given: object, **_more: object) -> None:
        raise MediaError("The library cannot be used: SQLITE_FULL.")

    closed: list[str] = []
    provider = Scripted(accepted("abc"), polls=[hang])
    with monkeypatch.context() as patched:
        async with running_engine(tmp_path, closing(provider, closed)) as engine:
            running = await generate(engine, caller=NO_WAIT)
            await wait_until_idle(engine)
            patched.setattr(Library, "save_job", full)
            patched.setattr(Library, "save_task", full)
    assert closed == ["closed"]
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        assert (await get_job(engine, running.job_id)).status == "done"


async def test_a_batch_left_by_a_closed_process_is_collected_item_by_item(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Any:
        match call.prompt:
            case "quick":
                return picture()
            case "accepted":
                return accepted("abc")
            case _:
                return await hang()

    async def poll(_work: Context[None], _handle: object) -> Pending | Result:
        return await hang() if first else Result(outputs=(Output(body=png(), mime="image/png"),))

    first = True
    backend = fake(start=by_prompt, poll=poll)
    async with running_engine(tmp_path, backend) as engine:
        running = await engine.generate({"prompts": ["quick", "accepted", "in flight"]}, NO_WAIT)
        with engine.delivery(running):
            pass
        await wait_until_idle(engine)
    first = False
    async with jumping_engine(tmp_path, backend) as engine:
        result = await get_job(engine, running.job_id)
        assert [item.status for item in result.items] == ["done", "done", "unknown"]
        assert (result.status, len(result.files)) == ("partial", 2)
        assert (await generate_batch(engine, "quick", "quick")).status == "done"
