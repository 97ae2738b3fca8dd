"""Split jobs over calls, and send again only what was not accepted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import anyio
import pytest
from pydantic import Field

from fakes.backends import FakeParams, fake
from fakes.engines import (
    WAIT_FOR_END,
    Scripted,
    generate,
    generate_batch,
    output_files,
    picture,
    pictures,
    running_engine,
    wait_until_idle,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Call, Result
from mediasmith.plugin.errors import (
    MediaError,
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    Unreachable,
)
from mediasmith.storage.library.store import Library


class Several(FakeParams):
    """Up to four at once."""

    n: Annotated[int, Field(ge=1, le=4)] = 1


async def test_a_fallback_that_cannot_be_recorded_fails_only_its_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = anyio.Event()

    async def full(*_given: object, **_more: object) -> None:
        failed.set()
        raise MediaError("The library cannot be used: SQLITE_FULL.")

    async def by_prompt(call: Call[None, Any]) -> Result:
        if call.prompt == "bad":
            raise OutOfCredit("No credit.")
        await failed.wait()
        for _ in range(10):
            await anyio.lowlevel.checkpoint()
        return picture()

    monkeypatch.setattr(Library, "add_tasks", full)
    async with running_engine(tmp_path, fake("one", start=by_prompt, preference=1), fake("other")) as engine:
        result = await generate_batch(engine, "good", "bad", "also good")
    assert [item.status for item in result.items] == ["done", "failed", "done"]


async def test_a_request_that_was_not_accepted_is_retried_with_growing_pauses(tmp_path: Path) -> None:
    clock, times = VirtualClock(), list[float]()

    async def start(_call: object) -> Result:
        times.append(clock.now())
        await anyio.lowlevel.checkpoint()
        if len(times) < 4:
            raise Unreachable("No connection.", billed="no")
        return picture()

    async with running_engine(tmp_path, fake(start=start), clock=clock) as engine, clock.autojump():
        result = await generate(engine)
    assert result.status == "done"
    assert [time - times[0] for time in times] == [0, 1, 3, 7]


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (lambda: Unreachable("No connection.", billed="no"), 4),
        (lambda: RateLimited("Slow down."), 4),
        (lambda: ProviderError("Overloaded.", billed="no"), 4),
        (lambda: Unreachable("It broke."), 1),
        (lambda: ProviderError("Status 500."), 1),
        (lambda: RateLimited("Slow down.", retry_after=61), 1),
        (lambda: ProviderError("It answered without an image.", billed="no", answer=b"{}"), 1),
        (lambda: OutOfCredit("No credit."), 1),
        (lambda: Refused("Declined."), 1),
        (lambda: ModelGone("Gone."), 1),
        (ConnectionResetError, 1),
    ],
    ids=range(11),
)
async def test_a_request_is_retried_only_if_it_was_not_accepted(
    tmp_path: Path, error: Callable[[], Exception], sent: int
) -> None:
    clock, provider = VirtualClock(), Scripted(*[error() for _ in range(9)])
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        with pytest.raises(MediaError):
            await generate(engine)
    assert len(provider.calls) == sent


async def test_retry_after_is_respected(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(RateLimited("Slow down.", retry_after=30))
    async with running_engine(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        started = clock.now()
        result = await generate(engine)
        assert clock.now() - started == 30
    assert (result.status, result.attempts, len(provider.calls)) == ("done", (), 2)


async def test_tasks_run_in_parallel_up_to_the_limit(tmp_path: Path) -> None:
    running, most, open_gate = 0, 0, anyio.Event()

    async def start(_call: object) -> Result:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await open_gate.wait()
        running -= 1
        return picture()

    results: list[Any] = []
    async with (
        running_engine(tmp_path, fake(start=start), concurrency=3) as engine,
        anyio.create_task_group() as task_group,
    ):

        async def call() -> None:
            results.append(await generate_batch(engine, "a", "b", "c", n=2))

        task_group.start_soon(call)
        await wait_until_idle(engine)
        assert (running, most) == (3, 3)
        open_gate.set()
    assert most == 3
    [result] = results
    assert (result.status, len(result.files)) == ("done", 6)
    assert [(item.prompt, item.status, len(item.files)) for item in result.items] == [
        (prompt, "done", 2) for prompt in ("a", "b", "c")
    ]


async def test_the_limit_is_each_backends_own(tmp_path: Path) -> None:
    open_gate = anyio.Event()

    async def stuck(_call: object) -> Result:
        await open_gate.wait()
        return picture()

    backends = (fake("slow", start=stuck, preference=1), fake("quick"))
    async with running_engine(tmp_path, *backends, concurrency=1) as engine, anyio.create_task_group() as task_group:
        task_group.start_soon(generate, engine, "x", WAIT_FOR_END)
        await wait_until_idle(engine)
        assert (await generate(engine, backend="quick")).status == "done"
        open_gate.set()


async def test_a_count_is_split_by_what_one_call_makes(tmp_path: Path) -> None:
    counts: list[int] = []

    async def start(call: Call[None, Any]) -> Result:
        counts.append(call.params.n)
        await anyio.lowlevel.checkpoint()
        return pictures(call.params.n)

    async with running_engine(tmp_path, fake(params=Several, start=start)) as engine:
        result = await generate(engine, n=10)
    assert sorted(counts) == [2, 4, 4]
    assert len(result.files) == len({file.path for file in result.files}) == 10


async def test_a_rule_of_the_backend_limits_how_many_one_call_makes(tmp_path: Path) -> None:
    provider = Scripted()
    backend = provider.backend(params=Several, refuses=lambda ask: "one at a time" if ask.params.n > 1 else "")
    async with running_engine(tmp_path, backend) as engine:
        assert len((await generate(engine, n=3)).files) == 3
    assert [call.params.n for call in provider.calls] == [1, 1, 1]


async def test_seeds_count_up_with_the_files_of_a_prompt(tmp_path: Path) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        await generate_batch(engine, "a", "b", n=3, seed=4_294_967_294)
    seeds = sorted((call.prompt, call.params.seed) for call in provider.calls)
    ends = [0, 4_294_967_294, 4_294_967_295]
    assert seeds == [(prompt, seed) for prompt in ("a", "b") for seed in ends]


async def test_a_batch_is_answered_item_by_item(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Result:
        await anyio.lowlevel.checkpoint()
        match call.prompt:
            case "refused":
                raise Refused("Declined.", billed="no")
            case "broken":
                raise ProviderError("Status 500.")
            case _:
                return picture()

    async with running_engine(tmp_path, fake(start=by_prompt)) as engine:
        result = await generate_batch(engine, "good", "refused", "broken")
    assert result.status == "partial"
    assert len(result.files) == 1
    usage = "Check the provider's usage page before calling again."
    assert [(item.status, item.error) for item in result.items] == [
        ("done", ""),
        ("failed", "Declined. Nothing was billed. Change the prompt or the input files."),
        (
            "unknown",
            f"Status 500. It may have been billed, so it was not sent again. {usage}",
        ),
    ]
    assert result.items[0].files == (result.files[0].id,)


async def test_more_files_of_one_prompt_do_not_make_up_for_another(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Result:
        await anyio.lowlevel.checkpoint()
        if call.prompt == "none":
            raise Refused("Declined.", billed="no")
        return pictures(3)

    async with running_engine(tmp_path, fake(start=by_prompt)) as engine:
        result = await generate_batch(engine, "many", "none")
    assert (result.status, len(result.files)) == ("partial", 3)


async def test_fewer_files_than_asked_for_is_partial(tmp_path: Path) -> None:
    short = Result(outputs=pictures(2).outputs, complete=False)
    async with running_engine(tmp_path, Scripted(short).backend(params=Several)) as engine:
        result = await generate(engine, n=4)
    assert (result.status, len(result.files)) == ("partial", 2)


@pytest.mark.parametrize("prompts", [["long"], ["long", "short"]], ids=len)
async def test_an_incomplete_result_is_partial(tmp_path: Path, prompts: list[str]) -> None:
    async def by_prompt(call: Call[None, Any]) -> Result:
        await anyio.lowlevel.checkpoint()
        return Result(outputs=pictures(1).outputs, complete=call.prompt != "long")

    async with running_engine(tmp_path, fake(start=by_prompt)) as engine:
        result = await (generate(engine, "long") if len(prompts) == 1 else generate_batch(engine, *prompts))
    assert (result.status, len(result.files)) == ("partial", len(prompts))
    assert [item.status for item in result.items] == (["partial", "done"] if result.items else [])


async def test_a_batch_may_have_been_billed_even_if_its_first_error_was_not(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Result:
        await anyio.lowlevel.checkpoint()
        raise ProviderError("Status 500.", billed="no" if call.prompt == "first" else None)

    clock = VirtualClock()
    async with running_engine(tmp_path, fake(start=by_prompt), clock=clock) as engine, clock.autojump():
        with pytest.raises(ProviderError) as caught:
            await generate_batch(engine, "first", "second")
    assert caught.value.billed == "unknown"


async def test_a_batch_that_falls_back_is_split_for_the_next_backend(tmp_path: Path) -> None:
    four, one_by_one = Scripted(*[OutOfCredit("No credit.")] * 2), Scripted()
    backends = (four.backend("four", params=Several, preference=1), one_by_one.backend("singly"))
    async with running_engine(tmp_path, *backends) as engine:
        result = await generate_batch(engine, "a", "b", n=4, seed=10)
    assert [call.params.n for call in four.calls] == [4, 4]
    assert len(one_by_one.calls) == 8
    assert sorted((call.prompt, call.params.seed) for call in one_by_one.calls) == [
        (prompt, seed) for prompt in ("a", "b") for seed in (10, 11, 12, 13)
    ]
    assert (result.status, [item.status for item in result.items]) == ("done", ["done", "done"])
    assert len(result.files) == 8


async def test_one_task_of_a_count_that_falls_back_keeps_its_place(tmp_path: Path) -> None:
    async def second_half_fails(call: Call[None, Any]) -> Result:
        await anyio.lowlevel.checkpoint()
        if call.params.n == 2:
            raise OutOfCredit("No credit.")
        return pictures(4)

    other = Scripted()
    backends = (fake("four", params=Several, start=second_half_fails, preference=1), other.backend("singly"))
    async with running_engine(tmp_path, *backends) as engine:
        result = await generate(engine, n=6, seed=100, output=str(tmp_path / "out" / "x"))
    assert [call.params.seed for call in other.calls] == [104, 105]
    assert len(result.files) == 6
    assert output_files(tmp_path) == [f"x-{number}.png" for number in range(1, 7)]
