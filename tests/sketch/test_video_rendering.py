"""How videos are drawn: in the background, few at a time, by whichever process asks, until they are cancelled."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from PIL import Image

from fakes.engines import NO_WAIT, continue_edit, generate, get_job, read_files, running_engine
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Failed, Pending, Result
from mediasmith.runtime.clock import SystemClock
from mediasmith_sketch import backend
from mediasmith_sketch.animation.first_frame import MOST_BYTES
from mediasmith_sketch.animation.mp4 import Mp4Writer
from mediasmith_sketch.animation.render_slots import IDLE_SECONDS, MOST, RenderSlots
from mediasmith_sketch.animation.shot import RenderRequest
from sketch.videos import LIGHTHOUSE, SMALL, ask, driver, finished, make, photo, quarters, started


async def test_progress_is_true_and_rises_to_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith_sketch.animation.animator._BATCH_SECONDS", 0)
    video = await make()
    progress = [pending.progress for pending in video.updates]
    frames_drawn = [number / 12 for number in range(1, 13)]
    assert progress == [*[0.0] * (len(progress) - 12), *frames_drawn]
    assert len(progress) > 13  # the scenery comes first, and takes steps of its own
    assert video.updates[0].message == "drawing the scenery"
    assert video.updates[-1].message == "frame 12 of 12"


async def test_it_is_drawn_in_a_worker_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()
    add = Mp4Writer.add

    def watched(film: Mp4Writer, picture: Image.Image) -> None:
        threads.add(threading.get_ident())
        add(film, picture)

    monkeypatch.setattr(Mp4Writer, "add", watched)
    await make()
    assert threads
    assert threading.get_ident() not in threads


async def test_the_first_poll_is_never_the_last() -> None:
    own = driver()
    handle = await started(own, ask(size="64x64"))
    assert isinstance(await own.poll(handle), Pending)


@pytest.mark.parametrize("pictured", [False, True])
async def test_another_process_draws_the_same_video_from_the_handle(
    pictured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediasmith_sketch.animation.animator._BATCH_SECONDS", 0)
    first, second = driver(), driver()
    handle = await started(first, ask(inputs={"first_frame": [photo(quarters())]} if pictured else {}))
    whole, _ = await finished(first, handle)
    for _ in range(4):
        assert isinstance(await first.poll(handle), Pending)  # it can be asked for again, and goes on
    again, updates = await finished(second, handle)
    assert updates[0].progress == 0
    assert second.sink.data == first.sinks[0].data
    assert again.outputs[0].state == whole.outputs[0].state


async def test_a_cancel_drops_it_between_two_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith_sketch.animation.animator._BATCH_SECONDS", 0)
    added: list[Image.Image] = []

    def add(_film: Mp4Writer, picture: Image.Image) -> None:
        added.append(picture)

    monkeypatch.setattr(Mp4Writer, "add", add)
    own = driver()
    handle = await started(own, ask())
    while not added:
        await own.poll(handle)
    assert await own.cancel(handle) == "stopped"
    assert len(added) == 1
    assert not own.client.drop(handle.id)
    assert not own.sinks


async def test_only_so_many_are_drawn_at_a_time_and_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediasmith_sketch.animation.animator._BATCH_SECONDS", 0)
    now = 0.0
    renders = RenderSlots(now=lambda: now)
    own = driver(renders)
    handles = [await started(own, ask(f"a hut, {number}", size="64x64")) for number in range(MOST + 1)]
    for handle in handles[:MOST]:
        await own.poll(handle)
    waiting = await own.poll(handles[MOST])
    assert waiting == Pending(progress=0.0, message="waiting for another video to be drawn")
    now = IDLE_SECONDS - 1
    await own.poll(handles[0])
    now = IDLE_SECONDS + 1  # the second one has not been polled since
    assert (await own.poll(handles[MOST])) == Pending(progress=0.0, message="drawing the scenery")
    assert (await own.poll(handles[1])) == waiting
    await finished(own, handles[0])
    assert (await own.poll(handles[1])) == Pending(progress=0.0, message="drawing the scenery")


async def test_concurrent_polls_of_a_video_do_not_disturb_each_other() -> None:
    own = driver()
    handle = await started(own, ask())
    results: list[Result] = []

    async def finish() -> None:
        results.append((await finished(own, handle))[0])

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(finish)
    assert len({sink.data for sink in own.sinks}) == 1
    assert len(results) == 3


async def test_what_cannot_be_drawn_is_an_error_and_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Mp4Writer, "add", fail)
    own = driver()
    handle = await started(own, ask())
    while isinstance(answer := await own.poll(handle), Pending):
        pass
    assert isinstance(answer, Failed)
    assert "MemoryError" in str(answer.error)
    assert answer.error.billed == "no"
    assert not own.client.drop(handle.id)


async def test_a_handle_stays_small_whatever_the_picture_is() -> None:
    noise = Image.frombytes("RGB", (1600, 900), os.urandom(1600 * 900 * 3))
    own = driver()
    handle = await started(own, ask(inputs={"first_frame": [photo(noise)]}, size="1080p"))
    assert len(handle.model_dump_json()) < 1.5 * MOST_BYTES
    small = await started(own, ask(inputs={"first_frame": [photo(quarters((64, 64)))]}, size="720p"))
    assert len(small.model_dump_json()) < 10_000  # what is small already is not blown up


async def until(true: Callable[[], object]) -> None:
    """Let the other tasks go on until something has happened."""
    while not true():
        await anyio.lowlevel.checkpoint()


async def test_what_one_process_began_the_next_one_finishes(tmp_path: Path) -> None:
    async with running_engine(tmp_path, backend) as engine:  # its clock stands still, so it is asked about once
        job_id = (await generate(engine, LIGHTHOUSE, NO_WAIT, kind="video", **SMALL)).job_id
        active = engine.jobs.active(job_id)
        assert active
        await until(lambda: active.tasks[0].phase == "accepted")
    clock = VirtualClock()
    async with clock.autojump(), running_engine(tmp_path, backend, clock=clock) as engine:
        result = await get_job(engine, job_id)
        assert (result.status, result.files[0].duration_seconds) == ("done", 0.5)
        changed = await continue_edit(engine, result.continuation_id, "at night", duration=0.75)
        assert (changed.status, changed.files[0].duration_seconds, changed.files[0].width) == ("done", 0.75, 192)
        (data,) = read_files(result)
    assert data == (await make()).data


async def test_a_job_that_is_cancelled_stops_being_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[str] = []
    drop = RenderSlots.drop

    def watched(slots: RenderSlots, name: str) -> bool:
        dropped.append(name)
        return drop(slots, name)

    monkeypatch.setattr(RenderSlots, "drop", watched)
    async with running_engine(tmp_path, backend, clock=SystemClock()) as engine:
        job_id = (await generate(engine, LIGHTHOUSE, NO_WAIT, kind="video", **{**SMALL, "duration": 30})).job_id
        active = engine.jobs.active(job_id)
        assert active
        await until(lambda: active.progress is not None)
        assert (await get_job(engine, job_id, cancel=True)).status == "cancelled"
        assert dropped == [RenderRequest.model_validate(active.tasks[0].handle).id]
