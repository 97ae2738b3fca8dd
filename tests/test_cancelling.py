"""Cancelling a job: at any moment, once at the provider, and never what is paid for and gets on."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import fake
from fakes.engines import (
    HASTY,
    PATIENT,
    Scripted,
    batch,
    collected,
    files_in,
    forever,
    job,
    made,
    opened,
    pending,
    picture,
    settled,
    the_job,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.jobs.outputs import Outputs
from mediasmith.plugin.contract import JSON, Accepted, Call, Context, Pending, Result
from mediasmith.plugin.errors import (
    Cancelled,
    InvalidRequest,
    MediaError,
    MissingKey,
    ProviderError,
    RateLimited,
    Refused,
    Unreachable,
)
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

    async with opened(tmp_path, fake(start=start)) as engine:
        running = await made(engine, caller=HASTY)
        await settled(engine)
        result = await collected(engine, running.job_id, cancel=True)
        assert ended == ["stopped"]
        assert (result.status, result.files, result.attempts) == ("cancelled", (), ())
        assert result.error.startswith("The job was cancelled. It may have been billed")
        [part] = await engine.library.tasks(running.job_id)
        assert (part.phase, part.billed) == ("cancelled", "unknown")
        assert (await collected(engine, running.job_id)).status == "cancelled"


async def test_a_job_that_is_polled_is_cancelled_at_its_provider_once(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job("abc"), polls=pending(99))
    backend = provider.backend(cancel=provider.cancel)
    async with opened(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await made(engine, wait_seconds=12)
        polls = len(provider.polled)
        result = await collected(engine, running.job_id, cancel=True)
        assert result.status == "cancelled"
        assert "It was billed" in result.error
        await collected(engine, running.job_id, cancel=True)
        await clock.sleep(100)
    assert provider.cancelled == ["abc"]
    assert len(provider.polled) == polls


async def test_a_job_whose_provider_cannot_stop_goes_on_and_is_collected(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), polls=pending(9))
    async with opened(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        running = await made(engine, wait_seconds=12)
        with pytest.raises(
            InvalidRequest, match=r"One cannot stop what it has begun, so the job goes on\. .*get_job"
        ) as told:
            await collected(engine, running.job_id, cancel=True)
        assert told.value.job_id == running.job_id
        result = await collected(engine, running.job_id)
    assert (result.status, len(result.files), len(provider.calls)) == ("done", 1, 1)


async def test_a_job_that_a_dead_process_left_is_not_given_up_either(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), polls=pending(99))
    async with opened(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        running = await made(engine, wait_seconds=12)
    provider.polls.clear()
    async with opened(tmp_path, provider.backend(), clock=clock) as engine:
        with pytest.raises(InvalidRequest, match="One cannot stop what it has begun"):
            await collected(engine, running.job_id, cancel=True)
        async with clock.autojump():
            assert (await collected(engine, running.job_id)).status == "done"


async def test_what_a_provider_has_not_begun_is_not_sent_after_a_cancel(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), polls=pending(9))
    async with opened(tmp_path, provider.backend(), clock=clock, concurrency=1) as engine, clock.autojump():
        running = await engine.generate({"prompts": ["one", "two", "three"], "wait_seconds": 12}, PATIENT)
        with pytest.raises(InvalidRequest, match=r"goes on with 1 of its 3 files\. It was billed\.") as told:
            await collected(engine, running.job_id, cancel=True)
        assert told.value.billed == "yes"
        result = await collected(engine, running.job_id)
    assert (result.status, len(provider.calls)) == ("partial", 1)
    assert [item.status for item in result.items] == ["done", "cancelled", "cancelled"]


async def test_of_two_providers_the_one_that_can_stop_is_told(tmp_path: Path) -> None:
    clock, one, two = VirtualClock(), Scripted(job("a"), RateLimited("Too much.")), Scripted(job("b"))
    one.polls.extend(pending(9))
    two.polls.extend(pending(99))
    backends = [one.backend("one"), two.backend("two", cancel=two.cancel)]
    async with opened(tmp_path, *backends, clock=clock, order=("one", "two")) as engine, clock.autojump():
        running = await engine.generate({"prompts": ["here", "there"], "wait_seconds": 12}, PATIENT)
        with pytest.raises(InvalidRequest, match="One cannot stop what it has begun"):
            await collected(engine, running.job_id, cancel=True)
        result = await collected(engine, running.job_id)
    assert (two.cancelled, [item.status for item in result.items]) == (["b"], ["done", "cancelled"])


@pytest.mark.parametrize("stoppable", [True, False])
async def test_a_handle_that_comes_during_a_cancel_is_not_lost(tmp_path: Path, *, stoppable: bool) -> None:
    go_on = anyio.Event()

    async def start(_call: object) -> Accepted:
        await go_on.wait()
        return job("late")

    provider = Scripted()
    backend = provider.backend(start=start, cancel=provider.cancel) if stoppable else provider.backend(start=start)
    async with opened(tmp_path, backend) as engine:
        running = await made(engine, caller=HASTY)
        await settled(engine)
        async with anyio.create_task_group() as task_group:

            async def stop() -> None:
                with nullcontext() if stoppable else pytest.raises(InvalidRequest, match="so the job goes on"):
                    await collected(engine, running.job_id, cancel=True)

            task_group.start_soon(stop)
            await settled(engine)
            go_on.set()
        ended = await collected(engine, running.job_id)
    assert (ended.status, provider.cancelled) == (("cancelled", ["late"]) if stoppable else ("done", []))


async def test_a_start_that_gives_no_handle_is_cut_off(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(forever)
    async with opened(tmp_path, provider.backend(), clock=clock) as engine:
        running = await made(engine, caller=HASTY)
        await settled(engine)
        started = clock.now()
        async with clock.autojump():
            result = await collected(engine, running.job_id, cancel=True)
        assert clock.now() - started <= 10
    assert result.status == "cancelled"
    assert "It may have been billed" in result.error


async def test_work_that_fails_after_a_refused_cancel_has_failed(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), polls=[*pending(9), ProviderError("It broke.")])
    async with opened(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        running = await made(engine, wait_seconds=12)
        with pytest.raises(InvalidRequest):
            await collected(engine, running.job_id, cancel=True)
        result = await collected(engine, running.job_id)
    assert (result.status, result.error) == ("failed", "It broke. It was billed.")


async def test_a_job_that_is_stuck_can_be_given_up(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), polls=[MissingKey("One", ("ONE_KEY",), rejected=True)])
    async with opened(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        running = await made(engine)
        assert (running.status, "does not accept its key" in running.error) == ("running", True)
        result = await collected(engine, running.job_id, cancel=True)
    assert (result.status, result.error) == ("cancelled", "The job was cancelled. It was billed.")


async def test_a_stuck_part_is_given_up_and_one_that_gets_on_is_kept(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job("a"), job("b"))
    stuck = [True]

    async def poll(_work: Context[None], handle: JSON) -> Pending | Result:
        if handle == "a":
            raise MissingKey("One", ("ONE_KEY",), rejected=True)
        return Pending() if stuck else picture()

    backend = provider.backend(poll=poll, deadline=20)
    async with opened(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await batch(engine, "stuck", "slow")
        assert running.status == "running"
        with pytest.raises(InvalidRequest, match="goes on with 1 of its 2 files"):
            await collected(engine, running.job_id, cancel=True)
        stuck.clear()
        result = await collected(engine, running.job_id)
    assert [item.status for item in result.items] == ["cancelled", "done"]


async def test_a_stuck_job_is_given_up_by_the_first_call_of_another_process(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), polls=[Unreachable("No connection.", billed="yes")] * 99)
    async with opened(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await made(engine)
        assert "could not be asked any more: No connection." in running.error
    async with opened(tmp_path, provider.backend()) as engine:
        result = await collected(engine, running.job_id, cancel=True)
    assert (result.status, result.error) == ("cancelled", "The job was cancelled. It was billed.")


@pytest.mark.parametrize("polled", [True, False])
async def test_a_cancel_as_a_request_is_about_to_go_out_keeps_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, polled: bool
) -> None:
    saving, go_on = anyio.Event(), anyio.Event()
    save = Library.save_task

    async def slow(self: Library, part: Task, *, at: float) -> None:
        await save(self, part, at=at)
        if part.phase == "sending":
            saving.set()
            await go_on.wait()

    monkeypatch.setattr(Library, "save_task", slow)
    provider = Scripted(job())
    backend = provider.backend() if polled else fake("one", start=provider.start)
    async with opened(tmp_path, backend) as engine:
        running = await made(engine, caller=HASTY)
        await saving.wait()
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(engine.get_job, {"job_id": running.job_id, "cancel": True}, PATIENT)
            await settled(engine)
            go_on.set()
        result = await collected(engine, running.job_id)
    assert (result.status, result.error) == ("cancelled", "The job was cancelled. Nothing was billed.")
    assert provider.calls == []


async def test_a_cancel_does_not_wait_for_a_file_that_is_being_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, started = VirtualClock(), anyio.Event()

    async def stay(*_given: object, **_more: object) -> None:
        started.set()
        await anyio.sleep_forever()

    monkeypatch.setattr(Outputs, "store", stay)
    async with opened(tmp_path, Scripted().backend(), clock=clock) as engine:
        running = await made(engine, caller=HASTY)
        await started.wait()
        async with clock.autojump():
            with pytest.raises(InvalidRequest, match="still being saved"):
                await collected(engine, running.job_id, cancel=True)


@pytest.mark.parametrize("failing", ["raises", "hangs", "cancels itself"])
async def test_a_cancel_that_fails_at_the_provider_still_ends_the_job(tmp_path: Path, failing: str) -> None:
    told: list[object] = []

    async def cancel(_work: Context[None], handle: object) -> None:
        told.append(handle)
        match failing:
            case "raises":
                raise KeyError("x")
            case "hangs":
                await anyio.sleep_forever()
            case _:
                raise anyio.get_cancelled_exc_class()

    clock, provider = VirtualClock(), Scripted(job(), polls=pending(99))
    async with opened(tmp_path, provider.backend(cancel=cancel), clock=clock) as engine, clock.autojump():
        running = await made(engine, wait_seconds=12)
        started = clock.now()
        assert (await collected(engine, running.job_id, cancel=True)).status == "cancelled"
        assert clock.now() - started <= 5
        assert (await made(engine, "another", wait_seconds=0)).status == "running"
    assert told == ["job-1"]


async def test_two_cancels_at_once_are_one(tmp_path: Path) -> None:
    cancelling, go_on = anyio.Event(), anyio.Event()
    told: list[object] = []

    async def cancel(_work: Context[None], handle: object) -> None:
        told.append(handle)
        cancelling.set()
        await go_on.wait()

    provider = Scripted(job(), polls=[forever])
    results: list[str] = []
    async with opened(tmp_path, provider.backend(cancel=cancel)) as engine, anyio.create_task_group() as task_group:
        running = await made(engine, caller=HASTY)
        await settled(engine)

        async def stop() -> None:
            results.append((await collected(engine, running.job_id, cancel=True)).status)

        task_group.start_soon(stop)
        await cancelling.wait()
        task_group.start_soon(stop)
        await settled(engine)
        go_on.set()
    assert results == ["cancelled", "cancelled"]
    assert told == ["job-1"]


async def test_a_cancel_whose_own_call_is_cancelled_goes_on(tmp_path: Path) -> None:
    cancelling, go_on = anyio.Event(), anyio.Event()

    async def cancel(_work: Context[None], _handle: object) -> None:
        cancelling.set()
        await go_on.wait()

    provider = Scripted(job(), polls=[forever])
    async with opened(tmp_path, provider.backend(cancel=cancel)) as engine:
        running = await made(engine, caller=HASTY)
        await settled(engine)
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(engine.get_job, {"job_id": running.job_id, "cancel": True}, PATIENT)
            await cancelling.wait()
            task_group.cancel_scope.cancel()
        go_on.set()
        await settled(engine)
        assert (await the_job(engine)).status == "cancelled"


async def test_what_was_made_before_a_cancel_is_kept(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Result:
        if call.prompt != "quick":
            await anyio.sleep_forever()
        return picture()

    async with opened(tmp_path, fake(start=by_prompt), concurrency=2) as engine:
        running = await engine.generate({"prompts": ["quick", "slow", "queued"]}, HASTY)
        await settled(engine)
        result = await collected(engine, running.job_id, cancel=True)
    assert (result.status, len(result.files)) == ("partial", 1)
    assert [item.status for item in result.items] == ["done", "cancelled", "cancelled"]
    assert files_in(tmp_path) == [Path(result.files[0].path).name]


async def test_a_cancel_removes_what_was_half_written(tmp_path: Path) -> None:
    async def start(call: Call[None, Any]) -> Result:
        await call.file("image/png").write(b"x" * 300_000)
        await anyio.sleep_forever()
        return picture()

    async with opened(tmp_path, fake(start=start)) as engine:
        running = await made(engine, caller=HASTY)
        await settled(engine)
        assert len(files_in(tmp_path)) == 1
        await collected(engine, running.job_id, cancel=True)
        assert files_in(tmp_path) == []


async def test_a_cancel_while_a_request_waits_to_be_sent_again_ends_it(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(Unreachable("No connection.", billed="no"))
    async with opened(tmp_path, provider.backend(), clock=clock) as engine:
        running = await made(engine, caller=HASTY)
        await settled(engine)
        result = await collected(engine, running.job_id, cancel=True)
        await clock.advance(100)
    assert (result.status, len(provider.calls)) == ("cancelled", 1)
    assert "Nothing was billed" in result.error


@pytest.mark.parametrize("ending", [Refused("Declined.", billed="yes"), None], ids=["failed", "done"])
async def test_a_job_that_has_ended_cannot_be_cancelled_any_more(tmp_path: Path, ending: MediaError | None) -> None:
    provider = Scripted(*([ending] if ending else []))
    async with opened(tmp_path, provider.backend(cancel=provider.cancel)) as engine:
        if ending:
            with pytest.raises(Refused):
                await made(engine)
        else:
            await made(engine)
        before = await the_job(engine)
        assert await collected(engine, before.job_id, cancel=True) == before
    assert provider.cancelled == []


async def test_whoever_waits_for_a_cancelled_job_is_told(tmp_path: Path) -> None:
    errors: list[MediaError] = []
    async with opened(tmp_path, fake(start=forever)) as engine, anyio.create_task_group() as task_group:

        async def wait() -> None:
            with pytest.raises(Cancelled) as caught:
                await made(engine)
            errors.append(caught.value)

        task_group.start_soon(wait)
        await settled(engine)
        await collected(engine, (await the_job(engine)).job_id, cancel=True)
    assert [error.billed for error in errors] == ["unknown"]


async def test_a_job_nobody_waits_for_any_more_can_be_cancelled(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job("abc"), polls=pending(99))
    backend = provider.backend(cancel=provider.cancel, deadline=20)
    async with opened(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await made(engine)
        assert "still at work" in running.error
        result = await collected(engine, running.job_id, cancel=True)
    assert result.status == "cancelled"
    assert provider.cancelled == ["abc"]


async def test_a_slot_is_free_again_after_a_cancel(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(forever)
    async with opened(tmp_path, provider.backend(), clock=clock, concurrency=1) as engine:
        running = await made(engine, caller=HASTY)
        await settled(engine)
        async with clock.autojump():
            await collected(engine, running.job_id, cancel=True)
        assert (await made(engine, "another")).status == "done"


async def test_a_cancel_that_comes_as_files_get_their_names_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging, go_on = anyio.Event(), anyio.Event()
    stage = Library.stage

    async def slow(self: Library, *given: Any, at: float) -> None:
        await stage(self, *given, at=at)
        staging.set()
        await go_on.wait()

    monkeypatch.setattr(Library, "stage", slow)
    async with opened(tmp_path, Scripted().backend()) as engine:
        running = await made(engine, caller=HASTY)
        await staging.wait()
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(engine.get_job, {"job_id": running.job_id, "cancel": True}, PATIENT)
            await settled(engine)
            go_on.set()
        result = await collected(engine, running.job_id)
    assert (result.status, len(result.files)) == ("done", 1)
    assert files_in(tmp_path) == [Path(result.files[0].path).name]
