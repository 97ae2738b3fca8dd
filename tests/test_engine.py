"""A call from its arguments to its answer: waiting, collecting, attaching, and what belongs to whom."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import fake, png
from fakes.engines import (
    HASTY,
    PATIENT,
    Scripted,
    a_job,
    a_part,
    collected,
    files_in,
    job,
    made,
    opened,
    pending,
    picture,
    saved,
    settled,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.config.caller import Caller
from mediasmith.engine.results import JobList, MediaResult
from mediasmith.engine.use_cases import Engine
from mediasmith.jobs.attach import fingerprint
from mediasmith.plugin.contract import Output, Result, Takes
from mediasmith.plugin.errors import Billed, InvalidRequest, MediaError, NothingSuitable, UnknownContinuation
from mediasmith.plugin.media import wav
from mediasmith.selection.request import parse_request
from mediasmith.storage.library.records import Phase
from mediasmith.storage.library.store import Library

EARLIER = "This is the earlier call with the same arguments, whose answer was lost; nothing was sent again."


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
                await engine.generate({"prompt": "a red kite", **given}, PATIENT)

            tasks.start_soon(call)
            await settled(engine)
            scope.cancel()
    assert scope.cancelled_caught


# Waiting and collecting


async def test_a_result_tells_what_was_made_and_where(tmp_path: Path) -> None:
    async with opened(tmp_path, Scripted(picture(state=1)).backend()) as engine:
        result = await made(engine)
    [file] = result.files
    assert result.status == "done"
    assert result.continuation_id == file.id
    assert (result.kind, result.backend, result.model) == ("image", "one", "fake-1")
    assert Path(file.path).parent == tmp_path / "out"
    assert saved(result) == [png()]
    assert file.bytes == len(png())
    assert (file.mime, file.width, file.height, file.uri) == ("image/png", 16, 16, f"media://{file.id}")
    assert files_in(tmp_path) == [Path(file.path).name]


async def test_a_call_that_has_waited_enough_is_told_where_to_collect(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), polls=pending(20))
    async with opened(tmp_path, provider.backend(every=4.0), clock=clock) as engine, clock.autojump():
        started = clock.now()
        running = await made(engine, caller=Caller(wait=40))
        assert clock.now() == started + 40
        assert (running.status, running.files, bool(running.job_id)) == ("running", (), True)
        assert (running.message, running.progress) == ("45%, drawing", 0.45)
        assert "get_job" in running.next
        done = await collected(engine, running.job_id)
    assert (done.status, done.job_id, len(done.files)) == ("done", running.job_id, 1)
    assert (done.message, done.progress) == ("", None)
    assert (len(provider.calls), len(provider.polled)) == (1, 21)


async def test_a_call_may_say_how_long_it_waits(tmp_path: Path) -> None:
    clock = VirtualClock()
    backend = Scripted(job(), polls=pending(100)).backend()
    async with opened(tmp_path, backend, clock=clock) as engine, clock.autojump():
        started = clock.now()
        assert (await made(engine, wait_seconds=12, caller=Caller(wait=40))).status == "running"
        assert clock.now() == started + 12


async def test_a_call_need_not_wait_at_all(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with opened(tmp_path, provider.backend()) as engine:
        running = await made(engine, wait_seconds=0)
        assert running.status == "running"
        event.set()
        assert (await collected(engine, running.job_id)).status == "done"
    assert len(provider.calls) == 1


async def test_collecting_waits_as_long_as_it_is_told(tmp_path: Path) -> None:
    clock = VirtualClock()
    backend = Scripted(job(), polls=pending(100)).backend()
    async with opened(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await made(engine, caller=HASTY)
        started = clock.now()
        assert (await collected(engine, running.job_id, wait_seconds=7)).status == "running"
        assert clock.now() == started + 7


async def test_a_finished_job_can_be_collected_again(tmp_path: Path) -> None:
    provider = Scripted()
    async with opened(tmp_path, provider.backend()) as engine:
        result = await made(engine)
        again = await collected(engine, result.job_id)
    assert again.files == result.files
    assert len(provider.calls) == 1


async def test_signs_of_life_rise_and_end_with_the_job(tmp_path: Path) -> None:
    clock, told = VirtualClock(), list[tuple[float, str, float | None]]()

    async def notify(seconds: float, message: str, progress: float | None) -> None:
        told.append((seconds, message, progress))

    backend = Scripted(job(), polls=pending(4)).backend(every=4.0)
    async with opened(tmp_path, backend, clock=clock) as engine, clock.autojump():
        started = clock.now()
        result = await made(engine, caller=Caller(wait=math.inf, notify=notify))
        ended = clock.now() - started
        await clock.sleep(60)
    assert result.status == "done"
    assert ended == 16
    assert told == [(5, "25%, drawing", 0.25), (10, "50%, drawing", 0.5), (15, "75%, drawing", 0.75)]


async def test_a_failed_job_is_raised_once_and_told_by_get_job_after_that(tmp_path: Path) -> None:
    provider = Scripted(MediaError("It broke.", "Try later.", billed="yes"))
    async with opened(tmp_path, provider.backend()) as engine:
        with pytest.raises(MediaError) as caught:
            await made(engine)
        assert str(caught.value) == "It broke. It was billed. Try later."
        listed = await engine.get_job({}, PATIENT)
        assert isinstance(listed, JobList)
        [failed] = listed.jobs
        assert (failed.status, failed.error) == ("failed", "It broke. It was billed. Try later.")
        assert (await made(engine)).status == "done"


# Cancelled calls, and the same call again


async def test_a_cancelled_call_does_not_cancel_its_job(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with opened(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        listed = await engine.get_job({}, PATIENT)
        assert isinstance(listed, JobList)
        assert [one.status for one in listed.jobs] == ["running"]
        event.set()
        done = await collected(engine, listed.jobs[0].job_id)
    assert done.status == "done"
    assert len(provider.calls) == 1


async def test_a_call_that_asyncio_gives_up_on_does_not_cancel_its_job(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with opened(tmp_path, provider.backend()) as engine:
        call = asyncio.create_task(made(engine))
        await settled(engine)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        event.set()
        result = await engine.generate({"prompt": "a red kite"}, PATIENT)
    assert result.warnings == (EARLIER,)
    assert len(provider.calls) == 1


async def test_the_same_call_after_a_cancelled_one_attaches_and_sends_nothing(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with opened(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        event.set()
        result = await made(engine)
        assert (result.status, result.warnings) == ("done", (EARLIER,))
        assert len(provider.calls) == 1
        assert (await made(engine)).warnings == ()
    assert len(provider.calls) == 2


async def test_the_same_call_attaches_to_a_job_that_ended_meanwhile(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with opened(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        event.set()
        await settled(engine)
        result = await made(engine)
    assert (result.status, result.warnings, len(provider.calls)) == ("done", (EARLIER,), 1)


async def test_the_same_call_while_another_one_waits_is_a_job_of_its_own(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait, wait)
    results: list[MediaResult] = []
    async with opened(tmp_path, provider.backend()) as engine, anyio.create_task_group() as tasks:

        async def call() -> None:
            results.append(await made(engine))

        tasks.start_soon(call)
        await settled(engine)
        tasks.start_soon(call)
        await settled(engine)
        event.set()
    assert len(provider.calls) == 2
    assert len({result.job_id for result in results}) == 2
    assert [result.warnings for result in results] == [(), ()]


async def test_a_waiter_that_is_just_being_told_still_counts(tmp_path: Path) -> None:
    clock, telling, told = VirtualClock(), anyio.Event(), anyio.Event()

    async def notify(_seconds: float, _message: str, _progress: float | None) -> None:
        telling.set()
        await told.wait()

    provider = Scripted(job(), job(), polls=pending(30))
    async with opened(tmp_path, provider.backend(), clock=clock) as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(engine.generate, {"prompt": "a red kite"}, Caller(wait=math.inf, notify=notify))
        async with clock.autojump():
            await telling.wait()
        second = await made(engine, caller=HASTY)
        await settled(engine)
        assert second.warnings == ()
        assert len(provider.calls) == 2
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("wait_seconds", [0, None])
async def test_the_same_call_after_an_answer_is_a_new_job(tmp_path: Path, wait_seconds: int | None) -> None:
    event, wait = gate()
    provider = Scripted(wait, wait)
    if wait_seconds is None:
        event.set()
    async with opened(tmp_path, provider.backend()) as engine:
        first = await made(engine, wait_seconds=wait_seconds)
        second = await made(engine, wait_seconds=wait_seconds)
        event.set()
        assert second.job_id != first.job_id
        assert second.warnings == ()


async def test_a_job_that_get_job_has_told_of_is_not_attached_to(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with opened(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        listed = await engine.get_job({}, PATIENT)
        assert isinstance(listed, JobList)
        await collected(engine, listed.jobs[0].job_id, wait_seconds=0)
        event.set()
        assert (await made(engine)).warnings == ()
    assert len(provider.calls) == 2


async def test_an_answer_counts_though_it_is_not_recorded_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = anyio.Event()
    mark = Library.mark_answered

    async def late(self: Library, job_id: str) -> None:
        await recorded.wait()
        await mark(self, job_id)

    monkeypatch.setattr(Library, "mark_answered", late)
    provider = Scripted()
    async with opened(tmp_path, provider.backend()) as engine:
        await made(engine)
        assert (await made(engine)).warnings == ()
        recorded.set()
    assert len(provider.calls) == 2


async def test_an_answer_is_recorded_though_the_program_ends_right_after_it(tmp_path: Path) -> None:
    provider = Scripted()
    for _ in range(2):
        async with opened(tmp_path, provider.backend()) as engine:
            result = await made(engine)
        assert result.warnings == ()
    assert len(provider.calls) == 2


@pytest.mark.parametrize(("later", "attaches"), [(3599.0, True), (3601.0, False)])
async def test_a_call_is_attached_to_for_an_hour(tmp_path: Path, later: float, *, attaches: bool) -> None:
    event, wait = gate()
    clock, provider = VirtualClock(), Scripted(wait)
    async with opened(tmp_path, provider.backend(deadline=1e6), clock=clock) as engine:
        await abandoned(engine)
        event.set()
        await clock.advance(later)
        result = await made(engine)
    assert (result.warnings == (EARLIER,)) is attaches
    assert len(provider.calls) == (1 if attaches else 2)


async def test_another_principals_call_is_not_attached_to(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with opened(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        event.set()
        result = await made(engine, caller=Caller(principal="ada", wait=math.inf))
    assert result.warnings == ()
    assert len(provider.calls) == 2


@pytest.mark.parametrize(
    "given",
    [{"wait_seconds": 9}, {"n": None}, {"wait_for_previous": True}, {"backend": "auto"}, {"kind": "image"}],
    ids=lambda given: next(iter(given)),
)
async def test_what_does_not_change_the_request_is_no_other_call(tmp_path: Path, given: Mapping[str, Any]) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with opened(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        event.set()
        assert (await made(engine, **given)).warnings == (EARLIER,)


@pytest.mark.parametrize(
    "given",
    [{"prompt": "a kite"}, {"n": 2}, {"seed": 1}, {"options": {"mood": "x"}}, {"draft": True}, {"backend": "one"}],
    ids=lambda given: next(iter(given)),
)
async def test_what_changes_the_request_is_another_call(tmp_path: Path, given: Mapping[str, Any]) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with opened(tmp_path, provider.backend()) as engine:
        await abandoned(engine)
        event.set()
        assert EARLIER not in (await made(engine, **given)).warnings
    assert len(provider.calls) > 1


@pytest.mark.parametrize("swept", [False, True])
async def test_what_may_have_been_billed_is_told_once_and_then_made_anew(tmp_path: Path, *, swept: bool) -> None:
    provider = Scripted()
    async with opened(tmp_path, provider.backend()) as engine:
        await lost_by_a_dead_process(engine, tmp_path)
        if swept:
            await engine.get_job({}, PATIENT)
            await settled(engine)
        with pytest.raises(MediaError) as caught:
            await made(engine, "lost")
        assert caught.value.billed == "unknown"
        assert "may have been billed" in str(caught.value)
        assert provider.calls == []
        assert (await made(engine, "lost")).status == "done"
    assert len(provider.calls) == 1


@pytest.mark.parametrize("swept", [False, True])
async def test_what_a_dead_process_had_not_sent_is_made_at_once(tmp_path: Path, *, swept: bool) -> None:
    provider = Scripted()
    async with opened(tmp_path, provider.backend()) as engine:
        await lost_by_a_dead_process(engine, tmp_path, phase="queued", billed="no")
        if swept:
            await engine.get_job({}, PATIENT)
            await settled(engine)
        result = await made(engine, "lost")
    assert (result.status, result.warnings, len(provider.calls)) == ("done", (), 1)


async def lost_by_a_dead_process(
    engine: Engine, folder: Path, *, phase: Phase = "sending", billed: Billed = "unknown"
) -> None:
    """Record what a process left that died, by default while the answer to "lost" was due."""
    request = parse_request({"prompt": "lost"}, engine.installation.tools["generate_media"].parameters)
    lost = a_job(
        folder,
        id="k" * 26,
        fingerprint=fingerprint("generate_media", request),
        request={"prompts": ["lost"], "count": 1, "parent": "", "history": []},
    )
    await engine.library.add_job(lost, [a_part(job_id=lost.id, prompt="lost", phase=phase, billed=billed)])


async def test_a_call_cancelled_while_its_job_is_recorded_leaves_a_whole_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording, go_on = anyio.Event(), anyio.Event()
    add_job = Library.add_job

    async def slow(self: Library, *given: Any) -> None:
        recording.set()
        await go_on.wait()
        await add_job(self, *given)

    monkeypatch.setattr(Library, "add_job", slow)
    provider = Scripted()
    async with opened(tmp_path, provider.backend()) as engine:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(made, engine)
            await recording.wait()
            tasks.cancel_scope.cancel()
            go_on.set()
        result = await made(engine)
    assert (result.status, result.warnings) == ("done", (EARLIER,))
    assert len(provider.calls) == 1


async def test_a_job_that_cannot_be_recorded_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_given: object) -> None:
        raise MediaError("The disk is full.", billed="no")

    provider = Scripted()
    async with opened(tmp_path, provider.backend()) as engine:
        with monkeypatch.context() as patched:
            patched.setattr(Library, "add_job", full)
            with pytest.raises(MediaError, match="disk is full"):
                await made(engine)
        assert provider.calls == []
        assert (await made(engine)).status == "done"


# What belongs to whom


async def test_jobs_and_files_belong_to_their_principal(tmp_path: Path) -> None:
    ada, bob = Caller(principal="ada", wait=math.inf), Caller(principal="bob", wait=math.inf)
    async with opened(tmp_path, Scripted().backend(edits="image", takes={})) as engine:
        result = await made(engine, caller=ada)
        with pytest.raises(UnknownContinuation):
            await collected(engine, result.job_id, caller=bob)
        with pytest.raises(UnknownContinuation):
            await engine.artifact(result.continuation_id, "bob")
        with pytest.raises(UnknownContinuation):
            await engine.continue_edit({"continuation_id": result.continuation_id, "prompt": "x"}, bob)
        assert await engine.get_job({}, bob) == JobList(jobs=())
        listed = await engine.get_job({}, ada)
        assert isinstance(listed, JobList)
        assert [one.job_id for one in listed.jobs] == [result.job_id]


@pytest.mark.parametrize("name", ["x", "j" * 26, "../etc/passwd", "\u202e", "y" * 1_000_000])
async def test_an_unknown_id_is_told_and_not_repeated_at_length(tmp_path: Path, name: str) -> None:
    async with opened(tmp_path, Scripted().backend()) as engine:
        with pytest.raises(UnknownContinuation) as of_job:
            await collected(engine, name)
        with pytest.raises(UnknownContinuation) as of_file:
            await engine.continue_edit({"continuation_id": name, "prompt": "x"}, PATIENT)
    for caught in (of_job, of_file):
        assert caught.value.billed == "no"
        assert len(str(caught.value)) < 400


async def test_a_files_id_given_as_a_jobs_is_told_apart(tmp_path: Path) -> None:
    async with opened(tmp_path, Scripted().backend()) as engine:
        result = await made(engine)
        with pytest.raises(UnknownContinuation, match="is a file's id"):
            await collected(engine, result.files[0].id)


async def test_the_recent_jobs_are_listed_newest_first(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with opened(tmp_path, Scripted().backend(), clock=clock) as engine:
        names: list[str] = []
        for number in range(12):
            names.append((await made(engine, f"kite {number}")).job_id)
            await clock.advance(1)
        listed = await engine.get_job({}, PATIENT)
    assert isinstance(listed, JobList)
    assert [one.job_id for one in listed.jobs] == names[:1:-1]


async def test_what_is_used_is_kept_and_what_is_not_is_forgotten(tmp_path: Path) -> None:
    clock, backend = VirtualClock(), Scripted().backend()
    async with opened(tmp_path, backend, clock=clock) as engine:
        kept, forgotten = await made(engine, "one"), await made(engine, "two")
        await clock.advance(20 * 3600)
        await engine.artifact(kept.files[0].id, "local")
    await clock.advance(10 * 3600)
    async with opened(tmp_path, backend, clock=clock, retention_days=1) as engine:
        await engine.get_job({}, PATIENT)
        assert (await engine.artifact(kept.files[0].id, "local")).used == clock.now()
        with pytest.raises(UnknownContinuation):
            await engine.artifact(forgotten.files[0].id, "local")
    assert len(files_in(tmp_path)) == 2, "the files themselves stay"


# Nothing to work with


async def test_a_wrong_argument_sends_and_records_nothing(tmp_path: Path) -> None:
    provider = Scripted()
    async with opened(tmp_path, provider.backend()) as engine:
        with pytest.raises(InvalidRequest, match="sead"):
            await made(engine, sead=1)
    assert provider.calls == []
    assert not (tmp_path / "data" / "library.sqlite3").exists()


async def test_with_no_backend_at_all_the_reason_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        with pytest.raises(NothingSuitable, match="No backend is installed"):
            await made(engine)


async def test_a_check_of_a_plug_in_that_fails_passes_it_over(tmp_path: Path) -> None:
    def broken(_given: object) -> str:
        raise RecursionError

    good = Scripted()
    backends = (fake("bad", refuses=broken), fake("worse", missing=broken), good.backend("good"))
    async with opened(tmp_path, *backends) as engine:
        assert (await made(engine)).backend == "good"
        with pytest.raises(InvalidRequest, match="failed to check this"):
            await made(engine, backend="bad")
        with pytest.raises(InvalidRequest, match="its own check failed"):
            await made(engine, backend="worse")


async def test_inputs_that_were_fetched_are_gone_when_the_job_is(tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def read(call: Any) -> Result:
        seen.append(await call.inputs["image"][0].read())
        return picture()

    async with opened(tmp_path, Scripted(read).backend(takes={"image": Takes()})) as engine:
        await made(engine, image=[f"data:image/png;base64,{base64.b64encode(png()).decode()}"])
        with pytest.raises(InvalidRequest):
            await made(engine, image=[f"data:image/png;base64,{base64.b64encode(png()).decode()}"], output="/etc/")
        await settled(engine)
        assert seen == [png()]
        assert [path for path in (tmp_path / "data" / "scratch").rglob("*") if path.is_file()] == []


def song() -> Result:
    return Result(outputs=(Output(body=wav(bytes(800), rate=8000), mime="audio/wav"),))


async def test_a_file_has_a_handle_when_somebody_here_can_go_on_from_it(tmp_path: Path) -> None:
    songs = Scripted(*[song()] * 2).backend("songs", kind="music")
    films = Scripted().backend("films", takes={"image": Takes()}, edits="image")
    locked = Scripted().backend(
        "locked", kind="music", takes={"audio": Takes()}, edits="audio", missing=lambda _access: "pay first"
    )
    async with opened(tmp_path, songs, films, locked) as engine:
        assert (await made(engine)).continuation_id
        assert not (await made(engine, kind="music")).continuation_id
    lazy_engine = Scripted().backend("open", kind="music", takes={"audio": Takes()}, edits="audio")
    async with opened(tmp_path, songs, lazy_engine) as engine:
        assert (await made(engine, "another", kind="music", backend="songs")).continuation_id
