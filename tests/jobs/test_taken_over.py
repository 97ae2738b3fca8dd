"""A process whose jobs another has taken over, for it was thought dead: it sends no more, and loses nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import make
from fakes.engines import (
    NO_WAIT,
    Scripted,
    accepted,
    generate,
    get_job,
    hang,
    picture,
    running_engine,
    wait_until_idle,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Call
from mediasmith.plugin.errors import MediaError, Overloaded


class Prompted:
    """A `start` that waits for what its prompt says."""

    def __init__(self, *prompts: str) -> None:
        self.open = {prompt: anyio.Event() for prompt in prompts}
        self.sent: list[str] = []

    async def __call__(self, call: Call[None, Any]) -> Any:
        self.sent.append(call.prompt)
        await self.open[call.prompt].wait()
        return await make(call)


async def take_over(engine: Engine, job_id: str) -> None:
    """Have a job belong to another process."""
    assert await engine.library.claim(job_id, old=await engine.jobs.owners.own(), new="heir")


async def no(*_given: object) -> bool:
    """Return False."""
    return False


async def test_what_is_out_gets_its_answer_although_the_rest_is_not_sent(tmp_path: Path) -> None:
    start = Prompted("one", "two", "three")
    async with running_engine(tmp_path, Scripted().backend(start=start), concurrency=2) as engine:
        result = await engine.generate({"prompts": ["one", "two", "three"]}, NO_WAIT)
        await wait_until_idle(engine)
        await take_over(engine, result.job_id)
        first, second, _ = start.open.values()
        second.set()
        await wait_until_idle(engine)
        first.set()
        await wait_until_idle(engine)
        phases = {task.prompt: task.phase for task in await engine.library.tasks(result.job_id)}
        assert phases == {"one": "done", "two": "done", "three": "queued"}
        assert engine.jobs.active(result.job_id) is None
    assert start.sent == ["one", "two"]


async def test_a_job_that_cannot_be_read_when_it_was_taken_over_ends_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Prompted("one", "two", "other")
    async with running_engine(tmp_path, Scripted().backend(start=start), concurrency=1) as engine:
        result = await engine.generate({"prompts": ["one", "two"]}, NO_WAIT)
        await wait_until_idle(engine)
        await take_over(engine, result.job_id)

        async def away(*_given: object, **_more: object) -> None:
            raise MediaError("The database cannot be reached.")

        with monkeypatch.context() as patch:
            patch.setattr(type(engine.library), "job", away)
            start.open["one"].set()
            start.open["two"].set()
            await wait_until_idle(engine)
        start.open["other"].set()
        assert (await generate(engine, "other")).status == "done"


async def test_the_end_of_a_job_counts_what_both_processes_have_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, finish = Prompted("one"), anyio.Event()

    async def send(call: Call[None, Any]) -> Any:
        return await start(call) if call.prompt == "one" else accepted()

    async def poll(*_given: object) -> Any:
        await finish.wait()
        return picture()

    clock = VirtualClock()
    async with (
        running_engine(tmp_path, Scripted().backend(start=send, poll=hang), clock=clock) as here,
        running_engine(tmp_path, Scripted().backend(poll=poll), clock=clock) as there,
    ):
        job_id = (await here.generate({"prompts": ["one", "two"]}, NO_WAIT)).job_id
        await wait_until_idle(here)
        monkeypatch.setattr(type(there.jobs.owners), "alive", no)
        [job] = await there.library.unfinished()
        await there.jobs.adopter.adopt(job)
        await wait_until_idle(there)
        start.open["one"].set()
        await wait_until_idle(here)
        finish.set()
        await wait_until_idle(there)
        result = await get_job(there, job_id)
        assert (result.status, len(result.files), result.error) == ("done", 2, "")


async def test_what_is_tried_instead_replaces_nothing_that_the_other_process_has_sent(tmp_path: Path) -> None:
    out, answer = anyio.Event(), anyio.Event()

    async def fail(_call: object) -> Any:
        out.set()
        await answer.wait()
        raise Overloaded("Busy.", billed="no")

    spare = Scripted()
    backends = Scripted().backend("one", start=fail, preference=2), spare.backend("two", preference=1)
    async with running_engine(tmp_path, *backends) as engine:
        job_id = (await generate(engine, caller=NO_WAIT)).job_id
        await out.wait()
        await take_over(engine, job_id)
        [task] = await engine.library.tasks(job_id)
        theirs = replace(task, number=1, phase="accepted", handle="theirs", backend="two")
        await engine.library.save_task(theirs, at=engine.clock.now(), owner="heir")
        answer.set()
        await wait_until_idle(engine)
        assert (await engine.library.tasks(job_id))[1] == theirs
    assert spare.calls == []
