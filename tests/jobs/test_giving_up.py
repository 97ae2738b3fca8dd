"""Giving up jobs that cannot go on: stuck, unreadable or past their deadline."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from fakes.backends import AnyJson
from fakes.engines import Scripted, accepted, generate, generate_batch, get_job, pending, picture, running_engine
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Context, Pending, Result
from mediasmith.plugin.errors import InvalidRequest, MissingKey, Unreachable


async def test_a_job_that_cannot_be_polled_any_more_can_be_given_up(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=[MissingKey("One", ("ONE_KEY",), rejected=True)] * 99)
    async with running_engine(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        assert (running.status, "does not accept its key" in running.error) == ("running", True)
        result = await get_job(engine, running.job_id, cancel=True)
    assert result.status == "cancelled"
    assert result.error.startswith("The job was cancelled. It may have been billed.")


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
    assert result.error.startswith("The job was cancelled. It may have been billed.")


async def test_a_job_whose_handle_cannot_be_read_can_be_given_up(tmp_path: Path) -> None:
    class Numbered(BaseModel):
        number: int

    clock, provider = VirtualClock(), Scripted(accepted("abc"), polls=pending(99))
    async with running_engine(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
    async with running_engine(tmp_path, provider.backend(handle=Numbered)) as engine:
        assert (await get_job(engine, running.job_id)).status == "running"
        assert (await get_job(engine, running.job_id, cancel=True)).status == "cancelled"


async def test_a_job_past_its_deadline_can_be_cancelled(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted("abc"), polls=pending(99))
    backend = provider.backend(cancel=provider.cancel, deadline=20)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        assert "still at work" in running.error
        result = await get_job(engine, running.job_id, cancel=True)
    assert result.status == "cancelled"
    assert provider.cancelled == ["abc"]
