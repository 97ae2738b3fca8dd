"""Cancelling what a provider has accepted: who is asked, once, and what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.backends import AnyJson, fake
from fakes.engines import (
    NO_WAIT,
    WAIT_FOR_END,
    Scripted,
    accepted,
    generate,
    get_job,
    hang,
    jumping_engine,
    pending,
    per_image,
    running_engine,
    wait_until_idle,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Accepted, Call, Cancellation, Context, Failed, Model, Price
from mediasmith.plugin.errors import InvalidRequest, MissingKey, ProviderError, RateLimited, Unreachable


async def test_a_job_that_is_polled_is_cancelled_at_its_provider_once(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted("abc"), polls=pending(99))
    backend = provider.backend(cancel=provider.cancel)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await generate(engine, wait_seconds=12)
        polls = len(provider.polled)
        result = await get_job(engine, running.job_id, cancel=True)
        assert result.status == "cancelled"
        assert "It may have been billed. Check" in result.error
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
        assert clock.now() - started <= 17
        assert (await generate(engine, "another", wait_seconds=0)).status == "running"
    assert asked == [AnyJson("job-1")] * 3


@pytest.mark.parametrize("trouble", [ProviderError("Status 500."), Unreachable("It broke."), KeyError("x"), hang])
async def test_a_provider_whose_answer_to_a_cancel_is_trouble_is_asked_again(tmp_path: Path, trouble: Any) -> None:
    answers = [trouble, trouble]

    async def cancel(_work: Context[None], _handle: object) -> Cancellation:
        if not answers:
            return "stopped"
        if (answer := answers.pop()) is hang:
            await hang()
        raise answer

    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(99))
    async with running_engine(tmp_path, provider.backend(cancel=cancel), clock=clock) as engine, clock.autojump():
        running = await generate(engine, wait_seconds=12)
        result = await get_job(engine, running.job_id, cancel=True)
    assert (result.status, result.warnings, answers) == ("cancelled", (), [])


async def test_a_provider_that_refuses_a_cancel_is_not_asked_again(tmp_path: Path) -> None:
    asked: list[object] = []

    async def cancel(_work: Context[None], handle: object) -> Cancellation:
        await anyio.lowlevel.checkpoint()
        asked.append(handle)
        raise MissingKey("One", ("ONE_KEY",), rejected=True)

    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(99))
    async with running_engine(tmp_path, provider.backend(cancel=cancel), clock=clock) as engine, clock.autojump():
        running = await generate(engine, wait_seconds=12)
        await get_job(engine, running.job_id, cancel=True)
    assert len(asked) == 1


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


@pytest.mark.parametrize(
    ("prices", "spent", "warning"),
    [
        ((), "It may have been billed.", "One was asked to stop, but its work may still finish and be billed."),
        (per_image(0.04), "It may have been billed.", "One was asked to stop, but its work may still finish and be b"),
        (per_image(0), "Nothing was billed.", "One was asked to stop, but its work may still finish."),
    ],
    ids=["unpriced", "paid", "free"],
)
@pytest.mark.parametrize("recovered", [False, True])
async def test_only_cancelled_work_that_is_free_was_certainly_not_billed(
    tmp_path: Path, prices: tuple[Price, ...], spent: str, warning: str, *, recovered: bool
) -> None:
    async def cancel(_context: Context[None], _handle: AnyJson) -> Cancellation:
        await anyio.lowlevel.checkpoint()
        return "asked"

    provider = Scripted(accepted(), polls=[hang] * 2)
    backend = provider.backend(cancel=cancel, models=(Model(id="m-1", prices=prices),))
    async with running_engine(tmp_path, backend) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        if not recovered:
            await get_job(engine, running.job_id, cancel=True)
    async with jumping_engine(tmp_path, backend) as engine:
        result = await get_job(engine, running.job_id, cancel=True)
    assert result.error.startswith(f"The job was cancelled. {spent}")
    assert result.warnings[0].startswith(warning)


async def test_free_work_that_cannot_be_stopped_is_not_called_billed(tmp_path: Path) -> None:
    provider = Scripted(accepted(), polls=[hang])
    backend = provider.backend(models=(Model(id="m-1", prices=per_image(0)),))
    async with running_engine(tmp_path, backend) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
        with pytest.raises(InvalidRequest, match=r"the job continues\. Nothing was billed\."):
            await get_job(engine, running.job_id, cancel=True)


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
        assert caught.value.hint == "Cancel it in the session that started it, or let it end."
        assert caught.value.job_id == running.job_id
        assert (await get_job(first, running.job_id, NO_WAIT)).status == "running"
