"""Cancelling a job: what stops at once, and what is kept."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import AnyJson, fake
from fakes.engines import (
    NO_WAIT,
    WAIT_FOR_END,
    Scripted,
    accepted,
    generate,
    get_job,
    hang,
    newest_job,
    output_files,
    pending,
    picture,
    running_engine,
    wait_until_idle,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.jobs.outputs import Outputs
from mediasmith.plugin.contract import Accepted, Call, Cancellation, Context, Result
from mediasmith.plugin.errors import Cancelled, InvalidRequest, MediaError, Refused, Unreachable
from mediasmith.storage.library.records import Task
from mediasmith.storage.library.store import Library


async def test_a_start_can_be_cancelled_and_may_have_been_billed(tmp_path: Path) -> None:
    ended: list[str] = []

    async def start(_call: object) -> Result:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("stopped")
        return picture()

    async with running_engine(tmp_path, fake(start=start)) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        result = await get_job(engine, running.job_id, cancel=True)
        assert ended == ["stopped"]
        assert (result.status, result.files, result.attempts) == ("cancelled", (), ())
        assert result.error.startswith("The job was cancelled. It may have been billed")
        [task] = await engine.library.tasks(running.job_id)
        assert (task.phase, task.billed) == ("cancelled", "unknown")
        assert (await get_job(engine, running.job_id)).status == "cancelled"


async def test_nothing_more_is_sent_after_a_cancel(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(9))
    async with running_engine(tmp_path, provider.backend(), clock=clock, concurrency=1) as engine, clock.autojump():
        running = await engine.generate({"prompts": ["one", "two", "three"], "wait_seconds": 12}, WAIT_FOR_END)
        with pytest.raises(InvalidRequest, match=r"continues with 1 of its 3 files\. It was billed\.") as caught:
            await get_job(engine, running.job_id, cancel=True)
        assert caught.value.billed == "yes"
        result = await get_job(engine, running.job_id)
    assert (result.status, len(provider.calls)) == ("partial", 1)
    assert [item.status for item in result.items] == ["done", "cancelled", "cancelled"]


@pytest.mark.parametrize("stoppable", [True, False])
async def test_a_handle_that_arrives_during_a_cancel_is_not_lost(tmp_path: Path, *, stoppable: bool) -> None:
    go_on = anyio.Event()

    async def start(_call: object) -> Accepted:
        await go_on.wait()
        return accepted("late")

    clock, provider = VirtualClock(), Scripted()
    backend = provider.backend(start=start, cancel=provider.cancel) if stoppable else provider.backend(start=start)
    async with running_engine(tmp_path, backend, clock=clock) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        async with anyio.create_task_group() as task_group:

            async def stop() -> None:
                with nullcontext() if stoppable else pytest.raises(InvalidRequest, match="so the job continues"):
                    await get_job(engine, running.job_id, cancel=True)

            task_group.start_soon(stop)
            await wait_until_idle(engine)
            go_on.set()
        async with clock.autojump():
            ended = await get_job(engine, running.job_id)
    assert (ended.status, provider.cancelled) == (("cancelled", ["late"]) if stoppable else ("done", []))


async def test_a_start_that_gives_no_handle_is_cut_off(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(hang)
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        started = clock.now()
        async with clock.autojump():
            result = await get_job(engine, running.job_id, cancel=True)
        assert clock.now() - started <= 10
    assert result.status == "cancelled"
    assert "It may have been billed" in result.error


@pytest.mark.parametrize("polled", [True, False])
async def test_a_cancel_stops_a_request_that_is_about_to_be_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, polled: bool
) -> None:
    saving, go_on = anyio.Event(), anyio.Event()
    begin = Library.begin_task

    async def slow(self: Library, task: Task, *, owner: str, at: float) -> bool:
        began = await begin(self, task, owner=owner, at=at)
        saving.set()
        await go_on.wait()
        return began

    monkeypatch.setattr(Library, "begin_task", slow)
    provider = Scripted(accepted())
    backend = provider.backend() if polled else fake("one", start=provider.start)
    async with running_engine(tmp_path, backend) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await saving.wait()
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(engine.get_job, {"job_id": running.job_id, "cancel": True}, WAIT_FOR_END)
            await wait_until_idle(engine)
            go_on.set()
        result = await get_job(engine, running.job_id)
    assert result.status == "cancelled"
    assert result.error.startswith("The job was cancelled. Nothing was billed.")
    assert provider.calls == []


async def test_a_cancel_does_not_wait_for_a_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, started = VirtualClock(), anyio.Event()

    async def stay(*_given: object, **_more: object) -> None:
        started.set()
        await anyio.sleep_forever()

    monkeypatch.setattr(Outputs, "store", stay)
    async with running_engine(tmp_path, Scripted().backend(), clock=clock) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await started.wait()
        async with clock.autojump():
            with pytest.raises(InvalidRequest, match="still being saved"):
                await get_job(engine, running.job_id, cancel=True)


async def test_two_cancels_at_once_are_one(tmp_path: Path) -> None:
    cancelling, go_on = anyio.Event(), anyio.Event()
    asked: list[object] = []

    async def cancel(_work: Context[None], handle: object) -> Cancellation:
        asked.append(handle)
        cancelling.set()
        await go_on.wait()
        return "stopped"

    provider = Scripted(accepted(), polls=[hang])
    results: list[str] = []
    async with (
        running_engine(tmp_path, provider.backend(cancel=cancel)) as engine,
        anyio.create_task_group() as task_group,
    ):
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)

        async def stop() -> None:
            results.append((await get_job(engine, running.job_id, cancel=True)).status)

        task_group.start_soon(stop)
        await cancelling.wait()
        task_group.start_soon(stop)
        await wait_until_idle(engine)
        go_on.set()
    assert results == ["cancelled", "cancelled"]
    assert asked == [AnyJson("job-1")]


async def test_a_cancel_completes_even_if_its_own_call_is_cancelled(tmp_path: Path) -> None:
    cancelling, go_on = anyio.Event(), anyio.Event()

    async def cancel(_work: Context[None], _handle: object) -> Cancellation:
        cancelling.set()
        await go_on.wait()
        return "stopped"

    provider = Scripted(accepted(), polls=[hang])
    async with running_engine(tmp_path, provider.backend(cancel=cancel)) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(engine.get_job, {"job_id": running.job_id, "cancel": True}, WAIT_FOR_END)
            await cancelling.wait()
            task_group.cancel_scope.cancel()
        go_on.set()
        await wait_until_idle(engine)
        assert (await newest_job(engine)).status == "cancelled"


async def test_files_saved_before_a_cancel_are_kept(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Result:
        if call.prompt != "quick":
            await anyio.sleep_forever()
        return picture()

    async with running_engine(tmp_path, fake(start=by_prompt), concurrency=2) as engine:
        running = await engine.generate({"prompts": ["quick", "slow", "queued"]}, NO_WAIT)
        await wait_until_idle(engine)
        result = await get_job(engine, running.job_id, cancel=True)
    assert (result.status, len(result.files)) == ("partial", 1)
    assert [item.status for item in result.items] == ["done", "cancelled", "cancelled"]
    assert output_files(tmp_path) == [Path(result.files[0].path).name]


async def test_a_cancel_removes_partial_files(tmp_path: Path) -> None:
    async def start(call: Call[None, Any]) -> Result:
        await call.file("image/png").write(b"x" * 300_000)
        await anyio.sleep_forever()
        return picture()

    async with running_engine(tmp_path, fake(start=start)) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        assert len(output_files(tmp_path)) == 1
        await get_job(engine, running.job_id, cancel=True)
        assert output_files(tmp_path) == []


async def test_a_cancel_ends_the_pause_before_a_retry(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(Unreachable("No connection.", billed="no"))
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        result = await get_job(engine, running.job_id, cancel=True)
        await clock.advance(100)
    assert (result.status, len(provider.calls)) == ("cancelled", 1)
    assert "Nothing was billed" in result.error


@pytest.mark.parametrize("ending", [Refused("Declined.", billed="yes"), None], ids=["failed", "done"])
async def test_cancelling_a_job_that_has_ended_changes_nothing(tmp_path: Path, ending: MediaError | None) -> None:
    provider = Scripted(*([ending] if ending else []))
    async with running_engine(tmp_path, provider.backend(cancel=provider.cancel)) as engine:
        if ending:
            with pytest.raises(Refused):
                await generate(engine)
        else:
            await generate(engine)
        before = await newest_job(engine)
        assert await get_job(engine, before.job_id, cancel=True) == before
    assert provider.cancelled == []


async def test_a_call_that_waits_for_a_cancelled_job_raises_cancelled(tmp_path: Path) -> None:
    errors: list[MediaError] = []
    async with running_engine(tmp_path, fake(start=hang)) as engine, anyio.create_task_group() as task_group:

        async def wait() -> None:
            with pytest.raises(Cancelled) as caught:
                await generate(engine)
            errors.append(caught.value)

        task_group.start_soon(wait)
        await wait_until_idle(engine)
        await get_job(engine, (await newest_job(engine)).job_id, cancel=True)
    assert [error.billed for error in errors] == ["unknown"]


async def test_a_slot_is_free_again_after_a_cancel(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(hang)
    async with running_engine(tmp_path, provider.backend(), clock=clock, concurrency=1) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        async with clock.autojump():
            await get_job(engine, running.job_id, cancel=True)
        assert (await generate(engine, "another")).status == "done"


async def test_a_cancel_while_files_are_being_named_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staging, go_on = anyio.Event(), anyio.Event()
    stage = Library.stage

    async def slow(self: Library, *given: Any, **rest: Any) -> bool:
        staged = await stage(self, *given, **rest)
        staging.set()
        await go_on.wait()
        return staged

    monkeypatch.setattr(Library, "stage", slow)
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await staging.wait()
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(engine.get_job, {"job_id": running.job_id, "cancel": True}, WAIT_FOR_END)
            await wait_until_idle(engine)
            go_on.set()
        result = await get_job(engine, running.job_id)
    assert (result.status, len(result.files)) == ("done", 1)
    assert output_files(tmp_path) == [Path(result.files[0].path).name]
