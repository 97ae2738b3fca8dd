"""A job's files, made: split over calls, sent again or moved on only where nothing was billed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import anyio
import pytest
from pydantic import Field

from fakes.backends import FakeParams, capability, fake, png
from fakes.engines import (
    PATIENT,
    Scripted,
    batch,
    edited,
    files_in,
    job,
    made,
    opened,
    picture,
    pictures,
    saved,
    settled,
    speaking,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Call, Model, Output, Params, Result, Takes
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import Seed
from mediasmith.storage.library.store import Library

TAKES_AN_IMAGE: Mapping[Role, Takes] = {"image": Takes()}


class Several(FakeParams):
    """Up to four at once."""

    n: Annotated[int, Field(ge=1, le=4)] = 1


# To the next choice

MOVING: dict[str, Callable[[], MediaError]] = {
    "Unreachable": lambda: Unreachable("No connection.", billed="no"),
    "MissingKey": lambda: MissingKey("one", ["ONE_KEY"]),
    "OutOfCredit": lambda: OutOfCredit("No credit."),
    "ModelGone": lambda: ModelGone("Gone."),
    "RateLimited": lambda: RateLimited("Slow down."),
    "ProviderError": lambda: ProviderError("Overloaded.", billed="no"),
    "TimedOut": lambda: TimedOut("No connection in time.", billed="no"),
    "Unsuitable": lambda: Unsuitable("Not with a mask."),
}


async def test_what_was_not_billed_moves_on_and_the_attempts_tell(tmp_path: Path) -> None:
    for number, (name, error) in enumerate(MOVING.items()):
        provider, other = Scripted(error()), Scripted()
        folder = tmp_path / str(number)
        async with opened(folder, provider.backend(preference=1), other.backend("other")) as engine:
            result = await made(engine)
        assert (result.status, result.backend) == ("done", "other"), name
        assert (len(provider.calls), len(other.calls)) == (1, 1), name
        assert [(one.backend, one.outcome.partition(":")[0]) for one in result.attempts] == [
            ("one", name),
            ("other", "done"),
        ]


STAYING: dict[str, Callable[[], MediaError]] = {
    "Refused": lambda: Refused("Declined.", billed="no"),
    "InvalidRequest": lambda: InvalidRequest("No such voice.", billed="no"),
    "Unreachable": lambda: Unreachable("The connection broke."),
    "RateLimited": lambda: RateLimited("Slow down.", billed="unknown"),
    "ProviderError": lambda: ProviderError("It answered nonsense.", billed="yes"),
    "ModelGone": lambda: ModelGone("Gone.", billed="unknown"),
    "Unsuitable": lambda: Unsuitable("Not so.", billed="yes"),
}


async def test_a_refusal_and_what_may_have_been_billed_go_nowhere_else(tmp_path: Path) -> None:
    for number, (name, error) in enumerate(STAYING.items()):
        provider, other = Scripted(error()), Scripted()
        folder = tmp_path / str(number)
        async with opened(folder, provider.backend(preference=1), other.backend("other")) as engine:
            with pytest.raises(type(error())):
                await made(engine)
        assert (len(provider.calls), other.calls) == (1, []), name


# With what only some have


async def test_a_request_moves_on_only_to_a_provider_that_has_the_voice(tmp_path: Path) -> None:
    one, two, three = Scripted(OutOfCredit("No credit.")), Scripted(), Scripted()
    backends = (
        speaking(one, "one", "Rachel", preference=2),
        speaking(two, "two", "Kore", preference=1),
        speaking(three, "three", "rachel"),
    )
    async with opened(tmp_path, *backends) as engine:
        assert (await made(engine, voice="Rachel")).backend == "three"
    assert two.calls == []


async def test_what_only_one_provider_has_goes_nowhere_else_and_the_error_says_so(tmp_path: Path) -> None:
    one, two = Scripted(OutOfCredit("No credit.")), Scripted()
    backends = speaking(one, "one", "Rachel", preference=1), speaking(two, "two", "Kore", "Puck")
    async with opened(tmp_path, *backends) as engine:
        with pytest.raises(OutOfCredit, match=r"No credit\. .*No other backend lists voice Rachel\."):
            await made(engine, voice="Rachel")
    assert two.calls == []


async def test_every_voice_of_a_dialogue_has_to_be_there(tmp_path: Path) -> None:
    one, two = Scripted(OutOfCredit("No credit.")), Scripted()
    backends = (
        speaking(one, "one", "Rachel", "Puck", word="voices", preference=1),
        speaking(two, "two", "Puck", "Kore", word="voices"),
    )
    async with opened(tmp_path, *backends) as engine:
        with pytest.raises(OutOfCredit, match="No other backend lists voices Rachel"):
            await made(engine, voices=["Anna=Puck", "Ben = Rachel"])
        assert (await made(engine, voices=["Anna=Puck", "Ben=Kore"])).backend == "two"


async def test_another_model_of_the_same_provider_needs_no_list(tmp_path: Path) -> None:
    provider = Scripted(ModelGone("Gone."))
    async with opened(tmp_path, speaking(provider, "one", models=2)) as engine:
        assert (await made(engine, voice="Rachel")).model == "one-1"


async def test_without_a_voice_the_next_provider_is_not_asked_for_its_list(tmp_path: Path) -> None:
    one, two = Scripted(OutOfCredit("No credit.")), Scripted()
    async with opened(tmp_path, speaking(one, "one", preference=1), speaking(two, "two")) as engine:
        assert (await made(engine)).backend == "two"


async def test_what_may_get_better_is_waited_for_when_nobody_else_has_the_voice(tmp_path: Path) -> None:
    clock, one, two = VirtualClock(), Scripted(RateLimited("Slow down.")), Scripted()
    backends = speaking(one, "one", "Rachel", preference=1), speaking(two, "two", "Kore")
    async with opened(tmp_path, *backends, clock=clock) as engine, clock.autojump():
        assert (await made(engine, voice="Rachel")).backend == "one"
    assert (len(one.calls), two.calls) == (2, [])


async def test_a_named_backend_is_never_replaced(tmp_path: Path) -> None:
    provider, other = Scripted(OutOfCredit("No credit.")), Scripted()
    async with opened(tmp_path, provider.backend(), other.backend("other")) as engine:
        with pytest.raises(OutOfCredit):
            await made(engine, backend="one")
    assert other.calls == []


async def test_a_backend_that_failed_is_tried_last_for_a_minute(tmp_path: Path) -> None:
    clock, provider, other = VirtualClock(), Scripted(OutOfCredit("No credit.")), Scripted()
    backends = (provider.backend(preference=1), other.backend("other"))
    async with opened(tmp_path, *backends, clock=clock) as engine:
        await made(engine)
        await clock.advance(59)
        assert (await made(engine)).backend == "other"
        other.starts.append(OutOfCredit("No credit either."))
        assert (await made(engine)).backend == "one"
        await clock.advance(61)
        assert (await made(engine)).backend == "one"
    assert len(other.calls) == 3


async def test_a_model_that_is_gone_does_not_put_its_backend_to_rest(tmp_path: Path) -> None:
    models = (Model(id="old"), Model(id="new"))
    provider, other = Scripted(ModelGone("Gone.")), Scripted()
    async with opened(tmp_path, provider.backend(models=models, preference=1), other.backend("other")) as engine:
        result = await made(engine)
        assert (result.backend, result.model) == ("one", "new")
        assert "one old is no longer served; one new was used instead." in result.warnings
        assert (await made(engine)).backend == "one"
    assert other.calls == []


async def test_a_model_the_caller_named_is_never_replaced(tmp_path: Path) -> None:
    models = (Model(id="old"), Model(id="new"))
    provider, other = Scripted(ModelGone("Gone.")), Scripted()
    async with opened(tmp_path, provider.backend(models=models), other.backend("other")) as engine:
        with pytest.raises(ModelGone):
            await made(engine, model="old")
    assert (len(provider.calls), other.calls) == (1, [])


async def test_a_configured_model_that_is_gone_is_replaced_aloud(tmp_path: Path) -> None:
    models = (Model(id="new"), Model(id="old"))
    provider = Scripted(ModelGone("Gone."))
    async with opened(tmp_path, provider.backend(models=models), defaults={"image": "one:old"}) as engine:
        result = await made(engine)
    assert [call.model.id for call in provider.calls] == ["old", "new"]
    assert "one old is no longer served; one new was used instead." in result.warnings


async def test_a_stand_in_is_never_a_fallback(tmp_path: Path) -> None:
    provider, stand_in = Scripted(OutOfCredit("No credit."), picture(), OutOfCredit("No credit.")), Scripted()
    backends = (
        provider.backend(edits="image", takes=TAKES_AN_IMAGE),
        stand_in.backend("sketch", preference=-1, edits="image", takes=TAKES_AN_IMAGE),
    )
    clock = VirtualClock()
    async with opened(tmp_path, *backends, clock=clock) as engine:
        with pytest.raises(OutOfCredit):
            await made(engine)
        assert stand_in.calls == []
        await clock.advance(61)
        drawn = await made(engine, backend="sketch")
        stand_in.starts.append(OutOfCredit("It rests now."))
        assert (await edited(engine, drawn.continuation_id)).backend == "one"
        with pytest.raises(OutOfCredit):
            await edited(engine, drawn.continuation_id)
    assert len(stand_in.calls) == 2


async def test_a_backend_whose_client_cannot_be_made_is_passed_over(tmp_path: Path) -> None:
    broken = fake("one", preference=1, start=Scripted().start)
    object.__setattr__(broken, "sdk", "mediasmith.no_such_module")
    async with opened(tmp_path, broken, Scripted().backend("other")) as engine:
        result = await made(engine)
    assert (result.backend, [one.backend for one in result.attempts]) == ("other", ["one", "other"])


async def test_the_record_of_further_calls_failing_ends_only_their_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = anyio.Event()

    async def full(*_given: object) -> None:
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
    async with opened(tmp_path, fake("one", start=by_prompt, preference=1), fake("other")) as engine:
        result = await batch(engine, "good", "bad", "also good")
    assert [item.status for item in result.items] == ["done", "failed", "done"]


# The same request again


async def test_what_was_not_accepted_is_sent_again_with_growing_pauses(tmp_path: Path) -> None:
    clock, times = VirtualClock(), list[float]()

    async def start(_call: object) -> Result:
        times.append(clock.now())
        await anyio.lowlevel.checkpoint()
        if len(times) < 4:
            raise Unreachable("No connection.", billed="no")
        return picture()

    async with opened(tmp_path, fake(start=start), clock=clock) as engine, clock.autojump():
        result = await made(engine)
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
        (lambda: OutOfCredit("No credit."), 1),
        (lambda: Refused("Declined."), 1),
        (lambda: ModelGone("Gone."), 1),
        (ConnectionResetError, 1),
    ],
    ids=range(10),
)
async def test_a_paying_request_is_sent_again_only_when_it_was_not_accepted(
    tmp_path: Path, error: Callable[[], Exception], sent: int
) -> None:
    clock, provider = VirtualClock(), Scripted(*[error() for _ in range(9)])
    async with opened(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        with pytest.raises(MediaError):
            await made(engine)
    assert len(provider.calls) == sent


async def test_a_providers_advice_when_to_send_again_is_taken(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(RateLimited("Slow down.", retry_after=30))
    async with opened(tmp_path, provider.backend(), clock=clock) as engine, clock.autojump():
        started = clock.now()
        result = await made(engine)
        assert clock.now() - started == 30
    assert (result.status, result.attempts, len(provider.calls)) == ("done", (), 2)


# Several


async def test_prompts_and_counts_are_made_in_parallel_under_the_limit(tmp_path: Path) -> None:
    running, most, open_gate = 0, 0, anyio.Event()

    async def start(_call: object) -> Result:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await open_gate.wait()
        running -= 1
        return picture()

    results: list[Any] = []
    async with opened(tmp_path, fake(start=start), concurrency=3) as engine, anyio.create_task_group() as task_group:

        async def call() -> None:
            results.append(await batch(engine, "a", "b", "c", n=2))

        task_group.start_soon(call)
        await settled(engine)
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
    async with opened(tmp_path, *backends, concurrency=1) as engine, anyio.create_task_group() as task_group:
        task_group.start_soon(made, engine, "x", PATIENT)
        await settled(engine)
        assert (await made(engine, backend="quick")).status == "done"
        open_gate.set()


async def test_a_count_is_split_by_what_one_call_makes(tmp_path: Path) -> None:
    counts: list[int] = []

    async def start(call: Call[None, Any]) -> Result:
        counts.append(call.params.n)
        await anyio.lowlevel.checkpoint()
        return pictures(call.params.n)

    async with opened(tmp_path, fake(params=Several, start=start)) as engine:
        result = await made(engine, n=10)
    assert sorted(counts) == [2, 4, 4]
    assert len(result.files) == len({file.path for file in result.files}) == 10


async def test_a_rule_of_the_backend_limits_how_many_one_call_makes(tmp_path: Path) -> None:
    provider = Scripted()
    backend = provider.backend(params=Several, refuses=lambda ask: "one at a time" if ask.params.n > 1 else "")
    async with opened(tmp_path, backend) as engine:
        assert len((await made(engine, n=3)).files) == 3
    assert [call.params.n for call in provider.calls] == [1, 1, 1]


async def test_seeds_count_up_with_the_files_of_a_prompt(tmp_path: Path) -> None:
    provider = Scripted()
    async with opened(tmp_path, provider.backend()) as engine:
        await batch(engine, "a", "b", n=3, seed=4_294_967_294)
    seeds = sorted((call.prompt, call.params.seed) for call in provider.calls)
    ends = [0, 4_294_967_294, 4_294_967_295]
    assert seeds == [(prompt, seed) for prompt in ("a", "b") for seed in ends]


async def test_a_batch_is_told_item_by_item(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Result:
        await anyio.lowlevel.checkpoint()
        match call.prompt:
            case "refused":
                raise Refused("Declined.", billed="no")
            case "broken":
                raise ProviderError("Status 500.")
            case _:
                return picture()

    async with opened(tmp_path, fake(start=by_prompt)) as engine:
        result = await batch(engine, "good", "refused", "broken")
    assert result.status == "partial"
    assert len(result.files) == 1
    assert [(item.status, item.error) for item in result.items] == [
        ("done", ""),
        ("failed", "Declined. Nothing was billed."),
        ("unknown", "Status 500. It may have been billed, so it was not sent again."),
    ]
    assert result.items[0].files == (result.files[0].id,)


async def test_more_files_of_one_prompt_do_not_make_up_for_another(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Result:
        await anyio.lowlevel.checkpoint()
        if call.prompt == "none":
            raise Refused("Declined.", billed="no")
        return pictures(3)

    async with opened(tmp_path, fake(start=by_prompt)) as engine:
        result = await batch(engine, "many", "none")
    assert (result.status, len(result.files)) == ("partial", 3)


async def test_fewer_files_than_asked_for_is_partial(tmp_path: Path) -> None:
    short = Result(outputs=pictures(2).outputs, complete=False)
    async with opened(tmp_path, Scripted(short).backend(params=Several)) as engine:
        result = await made(engine, n=4)
    assert (result.status, len(result.files)) == ("partial", 2)


@pytest.mark.parametrize("prompts", [["long"], ["long", "short"]], ids=len)
async def test_a_file_that_holds_a_part_of_what_was_asked_for_is_partial(tmp_path: Path, prompts: list[str]) -> None:
    async def by_prompt(call: Call[None, Any]) -> Result:
        await anyio.lowlevel.checkpoint()
        return Result(outputs=pictures(1).outputs, complete=call.prompt != "long")

    async with opened(tmp_path, fake(start=by_prompt)) as engine:
        result = await (made(engine, "long") if len(prompts) == 1 else batch(engine, *prompts))
    assert (result.status, len(result.files)) == ("partial", len(prompts))
    assert [item.status for item in result.items] == (["partial", "done"] if result.items else [])


async def test_what_a_batch_has_cost_is_told_though_its_first_error_cost_nothing(tmp_path: Path) -> None:
    async def by_prompt(call: Call[None, Any]) -> Result:
        await anyio.lowlevel.checkpoint()
        raise ProviderError("Status 500.", billed="no" if call.prompt == "first" else None)

    clock = VirtualClock()
    async with opened(tmp_path, fake(start=by_prompt), clock=clock) as engine, clock.autojump():
        with pytest.raises(ProviderError) as caught:
            await batch(engine, "first", "second")
    assert caught.value.billed == "unknown"


async def test_a_batch_that_moves_on_is_split_anew(tmp_path: Path) -> None:
    four, one_by_one = Scripted(*[OutOfCredit("No credit.")] * 2), Scripted()
    backends = (four.backend("four", params=Several, preference=1), one_by_one.backend("singly"))
    async with opened(tmp_path, *backends) as engine:
        result = await batch(engine, "a", "b", n=4, seed=10)
    assert [call.params.n for call in four.calls] == [4, 4]
    assert len(one_by_one.calls) == 8
    assert sorted((call.prompt, call.params.seed) for call in one_by_one.calls) == [
        (prompt, seed) for prompt in ("a", "b") for seed in (10, 11, 12, 13)
    ]
    assert (result.status, [item.status for item in result.items]) == ("done", ["done", "done"])
    assert len(result.files) == 8


async def test_one_half_of_a_count_that_moves_on_keeps_its_place(tmp_path: Path) -> None:
    async def second_half_fails(call: Call[None, Any]) -> Result:
        await anyio.lowlevel.checkpoint()
        if call.params.n == 2:
            raise OutOfCredit("No credit.")
        return pictures(4)

    other = Scripted()
    backends = (fake("four", params=Several, start=second_half_fails, preference=1), other.backend("singly"))
    async with opened(tmp_path, *backends) as engine:
        result = await made(engine, n=6, seed=100, output=str(tmp_path / "out" / "x"))
    assert [call.params.seed for call in other.calls] == [104, 105]
    assert len(result.files) == 6
    assert files_in(tmp_path) == [f"x-{number}.png" for number in range(1, 7)]


# Edits


async def test_an_edit_continues_from_native_state(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}), picture(state={"id": 2}))
    async with opened(tmp_path, provider.backend(edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await made(engine)
        second = await edited(engine, first.continuation_id)
        await edited(engine, second.continuation_id, "larger")
    assert [call.state for call in provider.calls] == [None, {"id": 1}, {"id": 2}]
    assert [dict(call.inputs) for call in provider.calls] == [{}, {}, {}]


async def test_two_edits_of_one_file_are_two_branches(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}))
    async with opened(tmp_path, provider.backend(edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await made(engine)
        left = await edited(engine, first.continuation_id, "left")
        right = await edited(engine, first.continuation_id, "right")
    assert [call.state for call in provider.calls] == [None, {"id": 1}, {"id": 1}]
    assert left.parent == right.parent == first.continuation_id
    assert left.continuation_id != right.continuation_id


async def test_a_capability_without_state_is_given_the_saved_file(tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def start(call: Call[None, Any]) -> Result:
        seen.extend([await source.read() for source in call.inputs.get("image", ())])
        return Result(outputs=(Output(body=png(colour=b"\1\2\3"), mime="image/png"),))

    async with opened(tmp_path, fake(start=start, edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await made(engine)
        await edited(engine, first.continuation_id)
    assert seen == saved(first) == [png(colour=b"\1\2\3")]


async def test_state_that_is_gone_gives_way_to_the_saved_file_aloud(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}), StateGone("The provider has forgotten it."))
    async with opened(tmp_path, provider.backend(edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await made(engine)
        second = await edited(engine, first.continuation_id)
    assert second.status == "done"
    assert "The provider has forgotten it. The saved file was sent in its place." in second.warnings
    assert [(call.state, list(call.inputs)) for call in provider.calls] == [
        (None, []),
        ({"id": 1}, []),
        (None, ["image"]),
    ]


async def test_state_that_is_gone_after_paying_is_not_sent_again(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}), StateGone("It is gone.", billed="unknown"))
    async with opened(tmp_path, provider.backend(edits="image", takes=TAKES_AN_IMAGE)) as engine:
        first = await made(engine)
        with pytest.raises(StateGone):
            await edited(engine, first.continuation_id)
    assert len(provider.calls) == 2


async def test_state_that_is_gone_where_files_cannot_be_edited_moves_on(tmp_path: Path) -> None:
    provider, other = Scripted(picture(state={"id": 1}), StateGone("It is gone.")), Scripted()
    backends = (
        provider.backend(preference=1),
        other.backend("other", edits="image", takes=TAKES_AN_IMAGE),
    )
    async with opened(tmp_path, *backends) as engine:
        first = await made(engine)
        second = await edited(engine, first.continuation_id)
        assert second.backend == "other"
        assert (await made(engine)).backend == "one", "it does not rest for that"
    assert [list(call.inputs) for call in other.calls] == [["image"]]


async def test_another_backend_edits_the_saved_file_in_its_own_role(tmp_path: Path) -> None:
    provider, other = Scripted(picture(state={"id": 1})), Scripted()
    takes_subject: Any = {"subject_image": Takes()}
    backends = (
        provider.backend(edits="image", takes=TAKES_AN_IMAGE),
        other.backend("other", edits="subject_image", takes=takes_subject),
    )
    async with opened(tmp_path, *backends) as engine:
        first = await made(engine, backend="one")
        second = await edited(engine, first.continuation_id, backend="other")
    assert (second.backend, second.parent) == ("other", first.continuation_id)
    [call] = other.calls
    assert (call.state, list(call.inputs)) == (None, ["subject_image"])


async def test_a_native_edit_is_not_refused_for_want_of_the_file_it_has_in_state(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}))
    backend = provider.backend(
        edits="image",
        takes={"image": Takes(), "mask": Takes(mimes=("image/png",))},
        refuses=lambda ask: (
            "a mask needs an image" if ask.inputs.get("mask") and not (ask.inputs.get("image") or ask.state) else ""
        ),
    )
    async with opened(tmp_path, backend) as engine:
        first = await made(engine)
        mask = first.files[0].path
        assert (await edited(engine, first.continuation_id, mask=mask)).status == "done"
        with pytest.raises(MediaError, match="a mask needs an image"):
            await made(engine, mask=mask)
    assert provider.calls[1].state == {"id": 1}


async def test_an_edit_goes_through_a_job_with_a_handle_too(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(job(), job(), polls=[picture(state={"id": 1})])
    backend = provider.backend(edits="image", takes=TAKES_AN_IMAGE)
    async with opened(tmp_path, backend, clock=clock) as engine, clock.autojump():
        first = await made(engine)
        assert (await edited(engine, first.continuation_id)).status == "done"
    assert [call.state for call in provider.calls] == [None, {"id": 1}]


async def test_two_capabilities_of_one_kind_each_have_their_own_state(tmp_path: Path) -> None:
    class Other(Params):
        seed: Seed | None = None

    first, second = Scripted(picture(state={"id": 1})), Scripted()
    backend = fake(
        capabilities=(
            capability("fine", start=first.start, edits="image", takes=TAKES_AN_IMAGE),
            capability("quick", start=second.start, params=Other, edits="image", takes=TAKES_AN_IMAGE),
        )
    )
    async with opened(tmp_path, backend) as engine:
        result = await made(engine, aspect_ratio="16:9")
        await edited(engine, result.continuation_id)
    assert [call.state for call in first.calls] == [None, {"id": 1}]
    assert second.calls == []
