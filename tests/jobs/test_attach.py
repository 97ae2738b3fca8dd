"""Attach a call to an earlier one whose answer never got out."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
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
from mediasmith.config.caller import Caller
from mediasmith.engine.results import JobList, MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.jobs.attach import fingerprint
from mediasmith.plugin.contract import Result
from mediasmith.plugin.errors import Billed, MediaError
from mediasmith.selection.tool_request import parse_request
from mediasmith.storage.library.calls import CallRecords
from mediasmith.storage.library.records import Phase
from mediasmith.storage.library.store import Library

EARLIER = "This is the earlier call with the same arguments, whose answer was lost; nothing was sent again."


def another(running: str) -> str:
    """The warning of a call whose twin is running."""
    return (
        f"The same call is still running as job {running}, which get_job returns; this is another job, billed as well. "
        "Calls with the same request_id make one job."
    )


def gate() -> tuple[anyio.Event, Any]:
    """An event, and a step of a script that makes a picture once it is set."""
    event = anyio.Event()

    async def wait(*_given: object) -> Result:
        await event.wait()
        return picture()

    return event, wait


async def abandoned(engine: Engine, **given: Any) -> None:
    """A call that is cancelled as soon as the provider has it."""
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:

            async def call() -> None:
                await engine.generate({"prompt": "a red kite", **given}, WAIT_FOR_END)

            tasks.start_soon(call)
            await wait_until_idle(engine)
            scope.cancel()
    assert scope.cancelled_caught


async def test_a_cancelled_call_does_not_cancel_its_job(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with running_engine(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        listed = await engine.get_job({}, WAIT_FOR_END)
        assert isinstance(listed, JobList)
        assert [one.status for one in listed.jobs] == ["running"]
        event.set()
        done = await get_job(engine, listed.jobs[0].job_id)
    assert done.status == "done"
    assert len(provider.calls) == 1


async def test_cancelling_the_asyncio_task_of_a_call_does_not_cancel_its_job(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with running_engine(tmp_path, provider.backend()) as engine:
        call = asyncio.create_task(generate(engine))
        await wait_until_idle(engine)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        event.set()
        result = await engine.generate({"prompt": "a red kite"}, WAIT_FOR_END)
    assert result.warnings == (EARLIER,)
    assert len(provider.calls) == 1


async def test_the_same_call_after_a_cancelled_one_attaches_and_sends_nothing(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with running_engine(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        event.set()
        result = await generate(engine)
        assert (result.status, result.warnings) == ("done", (EARLIER,))
        assert len(provider.calls) == 1
        assert (await generate(engine)).warnings == ()
    assert len(provider.calls) == 2


async def test_the_same_call_attaches_to_a_job_that_has_ended(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with running_engine(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        event.set()
        await wait_until_idle(engine)
        result = await generate(engine)
    assert (result.status, result.warnings, len(provider.calls)) == ("done", (EARLIER,), 1)


async def test_the_same_call_while_another_one_waits_is_a_job_of_its_own(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait, wait)
    results: dict[int, MediaResult] = {}
    async with running_engine(tmp_path, provider.backend()) as engine, anyio.create_task_group() as tasks:

        async def call(number: int) -> None:
            results[number] = await generate(engine)

        tasks.start_soon(call, 0)
        await wait_until_idle(engine)
        tasks.start_soon(call, 1)
        await wait_until_idle(engine)
        event.set()
    assert len(provider.calls) == 2
    assert results[0].job_id != results[1].job_id
    assert (results[0].warnings, results[1].warnings) == ((), (another(results[0].job_id),))


async def test_a_call_that_is_being_notified_still_counts_as_waiting(tmp_path: Path) -> None:
    clock, notifying, go_on = VirtualClock(), anyio.Event(), anyio.Event()

    async def notify(_seconds: float, _message: str, _progress: float | None) -> None:
        notifying.set()
        await go_on.wait()

    provider = Scripted(accepted(), accepted(), polls=pending(30))
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, {"prompt": "a red kite"}, Caller(wait=math.inf, notify=notify))
        async with clock.autojump():
            await notifying.wait()
        second = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        assert EARLIER not in second.warnings
        assert len(provider.calls) == 2
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("wait_seconds", [0, None])
async def test_the_same_call_after_an_answer_is_a_new_job(tmp_path: Path, wait_seconds: int | None) -> None:
    event, wait = gate()
    provider = Scripted(wait, wait)
    if wait_seconds is None:
        event.set()
    async with running_engine(tmp_path, provider.backend()) as engine:
        first = await generate(engine, wait_seconds=wait_seconds)
        second = await generate(engine, wait_seconds=wait_seconds)
        event.set()
        assert second.job_id != first.job_id
        assert second.warnings == ((another(first.job_id),) if wait_seconds == 0 else ())


async def test_a_job_that_get_job_has_answered_is_not_attached_to(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with running_engine(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        listed = await engine.get_job({}, WAIT_FOR_END)
        assert isinstance(listed, JobList)
        await get_job(engine, listed.jobs[0].job_id, wait_seconds=0)
        event.set()
        assert EARLIER not in (await generate(engine)).warnings
    assert len(provider.calls) == 2


async def test_a_delivery_counts_before_it_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = anyio.Event()
    save = CallRecords.save_answer

    async def late(self: CallRecords, *given: Any, **more: Any) -> None:
        await recorded.wait()
        await save(self, *given, **more)

    monkeypatch.setattr(CallRecords, "save_answer", late)
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        await generate(engine)
        assert (await generate(engine)).warnings == ()
        recorded.set()
    assert len(provider.calls) == 2


async def test_a_delivery_is_recorded_even_if_the_program_ends_right_after(tmp_path: Path) -> None:
    provider = Scripted()
    for _ in range(2):
        async with running_engine(tmp_path, provider.backend()) as engine:
            result = await generate(engine)
        assert result.warnings == ()
    assert len(provider.calls) == 2


@pytest.mark.parametrize(("later", "attaches"), [(3599.0, True), (3601.0, False)])
async def test_a_call_can_be_attached_to_for_an_hour(tmp_path: Path, later: float, *, attaches: bool) -> None:
    event, wait = gate()
    clock, provider = VirtualClock(), Scripted(wait)
    async with running_engine(tmp_path, provider.backend(deadline=1e6), clock=clock) as engine:
        await abandoned(engine)
        event.set()
        await clock.advance(later)
        result = await generate(engine)
    assert (result.warnings == (EARLIER,)) is attaches
    assert len(provider.calls) == (1 if attaches else 2)


async def test_another_principals_call_is_not_attached_to(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with running_engine(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        event.set()
        result = await generate(engine, caller=Caller(principal="ada", wait=math.inf))
    assert result.warnings == ()
    assert len(provider.calls) == 2


@pytest.mark.parametrize(
    "given",
    [{"wait_seconds": 9}, {"n": None}, {"wait_for_previous": True}, {"backend": "auto"}, {"kind": "image"}],
    ids=lambda given: next(iter(given)),
)
async def test_arguments_that_do_not_change_the_request_still_attach(tmp_path: Path, given: Mapping[str, Any]) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with running_engine(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        event.set()
        assert (await generate(engine, **given)).warnings == (EARLIER,)


@pytest.mark.parametrize(
    "given",
    [{"prompt": "a kite"}, {"n": 2}, {"seed": 1}, {"options": {"mood": "x"}}, {"draft": True}, {"backend": "one"}],
    ids=lambda given: next(iter(given)),
)
async def test_a_changed_argument_makes_another_job(tmp_path: Path, given: Mapping[str, Any]) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with running_engine(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        event.set()
        assert EARLIER not in (await generate(engine, **given)).warnings
    assert len(provider.calls) > 1


@pytest.mark.parametrize("swept", [False, True])
async def test_a_possibly_billed_job_is_reported_once_and_then_sent_again(tmp_path: Path, *, swept: bool) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        await lost_by_a_dead_process(engine, tmp_path)
        if swept:
            await engine.get_job({}, WAIT_FOR_END)
            await wait_until_idle(engine)
        with pytest.raises(MediaError) as caught:
            await generate(engine, "lost")
        assert caught.value.billed == "unknown"
        assert "may have been billed" in str(caught.value)
        assert provider.calls == []
        assert (await generate(engine, "lost")).status == "done"
    assert len(provider.calls) == 1


@pytest.mark.parametrize("swept", [False, True])
async def test_an_unsent_job_of_a_dead_process_is_replaced_at_once(tmp_path: Path, *, swept: bool) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        await lost_by_a_dead_process(engine, tmp_path, phase="queued", billed="no")
        if swept:
            await engine.get_job({}, WAIT_FOR_END)
            await wait_until_idle(engine)
        result = await generate(engine, "lost")
    assert (result.status, result.warnings, len(provider.calls)) == ("done", (), 1)


async def lost_by_a_dead_process(
    engine: Engine, folder: Path, *, phase: Phase = "sending", billed: Billed = "unknown"
) -> None:
    """Record what a process left that died, by default while the answer to "lost" was due."""
    request = parse_request({"prompt": "lost"}, engine.installation.tools["generate_media"])
    lost = job_record(
        folder,
        id="k" * 26,
        fingerprint=fingerprint("generate_media", request),
        request={"prompts": ["lost"], "count": 1, "parent": "", "history": []},
    )
    await engine.library.add_job(lost, [task_record(job_id=lost.id, prompt="lost", phase=phase, billed=billed)])


async def test_a_call_cancelled_while_its_job_is_recorded_leaves_a_whole_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, go_on = anyio.Event(), anyio.Event()
    add_job = Library.add_job

    async def slow(self: Library, *given: Any, **more: Any) -> bool:
        recording.set()
        await go_on.wait()
        return await add_job(self, *given, **more)

    monkeypatch.setattr(Library, "add_job", slow)
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(generate, engine)
            await recording.wait()
            tasks.cancel_scope.cancel()
            go_on.set()
        result = await generate(engine)
    assert (result.status, result.warnings) == ("done", (EARLIER,))
    assert len(provider.calls) == 1
