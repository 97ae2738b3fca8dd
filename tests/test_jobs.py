"""Jobs: cancelled at any moment and once at the provider, recorded at their end, and left in order at closing."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import fake, png
from fakes.engines import (
    HASTY,
    PATIENT,
    Scripted,
    batch,
    collected,
    files_in,
    job,
    library_of,
    made,
    opened,
    pending,
    picture,
    settled,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.contract import JSON, Accepted, Call, Output, Pending, Result, Work
from mediasmith.engine import Engine
from mediasmith.errors import (
    Cancelled,
    InvalidRequest,
    MediaError,
    MissingKey,
    ProviderError,
    RateLimited,
    Refused,
    Unreachable,
)
from mediasmith.installation import Installation
from mediasmith.library import Library, Part
from mediasmith.making import Making
from mediasmith.opening import Opening, opening
from mediasmith.outputs import Outputs
from mediasmith.registry import Registry
from mediasmith.results import JobList, MediaResult
from mediasmith.settings import Settings


async def forever(*_given: object) -> Any:
    await anyio.sleep_forever()


async def the_job(engine: Engine) -> MediaResult:
    """The newest job, as it stands."""
    listed = await engine.get_job({}, PATIENT)
    assert isinstance(listed, JobList)
    return await collected(engine, listed.jobs[0].job_id, HASTY)


# Cancelling


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
        [part] = await engine.library.parts(running.job_id)
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
        async with anyio.create_task_group() as tasks:

            async def stop() -> None:
                with nullcontext() if stoppable else pytest.raises(InvalidRequest, match="so the job goes on"):
                    await collected(engine, running.job_id, cancel=True)

            tasks.start_soon(stop)
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

    async def poll(_work: Work[None], handle: JSON) -> Pending | Result:
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
    save = Library.save_part

    async def slow(self: Library, part: Part, *, at: float) -> None:
        await save(self, part, at=at)
        if part.phase == "sending":
            saving.set()
            await go_on.wait()

    monkeypatch.setattr(Library, "save_part", slow)
    provider = Scripted(job())
    backend = provider.backend() if polled else fake("one", start=provider.start)
    async with opened(tmp_path, backend) as engine:
        running = await made(engine, caller=HASTY)
        await saving.wait()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.get_job, {"job_id": running.job_id, "cancel": True}, PATIENT)
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

    async def cancel(_work: Work[None], handle: object) -> None:
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

    async def cancel(_work: Work[None], handle: object) -> None:
        told.append(handle)
        cancelling.set()
        await go_on.wait()

    provider = Scripted(job(), polls=[forever])
    results: list[str] = []
    async with opened(tmp_path, provider.backend(cancel=cancel)) as engine, anyio.create_task_group() as tasks:
        running = await made(engine, caller=HASTY)
        await settled(engine)

        async def stop() -> None:
            results.append((await collected(engine, running.job_id, cancel=True)).status)

        tasks.start_soon(stop)
        await cancelling.wait()
        tasks.start_soon(stop)
        await settled(engine)
        go_on.set()
    assert results == ["cancelled", "cancelled"]
    assert told == ["job-1"]


async def test_a_cancel_whose_own_call_is_cancelled_goes_on(tmp_path: Path) -> None:
    cancelling, go_on = anyio.Event(), anyio.Event()

    async def cancel(_work: Work[None], _handle: object) -> None:
        cancelling.set()
        await go_on.wait()

    provider = Scripted(job(), polls=[forever])
    async with opened(tmp_path, provider.backend(cancel=cancel)) as engine:
        running = await made(engine, caller=HASTY)
        await settled(engine)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.get_job, {"job_id": running.job_id, "cancel": True}, PATIENT)
            await cancelling.wait()
            tasks.cancel_scope.cancel()
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
    async with opened(tmp_path, fake(start=forever)) as engine, anyio.create_task_group() as tasks:

        async def wait() -> None:
            with pytest.raises(Cancelled) as caught:
                await made(engine)
            errors.append(caught.value)

        tasks.start_soon(wait)
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
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.get_job, {"job_id": running.job_id, "cancel": True}, PATIENT)
            await settled(engine)
            go_on.set()
        result = await collected(engine, running.job_id)
    assert (result.status, len(result.files)) == ("done", 1)
    assert files_in(tmp_path) == [Path(result.files[0].path).name]


# Going on with a job that nobody works on


async def test_two_calls_that_collect_at_once_share_one_collection(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), polls=pending(5))
    results: list[MediaResult] = []
    async with opened(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await made(engine)
        assert running.status == "running"

        async def collect() -> None:
            results.append(await collected(engine, running.job_id))

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(collect)
    assert [result.status for result in results] == ["done"] * 3
    assert len({result.files[0].path for result in results}) == 1
    assert len(files_in(tmp_path)) == 1


async def test_a_job_that_is_collected_again_drops_its_old_error(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), polls=pending(10))
    async with opened(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await made(engine)
        assert "still at work" in running.error
        again = await collected(engine, running.job_id, wait_seconds=3)
        assert (again.status, again.error) == ("running", "")


# What cannot be recorded


async def test_an_end_that_cannot_be_recorded_is_still_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_given: object) -> None:
        raise MediaError("The library cannot be used: SQLITE_FULL.")

    async with opened(tmp_path, Scripted().backend()) as engine:
        with monkeypatch.context() as patched:
            patched.setattr(Library, "save_job", full)
            first = await made(engine)
        assert (first.status, len(first.files)) == ("done", 1)
        again = await collected(engine, first.job_id)
        assert (again.status, again.files) == ("done", first.files)


async def test_an_answer_that_cannot_be_recorded_does_not_end_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_given: object) -> None:
        raise MediaError("The library cannot be used: SQLITE_FULL.")

    monkeypatch.setattr(Library, "mark_answered", full)
    async with opened(tmp_path, Scripted().backend()) as engine:
        await made(engine)
        await settled(engine)
        assert (await made(engine)).warnings == ()


async def test_a_fault_of_our_own_in_a_job_ends_only_that_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_given: object) -> None:
        raise ZeroDivisionError("secret words")

    async with opened(tmp_path, Scripted().backend()) as engine:
        with monkeypatch.context() as patched:
            patched.setattr(Making, "make", broken)
            with pytest.raises(MediaError, match=r"Mediasmith itself failed \(ZeroDivisionError\)"):
                await made(engine)
        assert (await the_job(engine)).status == "failed"
        assert (await made(engine)).status == "done"
    assert "ZeroDivisionError" in caplog.text
    assert "secret words" not in caplog.text


# A full disk


def refuse_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)


async def test_a_full_disk_after_paying_says_that_it_was_billed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, Scripted().backend()) as engine:
        with monkeypatch.context() as patched:
            refuse_to_write(patched)
            with pytest.raises(MediaError, match="the disk is full") as caught:
                await made(engine)
        assert caught.value.billed == "yes"
        assert "It was billed" in str(caught.value)
        assert files_in(tmp_path) == []


async def test_what_has_a_handle_is_collected_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = Scripted(job())
    async with opened(tmp_path, provider.backend()) as engine:
        with monkeypatch.context() as patched:
            refuse_to_write(patched)
            running = await made(engine)
        assert running.status == "running"
        assert "the disk is full" in running.error
        assert "It was billed" in running.error
        assert "get_job" in running.next
        assert files_in(tmp_path) == []
        done = await collected(engine, running.job_id)
    assert (done.status, done.error, len(done.files)) == ("done", "", 1)
    assert len(provider.calls) == 1


async def test_files_whose_names_could_not_be_recorded_are_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_given: object, **_more: object) -> None:
        raise MediaError("The library cannot be used: SQLITE_FULL.")

    async with opened(tmp_path, Scripted().backend()) as engine:
        with monkeypatch.context() as patched:
            patched.setattr(Library, "settle", full)
            running = await made(engine)
        assert running.status == "running"
        done = await collected(engine, running.job_id)
    assert (done.status, len(done.files)) == ("done", 1)
    assert files_in(tmp_path) == [Path(done.files[0].path).name]


# Closing


async def test_closing_leaves_what_has_a_handle_for_the_next_one(tmp_path: Path) -> None:
    provider = Scripted(job("abc"), polls=[forever])
    async with opened(tmp_path, provider.backend()) as engine:
        running = await made(engine, caller=HASTY)
        await settled(engine)
    async with opened(tmp_path, provider.backend()) as engine:
        result = await collected(engine, running.job_id)
    assert (result.status, provider.polled, len(provider.calls)) == ("done", ["abc", "abc"], 1)


async def test_closing_records_what_was_in_flight_as_perhaps_billed(tmp_path: Path) -> None:
    async with opened(tmp_path, fake(start=forever)) as engine:
        running = await made(engine, caller=HASTY)
        await settled(engine)
    async with library_of(tmp_path) as library:
        stored = await library.job(running.job_id, principal="local")
        [part] = await library.parts(running.job_id)
    assert stored is not None
    assert (stored.state, part.phase, part.billed) == ("unknown", "unknown", "unknown")


async def test_closing_waits_for_a_handle_that_is_just_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = anyio.Event()
    save_part = Library.save_part

    async def slow(self: Library, part: Any, *, at: float) -> None:
        if part.phase == "accepted":
            writing.set()
            await turns(20)
        await save_part(self, part, at=at)

    monkeypatch.setattr(Library, "save_part", slow)
    provider = Scripted(job("abc"), polls=[forever])
    async with opened(tmp_path, provider.backend()) as engine:
        running = await made(engine, caller=HASTY)
        await writing.wait()
    async with opened(tmp_path, provider.backend()) as engine:
        assert (await collected(engine, running.job_id)).status == "done"
    assert len(provider.calls) == 1


async def turns(count: int) -> None:
    """Let the others have so many turns."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def test_closing_records_how_a_call_has_just_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = anyio.Event()
    save_part = Library.save_part

    async def slow(self: Library, part: Any, *, at: float) -> None:
        if part.phase == "failed":
            recording.set()
            await turns(20)
        await save_part(self, part, at=at)

    monkeypatch.setattr(Library, "save_part", slow)
    async with opened(tmp_path, Scripted(Refused("Declined.", billed="no")).backend()) as engine:
        running = await made(engine, caller=HASTY)
        await recording.wait()
    async with library_of(tmp_path) as library:
        [part] = await library.parts(running.job_id)
    assert (part.phase, part.billed) == ("failed", "no")


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[Opening]:
    """An opening as a server has it, which leaves before it is closed."""
    installation = Installation(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out"),
        registry=Registry(backends={"one": fake("one")}, broken={}),
        env={},
    )
    async with opening(installation) as server:
        yield server


async def test_leaving_waits_for_what_is_just_being_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staging = anyio.Event()
    stage = Library.stage

    async def slow(self: Library, *given: Any, at: float) -> None:
        staging.set()
        await turns(200)
        await stage(self, *given, at=at)

    monkeypatch.setattr(Library, "stage", slow)
    monkeypatch.setattr("mediasmith.jobs._UNWINDING", 10.0)  # on a busy machine, too
    async with serving(tmp_path) as server:
        running = await (await server.engine()).generate({"prompt": "x"}, HASTY)
        await staging.wait()
        with anyio.CancelScope(shield=True):  # the process may end after this
            await server.leave()
            async with library_of(tmp_path) as library:
                stored = await library.job(running.job_id, principal="local")
                [part] = await library.parts(running.job_id)
            assert stored is not None
            assert (stored.state, part.phase) == ("done", "done")
    assert len(files_in(tmp_path)) == 1


async def test_leaving_waits_for_the_record_of_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = Library.mark_answered

    async def slow(self: Library, job_id: str) -> None:
        await turns(200)
        await mark(self, job_id)

    monkeypatch.setattr(Library, "mark_answered", slow)
    async with serving(tmp_path) as server:
        done = await made(await server.engine())
        with anyio.CancelScope(shield=True):  # the process may end after this
            await server.leave()
            async with library_of(tmp_path) as library:
                stored = await library.job(done.job_id, principal="local")
            assert stored is not None
            assert stored.answered


@pytest.mark.parametrize("ending", [KeyError("x"), SystemExit(2), KeyboardInterrupt()], ids=repr)
async def test_what_a_program_raises_inside_leaves_plain_and_everything_is_closed(
    tmp_path: Path, ending: BaseException
) -> None:
    closed: list[str] = []
    provider = Scripted(job("abc"), polls=[forever])

    async def program() -> None:
        async with opened(tmp_path, closing(provider, closed)) as engine:
            await made(engine, caller=HASTY)
            await settled(engine)
            raise ending

    with pytest.raises(type(ending)):
        await program()
    assert closed == ["closed"]
    async with opened(tmp_path, provider.backend()) as engine:
        assert (await collected(engine, (await the_job(engine)).job_id)).status == "done"


async def test_a_program_that_is_cancelled_inside_closes_everything(tmp_path: Path) -> None:
    closed: list[str] = []
    provider = Scripted(job("abc"), polls=[forever])
    with anyio.CancelScope() as scope:
        async with opened(tmp_path, closing(provider, closed)) as engine:
            await made(engine, caller=HASTY)
            await settled(engine)
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert closed == ["closed"]


async def test_a_program_that_asyncio_cancels_inside_closes_everything(tmp_path: Path) -> None:
    closed: list[str] = []
    provider = Scripted(job("abc"), polls=[forever])
    at_work = anyio.Event()

    async def program() -> None:
        async with opened(tmp_path, closing(provider, closed)) as engine:
            await made(engine, caller=HASTY)
            await settled(engine)
            at_work.set()
            await anyio.sleep_forever()

    task = asyncio.create_task(program())
    await at_work.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed == ["closed"]


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
    provider = Scripted(job("abc"), polls=[forever])
    with monkeypatch.context() as patched:
        async with opened(tmp_path, closing(provider, closed)) as engine:
            running = await made(engine, caller=HASTY)
            await settled(engine)
            patched.setattr(Library, "save_job", full)
            patched.setattr(Library, "save_part", full)
    assert closed == ["closed"]
    async with opened(tmp_path, provider.backend()) as engine:
        assert (await collected(engine, running.job_id)).status == "done"


async def test_a_batch_that_is_left_is_collected_item_by_item(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Any:
        match call.prompt:
            case "quick":
                return picture()
            case "accepted":
                return job("abc")
            case _:
                return await forever()

    async def poll(_work: Work[None], _handle: object) -> Pending | Result:
        return await forever() if first else Result(outputs=(Output(body=png(), mime="image/png"),))

    first = True
    backend = fake(start=by_prompt, poll=poll)
    async with opened(tmp_path, backend) as engine:
        running = await engine.generate({"prompts": ["quick", "accepted", "in flight"]}, HASTY)
        engine.answered(running)
        await settled(engine)
    first = False
    async with opened(tmp_path, backend) as engine:
        result = await collected(engine, running.job_id)
        assert [item.status for item in result.items] == ["done", "done", "unknown"]
        assert (result.status, len(result.files)) == ("partial", 2)
        assert (await batch(engine, "quick", "quick")).status == "done"
