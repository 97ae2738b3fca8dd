"""Jobs: gone on with, recorded at their end, and left in order at closing."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import fake, png
from fakes.engines import (
    HASTY,
    Scripted,
    batch,
    collected,
    files_in,
    forever,
    job,
    library_of,
    made,
    opened,
    pending,
    picture,
    settled,
    the_job,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import LazyEngine, lazy_engine
from mediasmith.engine.results import MediaResult
from mediasmith.jobs.dispatch import Dispatcher
from mediasmith.plugin.contract import Call, Context, Output, Pending, Result
from mediasmith.plugin.errors import MediaError, Refused
from mediasmith.storage.library.store import Library

# Going on with a job that nobody works on


async def test_two_calls_that_collect_at_once_share_one_collection(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), polls=pending(5))
    results: list[MediaResult] = []
    async with opened(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await made(engine)
        assert running.status == "running"

        async def collect() -> None:
            results.append(await collected(engine, running.job_id))

        async with anyio.create_task_group() as task_group:
            for _ in range(3):
                task_group.start_soon(collect)
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
            patched.setattr(Dispatcher, "make", broken)
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
            patched.setattr(Library, "commit", full)
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
        [part] = await library.tasks(running.job_id)
    assert stored is not None
    assert (stored.state, part.phase, part.billed) == ("unknown", "unknown", "unknown")


async def test_closing_waits_for_a_handle_that_is_just_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = anyio.Event()
    save_task = Library.save_task

    async def slow(self: Library, part: Any, *, at: float) -> None:
        if part.phase == "accepted":
            writing.set()
            await turns(20)
        await save_task(self, part, at=at)

    monkeypatch.setattr(Library, "save_task", slow)
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
    save_task = Library.save_task

    async def slow(self: Library, part: Any, *, at: float) -> None:
        if part.phase == "failed":
            recording.set()
            await turns(20)
        await save_task(self, part, at=at)

    monkeypatch.setattr(Library, "save_task", slow)
    async with opened(tmp_path, Scripted(Refused("Declined.", billed="no")).backend()) as engine:
        running = await made(engine, caller=HASTY)
        await recording.wait()
    async with library_of(tmp_path) as library:
        [part] = await library.tasks(running.job_id)
    assert (part.phase, part.billed) == ("failed", "no")


@asynccontextmanager
async def serving(folder: Path) -> AsyncGenerator[LazyEngine]:
    """An opening as a server has it, which leaves before it is closed."""
    installation = Installation(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out"),
        registry=Registry(backends={"one": fake("one")}, broken={}),
        env={},
    )
    async with lazy_engine(installation) as server:
        yield server


async def test_leaving_waits_for_what_is_just_being_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staging = anyio.Event()
    stage = Library.stage

    async def slow(self: Library, *given: Any, at: float) -> None:
        staging.set()
        await turns(200)
        await stage(self, *given, at=at)

    monkeypatch.setattr(Library, "stage", slow)
    monkeypatch.setattr("mediasmith.jobs.service._UNWINDING", 10.0)  # on a busy machine, too
    async with serving(tmp_path) as server:
        running = await (await server.engine()).generate({"prompt": "x"}, HASTY)
        await staging.wait()
        with anyio.CancelScope(shield=True):  # the process may end after this
            await server.leave()
            async with library_of(tmp_path) as library:
                stored = await library.job(running.job_id, principal="local")
                [part] = await library.tasks(running.job_id)
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
            patched.setattr(Library, "save_task", full)
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

    async def poll(_work: Context[None], _handle: object) -> Pending | Result:
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
