"""The caller's own name for a request: the same one is never made twice within a day."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.engines import (
    NO_WAIT,
    WAIT_FOR_END,
    Scripted,
    accepted,
    continue_edit,
    generate,
    get_job,
    hang,
    jumping_engine,
    pending,
    running_engine,
    wait_until_idle,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.config.caller import Caller
from mediasmith.engine.results import MediaResult
from mediasmith.plugin.contract import Failed, Takes
from mediasmith.plugin.errors import InvalidRequest, MediaError, ProviderError, Refused

FIRST = "This is the earlier job of this request_id; nothing was sent again."


@pytest.mark.parametrize("request_id", ["r-1", "é\U0001f600", "x" * 100_000], ids=["plain", "any", "long"])
async def test_the_same_request_is_answered_with_its_first_job(tmp_path: Path, request_id: str) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        first = await generate(engine, request_id=request_id)
        second = await generate(engine, request_id=request_id, wait_seconds=5)
    assert (first.warnings, second.warnings) == ((), (FIRST,))
    assert (first.job_id, first.files) == (second.job_id, second.files)
    assert len(provider.calls) == 1


async def test_an_edit_can_have_a_request_id(tmp_path: Path) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend(edits="image", takes={"image": Takes()})) as engine:
        origin = (await generate(engine)).continuation_id
        first = await continue_edit(engine, origin, request_id="r")
        second = await continue_edit(engine, origin, request_id="r")
        with pytest.raises(InvalidRequest, match="already used"):
            await generate(engine, request_id="r")
    assert first.job_id == second.job_id
    assert len(provider.calls) == 2


async def test_the_same_request_waits_for_a_running_job_that_others_wait_for(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(5))
    results: list[MediaResult] = []
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():

        async def call() -> None:
            results.append(await generate(engine, request_id="r"))

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(call)
    assert [result.status for result in results] == ["done"] * 3
    assert len({result.job_id for result in results}) == len(provider.calls) == 1


async def test_a_request_id_with_other_arguments_is_refused(tmp_path: Path) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        first = await generate(engine, request_id="r")
        with pytest.raises(InvalidRequest) as caught:
            await generate(engine, request_id="r", seed=1)
    assert str(caught.value) == (
        f"This request_id was already used for a call with other arguments, job {first.job_id}. Nothing was billed. "
        "get_job returns that one. Use a new request_id for another request."
    )
    assert len(provider.calls) == 1


@pytest.mark.parametrize(
    ("later", "principal", "request_id"),
    [(86_401.0, "local", "r"), (0.0, "ada", "r"), (0.0, "local", "another")],
    ids=["a day later", "of another principal", "another id"],
)
async def test_another_request_makes_a_job_of_its_own(
    tmp_path: Path, later: float, principal: str, request_id: str
) -> None:
    clock, provider = VirtualClock(), Scripted()
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine:
        first = await engine.generate({"prompt": "a red kite", "request_id": "r"}, WAIT_FOR_END)
        await clock.advance(later)
        second = await generate(engine, caller=Caller(principal=principal, wait=math.inf), request_id=request_id)
    assert first.job_id != second.job_id
    assert second.warnings == ()
    assert len(provider.calls) == 2


async def test_a_first_that_ended_unbilled_is_made_anew_even_with_better_arguments(tmp_path: Path) -> None:
    provider = Scripted(Refused("Declined.", billed="no"))
    async with running_engine(tmp_path, provider.backend()) as engine:
        with pytest.raises(Refused):
            await generate(engine, "a bad kite", request_id="r")
        again = await generate(engine, request_id="r")
        assert (await generate(engine, request_id="r")).job_id == again.job_id
    assert (again.status, again.warnings, len(provider.calls)) == ("done", (), 2)


async def test_a_first_that_was_cancelled_unsent_is_made_anew(tmp_path: Path) -> None:
    provider = Scripted(hang)
    async with running_engine(tmp_path, provider.backend(), concurrency=1) as engine:
        await generate(engine, "in the way", caller=NO_WAIT)
        await wait_until_idle(engine)
        queued = await generate(engine, caller=NO_WAIT, request_id="r")
        await get_job(engine, queued.job_id, cancel=True)
        again = await generate(engine, caller=NO_WAIT, request_id="r")
    assert again.job_id != queued.job_id


async def test_calls_that_wait_for_a_first_that_ends_unbilled_make_one_job_together(tmp_path: Path) -> None:
    clock = VirtualClock()
    provider = Scripted(accepted(), polls=[*pending(3), Failed(error=ProviderError("It broke.", billed="no"))])
    results: list[Any] = []
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():

        async def call() -> None:
            try:
                results.append((await generate(engine, request_id="r")).status)
            except MediaError:
                results.append("failed")

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(call)
    assert sorted(results) == ["done", "done", "failed"]
    assert len(provider.calls) == 2


async def test_a_first_that_was_billed_is_not_made_anew(tmp_path: Path) -> None:
    provider = Scripted(accepted(), polls=[Failed(error=ProviderError("It broke."))])
    errors: list[str] = []
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        for _ in range(2):
            with pytest.raises(ProviderError) as caught:
                await generate(engine, request_id="r")
            errors.append(str(caught.value))
    first, second = errors
    assert first.startswith("It broke. It was billed. Call again")
    assert second.startswith(f"{first} This request_id stands for job ")
    assert len(provider.calls) == 1


async def test_a_dry_run_neither_makes_nor_finds_a_request(tmp_path: Path) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        for _ in range(2):
            assert (await generate(engine, request_id="r", dry_run=True)).status == "dry_run"
            assert (await generate(engine, request_id="r")).status == "done"
    assert len(provider.calls) == 1
