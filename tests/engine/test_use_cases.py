"""Calls from their arguments to their answers: waiting, collecting, and what belongs to whom."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import Fields, fake, png
from fakes.engines import (
    NO_WAIT,
    WAIT_FOR_END,
    Scripted,
    accepted,
    generate,
    get_job,
    output_files,
    pending,
    per_image,
    picture,
    read_files,
    running_engine,
    wait_until_idle,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.config.caller import Caller
from mediasmith.engine.results import JobList
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Model, Output, Result, Takes
from mediasmith.plugin.errors import InvalidRequest, MediaError, NothingSuitable, UnknownContinuation
from mediasmith.plugin.media import wav
from mediasmith.storage.library.store import Library


def gate() -> tuple[anyio.Event, Any]:
    """An event, and a step of a script that makes a picture once it is set."""
    event = anyio.Event()

    async def wait(*_given: object) -> Result:
        await event.wait()
        return picture()

    return event, wait


async def test_a_result_describes_its_file(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted(picture(state=1)).backend()) as engine:
        result = await generate(engine)
    [file] = result.files
    assert result.status == "done"
    assert result.continuation_id == file.id
    assert (result.kind, result.backend, result.model) == ("image", "one", "fake-1")
    assert Path(file.path).parent == tmp_path / "out"
    assert read_files(result) == [png()]
    assert file.bytes == len(png())
    assert (file.mime, file.width, file.height, file.uri) == ("image/png", 16, 16, f"media://{file.id}")
    assert output_files(tmp_path) == [Path(file.path).name]


async def test_a_call_whose_wait_is_over_answers_with_the_job_id(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(20))
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        started = clock.now()
        running = await generate(engine, caller=Caller(wait=40))
        assert clock.now() == started + 40
        assert (running.status, running.files, bool(running.job_id)) == ("running", (), True)
        assert (running.message, running.progress) == ("35%, drawing", 0.35)
        assert "get_job" in running.next
        done = await get_job(engine, running.job_id)
    assert (done.status, done.job_id, len(done.files)) == ("done", running.job_id, 1)
    assert (done.message, done.progress) == ("", None)
    assert (len(provider.calls), len(provider.polled)) == (1, 21)


async def test_a_call_may_set_how_long_it_waits(tmp_path: Path) -> None:
    clock = VirtualClock()
    backend = Scripted(accepted(), polls=pending(100)).backend()
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        started = clock.now()
        assert (await generate(engine, wait_seconds=12, caller=Caller(wait=40))).status == "running"
        assert clock.now() == started + 12


async def test_a_call_need_not_wait_at_all(tmp_path: Path) -> None:
    event, wait = gate()
    provider = Scripted(wait)
    async with running_engine(tmp_path, provider.backend()) as engine:
        running = await generate(engine, wait_seconds=0)
        assert running.status == "running"
        event.set()
        assert (await get_job(engine, running.job_id)).status == "done"
    assert len(provider.calls) == 1


async def test_get_job_waits_for_the_seconds_given(tmp_path: Path) -> None:
    clock = VirtualClock()
    backend = Scripted(accepted(), polls=pending(100)).backend()
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await generate(engine, caller=NO_WAIT)
        started = clock.now()
        assert (await get_job(engine, running.job_id, wait_seconds=7)).status == "running"
        assert clock.now() == started + 7


async def test_a_finished_job_can_be_collected_again(tmp_path: Path) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        result = await generate(engine)
        again = await get_job(engine, result.job_id)
    assert again.files == result.files
    assert len(provider.calls) == 1


async def test_progress_notifications_increase_and_end_with_the_job(tmp_path: Path) -> None:
    clock, notified = VirtualClock(), list[tuple[float, str, float | None]]()

    async def notify(seconds: float, message: str, progress: float | None) -> None:
        notified.append((seconds, message, progress))

    backend = Scripted(accepted(), polls=pending(4)).backend()
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        started = clock.now()
        result = await generate(engine, caller=Caller(wait=math.inf, notify=notify))
        ended = clock.now() - started
        await clock.sleep(60)
    assert result.status == "done"
    assert ended == 20.25
    assert notified == [
        (5, "0%, drawing", 0),
        (10, "25%, drawing", 0.25),
        (15, "50%, drawing", 0.5),
        (20, "75%, drawing", 0.75),
    ]


async def test_a_failed_job_raises_once_and_is_listed_by_get_job(tmp_path: Path) -> None:
    provider = Scripted(MediaError("It broke.", "Try later.", billed="yes"))
    async with running_engine(tmp_path, provider.backend()) as engine:
        with pytest.raises(MediaError) as caught:
            await generate(engine)
        assert str(caught.value) == "It broke. It was billed. Try later."
        listed = await engine.get_job({}, WAIT_FOR_END)
        assert isinstance(listed, JobList)
        [failed] = listed.jobs
        assert (failed.status, failed.error) == ("failed", "It broke. It was billed. Try later.")
        assert (await generate(engine)).status == "done"


async def test_a_job_that_cannot_be_recorded_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_given: object, **_more: object) -> None:
        raise MediaError("The disk is full.", billed="no")

    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        with monkeypatch.context() as patched:
            patched.setattr(Library, "add_job", full)
            with pytest.raises(MediaError, match="disk is full"):
                await generate(engine)
        assert provider.calls == []
        assert (await generate(engine)).status == "done"


async def test_jobs_and_files_belong_to_their_principal(tmp_path: Path) -> None:
    ada, bob = Caller(principal="ada", wait=math.inf), Caller(principal="bob", wait=math.inf)
    async with running_engine(tmp_path, Scripted().backend(edits="image", takes={"image": Takes()})) as engine:
        result = await generate(engine, caller=ada)
        with pytest.raises(UnknownContinuation):
            await get_job(engine, result.job_id, caller=bob)
        with pytest.raises(UnknownContinuation):
            await engine.artifact(result.continuation_id, "bob")
        with pytest.raises(UnknownContinuation):
            await engine.continue_edit({"continuation_id": result.continuation_id, "prompt": "x"}, bob)
        assert await engine.get_job({}, bob) == JobList(jobs=())
        listed = await engine.get_job({}, ada)
        assert isinstance(listed, JobList)
        assert [one.job_id for one in listed.jobs] == [result.job_id]


@pytest.mark.parametrize("name", ["x", "j" * 26, "../etc/passwd", "\u202e", "y" * 1_000_000])
async def test_an_unknown_id_is_an_error_that_repeats_little_of_it(tmp_path: Path, name: str) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        with pytest.raises(UnknownContinuation) as of_job:
            await get_job(engine, name)
        with pytest.raises(UnknownContinuation) as of_file:
            await engine.continue_edit({"continuation_id": name, "prompt": "x"}, WAIT_FOR_END)
    for caught in (of_job, of_file):
        assert caught.value.billed == "no"
        assert len(str(caught.value)) < 400


async def test_the_id_of_a_file_given_for_a_job_is_explained(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        result = await generate(engine)
        with pytest.raises(UnknownContinuation, match="is a file's id"):
            await get_job(engine, result.files[0].id)


async def test_a_job_is_found_by_its_id_in_quotes_or_capitals(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        made = await generate(engine)
        assert await get_job(engine, f'"{made.job_id}"') == await get_job(engine, made.job_id.upper())


async def test_the_recent_jobs_are_listed_newest_first(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with running_engine(tmp_path, Scripted().backend(), clock=clock) as engine:
        names: list[str] = []
        for number in range(12):
            names.append((await generate(engine, f"kite {number}")).job_id)
            await clock.advance(1)
        listed = await engine.get_job({}, WAIT_FOR_END)
    assert isinstance(listed, JobList)
    assert [one.job_id for one in listed.jobs] == names[:1:-1]


async def test_unused_records_expire_and_used_ones_are_kept(tmp_path: Path) -> None:
    clock, backend = VirtualClock(), Scripted().backend()
    async with running_engine(tmp_path, backend, clock=clock) as engine:
        kept, forgotten = await generate(engine, "one"), await generate(engine, "two")
        await clock.advance(20 * 3600)
        await engine.artifact(kept.files[0].id, "local")
    await clock.advance(10 * 3600)
    async with running_engine(tmp_path, backend, clock=clock, retention_days=1) as engine:
        await engine.get_job({}, WAIT_FOR_END)
        assert (await engine.artifact(kept.files[0].id, "local")).used == clock.now()
        with pytest.raises(UnknownContinuation):
            await engine.artifact(forgotten.files[0].id, "local")
    assert len(output_files(tmp_path)) == 2, "the files themselves stay"


async def test_an_invalid_argument_sends_and_records_nothing(tmp_path: Path) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        with pytest.raises(InvalidRequest, match="sead"):
            await generate(engine, sead=1)
    assert provider.calls == []
    assert not (tmp_path / "data" / "library.sqlite3").exists()


async def test_the_error_says_that_no_backend_is_installed(tmp_path: Path) -> None:
    async with running_engine(tmp_path) as engine:
        with pytest.raises(NothingSuitable, match="No backend is installed"):
            await generate(engine)


async def test_a_backend_whose_own_check_fails_is_passed_over(tmp_path: Path) -> None:
    def broken(_given: object) -> str:
        raise RecursionError

    good = Scripted()
    backends = (fake("bad", refuses=broken), fake("worse", missing=broken), good.backend("good"))
    async with running_engine(tmp_path, *backends) as engine:
        assert (await generate(engine)).backend == "good"
        with pytest.raises(InvalidRequest, match="failed to check this"):
            await generate(engine, backend="bad")
        with pytest.raises(InvalidRequest, match="its own check failed"):
            await generate(engine, backend="worse")


async def test_fetched_inputs_are_removed_with_the_job(tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def read(call: Any) -> Result:
        seen.append(await call.inputs["image"][0].read())
        return picture()

    async with running_engine(tmp_path, Scripted(read).backend(takes={"image": Takes()})) as engine:
        await generate(engine, image=[f"data:image/png;base64,{base64.b64encode(png()).decode()}"])
        with pytest.raises(InvalidRequest):
            await generate(engine, image=[f"data:image/png;base64,{base64.b64encode(png()).decode()}"], output="/etc/")
        await wait_until_idle(engine)
        assert seen == [png()]
        assert [path for path in (tmp_path / "data" / "scratch").rglob("*") if path.is_file()] == []


def song() -> Result:
    return Result(outputs=(Output(body=wav(bytes(800), rate=8000), mime="audio/wav"),))


async def test_a_file_has_a_continuation_id_only_if_it_can_be_edited_here(tmp_path: Path) -> None:
    songs = Scripted(*[song()] * 2).backend("songs", kind="music")
    films = Scripted().backend("films", takes={"image": Takes()}, edits="image")
    locked = Scripted().backend(
        "locked", kind="music", takes={"audio": Takes()}, edits="audio", missing=lambda _access: "pay first"
    )
    async with running_engine(tmp_path, songs, films, locked) as engine:
        assert (await generate(engine)).continuation_id
        assert not (await generate(engine, kind="music")).continuation_id
    audio = Takes(mimes=("audio/wav",))
    remixer = Scripted().backend("open", kind="music", takes={"audio": audio}, edits="audio")
    async with running_engine(tmp_path, songs, remixer) as engine:
        assert (await generate(engine, "another", kind="music", backend="songs")).continuation_id


def it_is_over(_access: Access) -> str:
    return "It is over."


UNABLE: Mapping[str, Fields] = {
    "another type": {"takes": {"image": Takes(mimes=("image/webp",))}},
    "too large": {"takes": {"image": Takes(max_bytes=10)}},
    "not with its models": {"models": (Model(id="m", takes={"image": None}),)},
    "retired": {"models": (Model(id="m", retires=date(2020, 1, 1)),)},
    "ended": {"ended": it_is_over},
}


@pytest.mark.parametrize("why", UNABLE)
async def test_an_edit_is_not_offered_where_nothing_can_edit_the_file(tmp_path: Path, why: str) -> None:
    fields: Fields = {"edits": "image", "takes": {"image": Takes()}, **UNABLE[why]}
    editor = fake("editor", **fields)
    async with running_engine(tmp_path, Scripted().backend("maker"), editor) as engine:
        made = await generate(engine, backend="maker")
    assert (made.continuation_id, made.next) == ("", "")


async def test_a_delivery_that_completes_lets_the_same_call_make_a_new_job(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        first = await engine.generate({"prompt": "x"}, WAIT_FOR_END)
        with pytest.raises(BrokenPipeError), engine.delivery(first):
            raise BrokenPipeError
        second = await engine.generate({"prompt": "x"}, WAIT_FOR_END)
        with engine.delivery(second):
            pass
        third = await engine.generate({"prompt": "x"}, WAIT_FOR_END)
    assert first.job_id == second.job_id != third.job_id


async def test_an_answer_without_a_job_can_be_delivered_too(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend()) as engine:
        for answer in (await engine.get_job({}, WAIT_FOR_END), await engine.list_backends({})):
            with engine.delivery(answer):
                pass


async def test_an_answer_that_does_not_wait_says_that_a_limit_changed_the_model(tmp_path: Path) -> None:
    models = (Model(id="dear", prices=per_image(1.0)), Model(id="cheap", prices=per_image(0.01)))
    _, wait = gate()
    async with running_engine(tmp_path, Scripted(wait).backend(models=models)) as engine:
        result = await generate(engine, max_cost_usd=0.1, caller=NO_WAIT)
    limit = "one dear is estimated at 1 USD, above max_cost_usd of 0.1 USD; one cheap is used instead."
    assert (result.status, result.warnings) == ("running", (limit,))
