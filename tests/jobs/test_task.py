"""One provider call: every fault of a backend is a typed error, and nothing paid for is lost."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from fakes.backends import AnyJson, fake, png
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
    open_library,
    output_files,
    pending,
    picture,
    running_engine,
    wait_until_idle,
)
from fakes.faults import FAULTS
from fakes.virtual_clock import VirtualClock
from mediasmith.engine.results import Cost, JobList
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Accepted, Call, Context, Failed, Output, Result
from mediasmith.plugin.errors import (
    Billed,
    Cancelled,
    InvalidRequest,
    MediaError,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith.storage.library.store import Library


async def test_any_fault_of_start_is_a_typed_error_and_is_never_sent_again(tmp_path: Path) -> None:
    provider, other = Scripted(*[odd() for odd in FAULTS.values()]), Scripted()
    async with running_engine(tmp_path, provider.backend(preference=1), other.backend("other")) as engine:
        for number, odd in enumerate(FAULTS, start=1):
            with pytest.raises(MediaError) as caught:
                await generate(engine, odd)
            assert caught.value.billed in {"unknown", "yes"}, odd
            assert (len(provider.calls), other.calls) == (number, []), odd
            assert output_files(tmp_path) == [], odd
        assert (await generate(engine)).status == "done"


@pytest.mark.parametrize("odd", ["KeyError", "ExceptionGroup", "its own cancellation", "SystemExit"])
async def test_any_fault_of_connect_is_a_typed_error_and_nothing_is_billed(tmp_path: Path, odd: str) -> None:
    @asynccontextmanager
    async def connect(_access: Access) -> AsyncGenerator[None]:
        step = FAULTS[odd]()
        if isinstance(step, BaseException):
            raise step
        await step()
        yield

    clock, good = VirtualClock(), Scripted()
    async with (
        running_engine(tmp_path, fake("bad", connect=connect), good.backend(), clock=clock) as engine,
        clock.autojump(),
    ):
        with pytest.raises(MediaError) as caught:
            await generate(engine, backend="bad")
        assert caught.value.billed == "no"
        assert (await generate(engine, backend="one")).status == "done"


async def test_one_faulty_task_leaves_the_rest_of_its_batch_alone(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Any:
        if call.prompt == "odd":
            raise asyncio.CancelledError
        await anyio.lowlevel.checkpoint()
        return picture()

    async with running_engine(tmp_path, fake(start=by_prompt)) as engine:
        result = await generate_batch(engine, "even", "odd", "also even")
    assert result.status == "partial"
    assert [item.status for item in result.items] == ["done", "unknown", "done"]


async def test_outputs_may_be_a_list(tmp_path: Path) -> None:
    listed = Result(outputs=[*picture().outputs])  # pyright: ignore[reportArgumentType] - as backends may
    async with running_engine(tmp_path, Scripted(listed).backend()) as engine:
        assert (await generate(engine)).status == "done"


async def test_state_that_json_cannot_hold_is_dropped_and_the_file_kept(tmp_path: Path) -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    odd: list[Any] = [object(), {"x": b"\xff"}, math.nan, "x" * 70_000, nested]
    async with running_engine(tmp_path, Scripted(*[picture(state=state) for state in odd]).backend()) as engine:
        for number in range(len(odd)):
            result = await generate(engine, f"kite {number}")
            artifact = await engine.artifact(result.files[0].id, "local")
            assert (result.status, artifact.state) == ("done", None), number


async def test_an_invalid_cost_counts_as_unknown(tmp_path: Path) -> None:
    odd: list[Any] = [-3.0, math.nan, math.inf, "0.04", object()]
    async with running_engine(tmp_path, Scripted(*[picture(cost=cost) for cost in odd]).backend()) as engine:
        for cost in odd:
            result = await generate(engine, f"kite {cost}")
            assert result.cost == Cost(basis="unknown"), cost
        assert await engine.library.spent(since=0) == 0


async def test_details_that_are_no_json_do_not_lose_the_file(tmp_path: Path) -> None:
    circle: list[Any] = []
    circle.append(circle)
    odd: dict[str, Any] = {"when": object(), "raw": png(), "circle": circle, "nan": math.nan, "seed": 7}
    async with running_engine(tmp_path, Scripted(picture(**odd)).backend()) as engine:
        result = await generate(engine)
    assert (result.status, result.details["seed"]) == ("done", 7)


async def test_an_error_of_start_may_have_been_billed_unless_it_says_otherwise(tmp_path: Path) -> None:
    expected: dict[Callable[[], Exception], str] = {
        lambda: ProviderError("broke"): "unknown",
        lambda: ProviderError("broke", billed="no"): "no",
        lambda: Refused("declined"): "unknown",
        lambda: Unsuitable("only with a mask"): "no",
        ConnectionResetError: "unknown",
        TimeoutError: "unknown",
        KeyError: "unknown",
    }
    clock, provider = VirtualClock(), Scripted()
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        for number, (error, billed) in enumerate(expected.items()):
            provider.starts.extend(error() for _ in range(4))
            with pytest.raises(MediaError) as caught:
                await generate(engine, f"kite {number}")
            provider.starts.clear()
            assert caught.value.billed == billed, number
            state = "unknown" if billed == "unknown" and not isinstance(caught.value, Refused) else "failed"
            listed = await engine.get_job({}, WAIT_FOR_END)
            assert isinstance(listed, JobList)
            assert listed.jobs[0].status == state, number


async def test_a_start_that_hangs_may_have_been_billed_and_is_not_sent_again(tmp_path: Path) -> None:
    clock, provider, other = VirtualClock(), Scripted(hang), Scripted()
    backends = (provider.backend(preference=1, deadline=180), other.backend("other"))
    async with running_engine(tmp_path, *backends, clock=clock) as engine, clock.autojump():
        started = clock.now()
        with pytest.raises(TimedOut) as caught:
            await generate(engine)
        assert clock.now() - started == 180
    assert caught.value.billed == "unknown"
    assert (len(provider.calls), other.calls) == (1, [])


async def test_a_hanging_start_is_unknown_however_the_backend_explains_timeouts(tmp_path: Path) -> None:
    def explain(_error: Exception) -> MediaError:
        return Unreachable("No connection was made.", billed="no")

    clock, provider = VirtualClock(), Scripted(hang)
    backend = fake(start=provider.start, explain=explain)
    async with running_engine(tmp_path, backend, clock=clock, deadline_seconds=30) as engine, clock.autojump():
        with pytest.raises(TimedOut) as caught:
            await generate(engine)
    assert caught.value.billed == "unknown"
    assert len(provider.calls) == 1


async def test_nothing_is_sent_when_it_cannot_be_recorded_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_given: object, **_more: object) -> None:
        raise MediaError("The library cannot be used: SQLITE_FULL.")

    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        with monkeypatch.context() as patched:
            patched.setattr(Library, "begin_task", full)
            with pytest.raises(MediaError) as caught:
                await generate(engine)
        assert caught.value.billed == "no"
        assert provider.calls == []


async def test_a_client_that_never_opens_is_given_up(tmp_path: Path) -> None:
    @asynccontextmanager
    async def hanging(_access: Access) -> AsyncGenerator[None]:
        await anyio.sleep_forever()
        yield

    clock, other = VirtualClock(), Scripted()
    backends = (fake("stuck", connect=hanging, preference=1), other.backend("other"))
    async with running_engine(tmp_path, *backends, clock=clock) as engine, clock.autojump():
        result = await generate(engine)
    assert result.backend == "other"
    assert [attempt.outcome.split(":")[0] for attempt in result.attempts] == ["Unreachable", "done"]


async def test_a_handle_of_a_capability_that_cannot_poll_is_an_error(tmp_path: Path) -> None:
    async with running_engine(tmp_path, fake(start=Scripted(accepted()).start)) as engine:
        with pytest.raises(ProviderError, match="answered with Accepted, not a Result"):
            await generate(engine)


async def test_an_explained_error_in_poll_leaves_the_job_collectable(tmp_path: Path) -> None:
    def explain(_error: Exception) -> MediaError:
        return InvalidRequest("It does not like the request.", billed="no")

    clock, provider = VirtualClock(), Scripted(accepted(), polls=[KeyError("x")] * 99)
    backend = fake("one", start=provider.start, poll=provider.poll, explain=explain, deadline=100)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        assert running.status == "running"
        assert "could not be asked any more: It does not like the request. It was billed." in running.error
        provider.polls.clear()
        assert (await get_job(engine, running.job_id)).status == "done"
    assert len(provider.calls) == 1


async def test_a_job_is_not_polled_while_its_capability_is_not_ready(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(99))
    async with running_engine(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
    polls = len(provider.polled)
    not_ready = provider.backend(missing=lambda _access: "it needs another mode")
    async with running_engine(tmp_path, not_ready) as engine:
        result = await get_job(engine, running.job_id)
        assert (result.status, len(provider.polled)) == ("running", polls)
        reason = "One cannot be asked about it now: it needs another mode. It was billed. get_job asks One again."
        assert reason in result.error
    provider.polls.clear()
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        assert (await get_job(engine, running.job_id)).status == "done"


async def test_the_deadline_ends_the_waiting_and_not_the_job(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(accepted("abc"), polls=pending(50))
    async with running_engine(tmp_path, provider.backend(deadline=100), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        assert running.status == "running"
        assert "still at work after 100 seconds" in running.error
        assert "get_job" in running.next
        polls = len(provider.polled)
        await clock.sleep(500)
        assert len(provider.polled) == polls, "nothing is polled while no call waits"
        again = await get_job(engine, running.job_id, wait_seconds=20)
        assert (again.status, again.error) == ("running", "")
        done = await get_job(engine, running.job_id)
        done = done if done.status == "done" else await get_job(engine, running.job_id)
    assert (done.status, done.error) == ("done", "")
    assert (len(provider.calls), set(provider.polled)) == (1, {"abc"})


@pytest.mark.parametrize("billed", ["yes", "no"])
async def test_failed_ends_the_job_and_nothing_is_sent_again(tmp_path: Path, billed: Billed) -> None:
    clock, provider = (
        VirtualClock(),
        Scripted(accepted(), polls=[Failed(error=ProviderError("It failed.", billed=billed))]),
    )
    other = Scripted()
    backends = (provider.backend(preference=1), other.backend("other"))
    async with running_engine(tmp_path, *backends, clock=clock) as engine, clock.autojump():
        with pytest.raises(ProviderError) as caught:
            await generate(engine)
    assert caught.value.billed == billed
    assert (len(provider.calls), other.calls) == (1, [])


@pytest.mark.parametrize("error", [RateLimited("Slow down."), ProviderError("Overloaded.", billed="no")], ids=repr)
async def test_accepted_work_that_failed_is_not_retried(tmp_path: Path, error: MediaError) -> None:
    clock, provider = VirtualClock(), Scripted(accepted(), polls=[Failed(error=error)])
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        with pytest.raises(type(error)):
            await generate(engine)
    assert len(provider.calls) == 1


async def test_work_that_was_cancelled_at_the_provider_makes_the_job_cancelled(tmp_path: Path) -> None:
    provider = Scripted(accepted(), polls=[Failed(error=Cancelled("It was cancelled.", billed="no"))])
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        with pytest.raises(Cancelled):
            await generate(engine)
        assert (await newest_job(engine)).status == "cancelled"


# Handles


async def test_a_lost_answer_is_polled_if_its_handle_was_recorded_before(tmp_path: Path) -> None:
    seen: list[object] = []

    async def start(call: Call[None, Any]) -> Accepted:
        await call.handle(AnyJson("chosen"))
        async with open_library(tmp_path) as library:
            [one] = await library.unfinished()
            seen.extend((task.phase, task.handle, task.billed) for task in await library.tasks(one.id))
        raise ConnectionResetError

    provider, other = Scripted(), Scripted()
    backends = (provider.backend(start=start, preference=1), other.backend("other"))
    async with jumping_engine(tmp_path, *backends) as engine:
        assert (await generate(engine)).status == "done"
    assert seen == [("sending", "chosen", "unknown")]
    assert (provider.polled, other.calls) == (["chosen"], [])


async def test_a_lost_answer_may_have_been_billed_until_the_provider_says_so(tmp_path: Path) -> None:
    clock = VirtualClock()

    async def start(call: Call[None, Any]) -> Accepted:
        await call.handle(AnyJson("chosen"))
        raise ConnectionResetError

    backend = Scripted(polls=[Unreachable("No connection.")] * 99).backend(start=start, deadline=20)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        running = await generate(engine)
        [task] = await engine.library.tasks(running.job_id)
    assert (running.status, task.phase, task.billed) == ("running", "accepted", "unknown")
    assert "It may have been billed" in running.error


async def test_work_that_is_not_there_is_told_with_why_its_answer_was_lost(tmp_path: Path) -> None:
    async def start(call: Call[None, Any]) -> Accepted:
        await call.handle(AnyJson("chosen"))
        raise ProviderError("It answered with status 500: disk full.")

    gone = Failed(error=ProviderError("It knows no such job.", billed="no"))
    async with jumping_engine(tmp_path, Scripted(polls=[gone]).backend(start=start)) as engine:
        with pytest.raises(ProviderError) as caught:
            await generate(engine)
    said = "It knows no such job. Before that: It answered with status 500: disk full. Nothing was billed."
    assert str(caught.value).startswith(said)


async def test_an_answer_overrides_the_handle_recorded_before(tmp_path: Path) -> None:
    async def start(call: Call[None, Any]) -> Accepted:
        await call.handle(AnyJson("chosen"))
        return accepted("given")

    provider = Scripted()
    async with jumping_engine(tmp_path, provider.backend(start=start)) as engine:
        assert (await generate(engine)).status == "done"
    assert provider.polled == ["given"]


@pytest.mark.parametrize("error", [OutOfCredit("No credit."), Refused("Declined.")], ids=repr)
async def test_a_handle_recorded_before_a_definite_error_is_not_polled(tmp_path: Path, error: MediaError) -> None:
    async def start(call: Call[None, Any]) -> Accepted:
        await call.handle(AnyJson("chosen"))
        raise error

    provider = Scripted()
    async with running_engine(tmp_path, provider.backend(start=start)) as engine:
        with pytest.raises(type(error)):
            await generate(engine)
    assert provider.polled == []


async def test_a_handle_that_cannot_be_recorded_before_sending_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_task = Library.save_task

    async def full(self: Library, task: Any, **rest: Any) -> bool:
        if task.handle is not None:
            raise MediaError("The library cannot be used: SQLITE_FULL.")
        return await save_task(self, task, **rest)

    async def start(call: Call[None, Any]) -> Accepted:
        with monkeypatch.context() as patched:
            patched.setattr(Library, "save_task", full)
            await call.handle(AnyJson("chosen"))
        raise AssertionError("it was sent")

    provider = Scripted()
    async with running_engine(tmp_path, provider.backend(start=start)) as engine:
        with pytest.raises(MediaError, match="SQLITE_FULL") as caught:
            await generate(engine)
    assert (caught.value.billed, provider.polled) == ("no", [])


async def test_a_request_that_was_not_accepted_is_retried_with_a_handle_of_its_own(tmp_path: Path) -> None:
    names: list[str] = []

    async def start(call: Call[None, Any]) -> Accepted:
        names.append(f"chosen-{len(names)}")
        await call.handle(AnyJson(names[-1]))
        if len(names) == 1:
            raise RateLimited("Slow down.")
        raise ConnectionResetError

    clock, provider = VirtualClock(), Scripted()
    async with running_engine(tmp_path, provider.backend(start=start), clock=clock) as engine, clock.autojump():
        assert (await generate(engine)).status == "done"
    assert provider.polled == ["chosen-1"]


async def test_work_whose_handle_was_recorded_before_is_polled_by_the_next_process(tmp_path: Path) -> None:
    async def start(call: Call[None, Any]) -> Accepted:
        await call.handle(AnyJson("chosen"))
        return await hang()

    provider = Scripted()
    async with running_engine(tmp_path, provider.backend(start=start)) as engine:
        running = await generate(engine, caller=NO_WAIT)
        await wait_until_idle(engine)
    async with jumping_engine(tmp_path, provider.backend(start=start)) as engine:
        assert (await get_job(engine, running.job_id)).status == "done"
    assert provider.polled == ["chosen"]


async def test_a_handle_that_does_not_validate_is_kept_until_the_backend_can_read_it(tmp_path: Path) -> None:
    class Numbered(BaseModel):
        number: int

    clock, provider = VirtualClock(), Scripted(accepted({"id": "abc"}), polls=pending(99))
    async with running_engine(tmp_path, provider.backend(deadline=20), clock=clock) as engine, clock.autojump():
        running = await generate(engine)
    async with jumping_engine(tmp_path, provider.backend(handle=Numbered)) as engine:
        unread = await get_job(engine, running.job_id)
        [task] = await engine.library.tasks(running.job_id)
    assert (unread.status, task.phase, task.handle) == ("running", "accepted", {"id": "abc"})
    assert "cannot read the handle of this work, which is kept. It was billed." in unread.error
    provider.polls.clear()
    async with jumping_engine(tmp_path, provider.backend()) as engine:
        assert (await get_job(engine, running.job_id)).status == "done"


async def test_the_handle_is_recorded_before_the_first_poll(tmp_path: Path) -> None:
    seen: list[object] = []

    async def poll(_work: Context[None], _handle: object) -> Result:
        async with open_library(tmp_path) as library:
            [one] = await library.unfinished()
            seen.extend((task.phase, task.handle, task.billed) for task in await library.tasks(one.id))
        return picture()

    async with jumping_engine(tmp_path, Scripted(accepted({"id": 7})).backend(poll=poll)) as engine:
        await generate(engine)
    assert seen == [("accepted", {"id": 7}, "yes")]


async def test_a_handle_that_cannot_be_recorded_is_still_collected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_task = Library.save_task

    async def full(self: Library, task: Any, **rest: Any) -> bool:
        if task.phase == "accepted":
            raise MediaError("The library cannot be used: SQLITE_FULL.")
        return await save_task(self, task, **rest)

    monkeypatch.setattr(Library, "save_task", full)
    clock, provider = VirtualClock(), Scripted(accepted(), polls=pending(3))
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        assert (await generate(engine)).status == "done"


async def streamed(call: Call[None, Any], *chunks: bytes) -> Any:
    sink = call.file("image/png")
    for chunk in chunks:
        await sink.write(chunk)
    return sink


async def test_a_streamed_file_is_kept_and_an_unused_sink_is_removed(tmp_path: Path) -> None:
    async def start(call: Call[None, Any]) -> Result:
        await streamed(call, b"x" * 300_000)
        kept = await streamed(call, png()[:20], png()[20:])
        await streamed(call, b"y" * 300_000)
        return Result(outputs=(Output(body=kept, mime="image/png"),))

    async with running_engine(tmp_path, fake(start=start)) as engine:
        result = await generate(engine)
    assert output_files(tmp_path) == [Path(result.files[0].path).name]
    assert (tmp_path / "out" / output_files(tmp_path)[0]).read_bytes() == png()


@pytest.mark.parametrize("error", [ProviderError("cut off"), KeyError("x"), asyncio.CancelledError()], ids=repr)
async def test_a_partial_file_is_removed_when_start_fails(tmp_path: Path, error: BaseException) -> None:
    seen: list[str] = []

    async def start(call: Call[None, Any]) -> Result:
        await streamed(call, b"x" * 300_000)
        seen.extend(output_files(tmp_path))
        raise error

    async with running_engine(tmp_path, fake(start=start)) as engine:
        with pytest.raises(MediaError):
            await generate(engine)
        assert output_files(tmp_path) == []
    assert len(seen) == 1
    assert seen[0].endswith(".part")


async def test_a_partial_file_of_a_failed_poll_is_removed(tmp_path: Path) -> None:
    async def poll(work: Context[None], _handle: object) -> Result:
        await streamed(work, b"x" * 300_000)  # pyright: ignore[reportArgumentType] - it only opens a file
        await anyio.sleep_forever()
        return picture()

    clock = VirtualClock()
    backend = Scripted(accepted()).backend(poll=poll, deadline=100)
    async with running_engine(tmp_path, backend, clock=clock) as engine, clock.autojump():
        assert (await generate(engine)).status == "running"
        assert output_files(tmp_path) == []
