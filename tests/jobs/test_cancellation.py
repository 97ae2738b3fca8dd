"""Cancelling a job: at any moment, once at the provider, and never what is paid for and gets on."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from fakes.backends import AnyJson, fake
from fakes.engines import (
    NO_WAIT,
    WAIT_FOR_END,
    Scripted,
    accepted,
    generate,
    generate_batch,
    get_job,
    hang,
    jumping_engine,
    newest_job,
    output_files,
    pending,
    picture,
    running_engine,
    wait_until_idle,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.jobs.outputs import Outputs
from mediasmith.plugin.contract import Accepted, Call, Cancellation, Context, Failed, Pending, Result
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


async def test_a_job_that_is_polled_is_cancelled_at_its_provider_once(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted("abc"), polls=pending(99))
    backend = provider.backend(cancel=provider.cancel)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await generate(engine, wait_seconds=12)
        polls = len(provider.polled)
        result = await get_job(engine, running.job_id, cancel=True)
        assert result.status == "cancelled"
        assert "It was billed" in result.error
        await get_job(engine, running.job_id, cancel=True)
        await clock.sleep(100)
    assert provider.cancelled == ["abc"]
    assert len(provider.polled) == polls


async def test_a_job_whose_provider_cannot_stop_is_collected(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(9))
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        running = await generate(engine, wait_seconds=12)
        with pytest.raises(
            InvalidRequest, match=r"One cannot stop accepted work, so the job continues\. .*get_job"
        ) as caught:
            await get_job(engine, running.job_id, cancel=True)
        assert caught.value.job_id == running.job_id
        result = await get_job(engine, running.job_id)
    assert (result.status, len(result.files), len(provider.calls)) == ("done", 1, 1)


async def test_an_unstoppable_job_of_a_dead_process_is_collected(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(99))
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        running = await generate(engine, wait_seconds=12)
    provider.polls.clear()
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine:
        with pytest.raises(InvalidRequest, match="One cannot stop accepted work"):
            await get_job(engine, running.job_id, cancel=True)
        async with clock.autojump():
            assert (await get_job(engine, running.job_id)).status == "done"


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


async def test_only_the_provider_that_can_stop_is_asked_to(tmp_path: Path) -> None:
    clock, one, two = VirtualClock(), Scripted(accepted("a"), RateLimited("Too much.")), Scripted(accepted("b"))
    one.polls.extend(pending(9))
    two.polls.extend(pending(99))
    backends = [one.backend("one"), two.backend("two", cancel=two.cancel)]
    async with running_engine(tmp_path, *backends, clock=clock, order=("one", "two")) as engine, clock.autojump():
        running = await engine.generate({"prompts": ["here", "there"], "wait_seconds": 12}, WAIT_FOR_END)
        with pytest.raises(InvalidRequest, match="One cannot stop accepted work"):
            await get_job(engine, running.job_id, cancel=True)
        result = await get_job(engine, running.job_id)
    assert (two.cancelled, [item.status for item in result.items]) == (["b"], ["done", "cancelled"])


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


async def test_a_job_may_still_fail_after_its_cancel_was_refused(tmp_path: Path) -> None:
    clock, provider = (
        VirtualClock(),
        Scripted(accepted(), polls=[*pending(9), Failed(error=ProviderError("It broke."))]),
    )
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        running = await generate(engine, wait_seconds=12)
        with pytest.raises(InvalidRequest):
            await get_job(engine, running.job_id, cancel=True)
        result = await get_job(engine, running.job_id)
    assert (result.status, result.error) == (
        "failed",
        "It broke. It was billed. Call again, or name another backend. Another call is billed again.",
    )


async def test_a_job_that_cannot_be_polled_any_more_can_be_given_up(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=[MissingKey("One", ("ONE_KEY",), rejected=True)] * 99)
    async with running_engine(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        assert (running.status, "does not accept its key" in running.error) == ("running", True)
        result = await get_job(engine, running.job_id, cancel=True)
    assert result.status == "cancelled"
    assert result.error.startswith("The job was cancelled. It was billed.")


async def test_a_stuck_task_is_given_up_and_a_running_one_is_kept(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted("a"), accepted("b"))
    stuck = [True]

    async def poll(_work: Context[None], handle: AnyJson) -> Pending | Result:
        if handle.root == "a":
            raise MissingKey("One", ("ONE_KEY",), rejected=True)
        return Pending() if stuck else picture()

    backend = provider.backend(poll=poll, deadline=20)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await generate_batch(engine, "stuck", "slow")
        assert running.status == "running"
        with pytest.raises(InvalidRequest, match="continues with 1 of its 2 files"):
            await get_job(engine, running.job_id, cancel=True)
        stuck.clear()
        result = await get_job(engine, running.job_id)
    assert [item.status for item in result.items] == ["cancelled", "done"]


async def test_a_stuck_job_can_be_given_up_by_the_first_call_of_another_process(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=[Unreachable("No connection.", billed="yes")] * 99)
    async with running_engine(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        assert "could not be asked any more: No connection." in running.error
    async with running_engine(tmp_path, provider.backend()) as engine:
        result = await get_job(engine, running.job_id, cancel=True)
    assert result.status == "cancelled"
    assert result.error.startswith("The job was cancelled. It was billed.")


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


@pytest.mark.parametrize("failing", ["raises", "hangs", "cancels itself"])
async def test_an_exception_of_cancel_still_cancels_the_job_with_a_warning(tmp_path: Path, failing: str) -> None:
    asked: list[object] = []

    async def cancel(_work: Context[None], handle: object) -> Cancellation:
        asked.append(handle)
        match failing:
            case "raises":
                raise KeyError("x")
            case "hangs":
                await anyio.sleep_forever()
            case _:
                raise anyio.get_cancelled_exc_class()
        return "stopped"

    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(99))
    async with running_engine(tmp_path, provider.backend(cancel=cancel), clock=clock) as engine, clock.autojump():
        running = await generate(engine, wait_seconds=12)
        started = clock.now()
        result = await get_job(engine, running.job_id, cancel=True)
        assert result.status == "cancelled"
        assert result.warnings == ("One could not be asked to stop; its work may continue and be billed.",)
        assert clock.now() - started <= 5
        assert (await generate(engine, "another", wait_seconds=0)).status == "running"
    assert asked == [AnyJson("job-1")]


@pytest.mark.parametrize(
    ("answer", "status", "warning"),
    [
        ("stopped", "cancelled", ""),
        ("asked", "cancelled", "One was asked to stop, but its work may still finish and be billed."),
        (None, "cancelled", "One was asked to stop, but its work may still finish and be billed."),
        ("too late", "done", ""),
    ],
)
@pytest.mark.parametrize("recovered", [False, True])
async def test_the_provider_says_what_became_of_a_cancel(
    tmp_path: Path, answer: Any, status: str, warning: str, *, recovered: bool
) -> None:
    asked: list[object] = []

    async def cancel(_context: Context[None], handle: AnyJson) -> Cancellation:
        asked.append(handle.root)
        await anyio.lowlevel.checkpoint()
        provider.polls.clear()
        return answer

    provider = Scripted(accepted("abc"), polls=[hang] * 2)
    backend = provider.backend(cancel=cancel)
    async with running_engine(tmp_path, backend) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        if not recovered:
            await get_job(engine, running.job_id, cancel=True)
    async with jumping_engine(tmp_path, backend) as engine:
        if recovered:
            await get_job(engine, running.job_id, cancel=True)
        result = await get_job(engine, running.job_id)
    assert (result.status, result.warnings, asked) == (status, (warning,) if warning else (), ["abc"])


async def test_a_provider_that_cannot_be_reached_to_cancel_is_a_warning(tmp_path: Path) -> None:
    provider = Scripted(accepted(), polls=[hang])
    backend = fake("one", keys=("ONE_KEY",), start=provider.start, poll=provider.poll, cancel=provider.cancel)
    async with running_engine(tmp_path, backend, env={"ONE_KEY": "key-0123456789"}) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
    async with running_engine(tmp_path, backend) as engine:
        result = await get_job(engine, running.job_id, cancel=True)
    assert (result.status, provider.cancelled) == ("cancelled", [])
    assert result.warnings == ("One could not be asked to stop; its work may continue and be billed.",)


async def test_a_job_whose_handle_cannot_be_read_can_be_given_up(tmp_path: Path) -> None:
    class Numbered(BaseModel):
        number: int

    clock, provider = VirtualClock(), Scripted(accepted("abc"), polls=pending(99))
    async with running_engine(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
    async with running_engine(tmp_path, provider.backend(handle=Numbered)) as engine:
        assert (await get_job(engine, running.job_id)).status == "running"
        assert (await get_job(engine, running.job_id, cancel=True)).status == "cancelled"


async def test_work_whose_answer_is_lost_is_cancelled_by_the_handle_recorded_before(tmp_path: Path) -> None:
    async def start(call: Call[None, Any]) -> Accepted:
        await call.handle(AnyJson("chosen"))
        return await hang()

    clock, provider = VirtualClock(), Scripted()
    backend = provider.backend(start=start, cancel=provider.cancel)
    async with running_engine(tmp_path, backend, clock=clock) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        async with clock.autojump():
            assert (await get_job(engine, running.job_id, cancel=True)).status == "cancelled"
    assert provider.cancelled == ["chosen"]


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


async def test_a_job_past_its_deadline_can_be_cancelled(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted("abc"), polls=pending(99))
    backend = provider.backend(cancel=provider.cancel, deadline=20)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        assert "still at work" in running.error
        result = await get_job(engine, running.job_id, cancel=True)
    assert result.status == "cancelled"
    assert provider.cancelled == ["abc"]


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

    async def slow(self: Library, *given: Any, at: float) -> None:
        await stage(self, *given, at=at)
        staging.set()
        await go_on.wait()

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


async def test_a_job_of_another_process_is_stopped_at_its_provider(tmp_path: Path) -> None:
    provider = Scripted(accepted("abc"), polls=pending(99))
    backend = provider.backend(cancel=provider.cancel)
    async with running_engine(tmp_path, backend) as first, running_engine(tmp_path, backend) as second:
        running = await generate(first, caller=NO_WAIT)
        await wait_until_idle(first)
        await get_job(second, running.job_id, NO_WAIT, cancel=True)
        assert provider.cancelled == ["abc"]
        [task] = await first.library.tasks(running.job_id)
        assert task.phase == "accepted", "the process that owns it records its end"


async def test_a_job_of_another_process_that_cannot_be_stopped_continues(tmp_path: Path) -> None:
    provider = Scripted(accepted("abc"), polls=pending(99))
    async with running_engine(tmp_path, provider.backend()) as first, running_engine(tmp_path, fake()) as second:
        running = await generate(first, caller=NO_WAIT)
        await wait_until_idle(first)
        with pytest.raises(InvalidRequest, match="Another server process works on this job") as caught:
            await get_job(second, running.job_id, cancel=True)
        assert "Cancel it in the session that started it" in caught.value.hint
        assert (await get_job(first, running.job_id, NO_WAIT)).status == "running"
