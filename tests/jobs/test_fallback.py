"""Fall back to another candidate only where nothing was billed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fakes.backends import capability, fake
from fakes.engines import (
    WAIT_FOR_END,
    Scripted,
    continue_edit,
    generate,
    generate_batch,
    newest_job,
    picture,
    running_engine,
    voice_backend,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Model, Params, Takes
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    Misconfigured,
    MissingKey,
    ModelGone,
    NotPermitted,
    NotServed,
    OutOfCredit,
    Overloaded,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import Count

TAKES_AN_IMAGE: Mapping[Role, Takes] = {"image": Takes()}


MOVING: dict[str, Callable[[], MediaError]] = {
    "Unreachable": lambda: Unreachable("No connection.", billed="no"),
    "MissingKey": lambda: MissingKey("one", ["ONE_KEY"]),
    "Misconfigured": lambda: Misconfigured("SSL_CERT_FILE names /gone, which cannot be read."),
    "NotServed": lambda: NotServed("There is nothing at http://gateway.example/images (404)."),
    "OutOfCredit": lambda: OutOfCredit("No credit."),
    "ModelGone": lambda: ModelGone("Gone."),
    "RateLimited": lambda: RateLimited("Slow down."),
    "ProviderError": lambda: ProviderError("Overloaded.", billed="no"),
    "TimedOut": lambda: TimedOut("No connection in time.", billed="no"),
    "Unsuitable": lambda: Unsuitable("Not with a mask."),
    "NotPermitted": lambda: NotPermitted("Verify your organization."),
    "Overloaded": lambda: Overloaded("Overloaded."),
}


async def test_an_unbilled_error_falls_back_and_the_attempts_say_so(tmp_path: Path) -> None:
    for number, (name, error) in enumerate(MOVING.items()):
        provider, other = Scripted(error()), Scripted()
        folder = tmp_path / str(number)
        async with running_engine(folder, provider.backend(preference=1), other.backend("other")) as engine:
            result = await generate(engine)
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
    "an answer": lambda: ProviderError("It answered without an image.", billed="no", answer=b"{}"),
    "ModelGone": lambda: ModelGone("Gone.", billed="unknown"),
    "Unsuitable": lambda: Unsuitable("Not so.", billed="yes"),
}


async def test_a_refusal_or_a_possibly_billed_error_does_not_fall_back(tmp_path: Path) -> None:
    for number, (name, error) in enumerate(STAYING.items()):
        provider, other = Scripted(error()), Scripted()
        folder = tmp_path / str(number)
        async with running_engine(folder, provider.backend(preference=1), other.backend("other")) as engine:
            with pytest.raises(type(error())):
                await generate(engine)
        assert (len(provider.calls), other.calls) == (1, []), name


THREE_MODELS = tuple(Model(id=f"m{number}") for number in range(3))


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (lambda: MissingKey("one", ["ONE_KEY"], rejected=True), 1),
        (lambda: OutOfCredit("No credit."), 1),
        (lambda: NotPermitted("Verify your organization."), 1),
        (lambda: Unreachable("No such host.", billed="no"), 1),
        (lambda: RateLimited("Slow down."), 1),
        (lambda: Overloaded("Overloaded."), 2),
        (lambda: ModelGone("Gone."), 3),
        (lambda: Unsuitable("Not with a mask."), 3),
    ],
    ids=range(8),
)
async def test_what_is_wrong_with_a_backend_is_not_asked_of_each_of_its_models(
    tmp_path: Path, error: Callable[[], MediaError], asked: int
) -> None:
    provider = Scripted(*(error() for _ in THREE_MODELS))
    backends = provider.backend(models=THREE_MODELS, preference=1), Scripted().backend("other")
    async with running_engine(tmp_path, *backends) as engine:
        assert (await generate(engine)).backend == "other"
    assert [call.model.id for call in provider.calls] == [f"m{number}" for number in range(asked)]


@pytest.mark.parametrize("named", ["one", ""])
async def test_a_job_asks_no_more_of_a_backend_whose_account_is_refused(tmp_path: Path, named: str) -> None:
    provider, other = Scripted(*(MissingKey("one", ["ONE_KEY"], rejected=True) for _ in range(9))), Scripted()
    backends = provider.backend(preference=1), other.backend("other")
    async with running_engine(tmp_path, *backends, concurrency=2) as engine:
        if named:
            with pytest.raises(MissingKey):
                await generate(engine, n=9, backend=named)
        else:
            assert len((await generate(engine, n=9)).files) == 9
    assert len(provider.calls) == 2


async def test_when_every_backend_fails_the_error_names_each_with_its_reason(tmp_path: Path) -> None:
    backends = (
        Scripted(MissingKey("one", ["ONE_KEY"], rejected=True)).backend("one", preference=3),
        Scripted(ModelGone("Gone."), OutOfCredit("No credit.")).backend("two", preference=2, models=THREE_MODELS),
        Scripted(RateLimited("Slow down.", retry_after=90)).backend("three"),
    )
    async with running_engine(tmp_path, *backends) as engine:
        with pytest.raises(RateLimited) as caught:
            await generate(engine)
    assert str(caught.value) == (
        "Every backend failed. one: one does not accept its key; two: No credit; three: Slow down. Nothing was billed. "
        "Correct ONE_KEY and restart the server. Wait 90 s and call again, or name another backend."
    )


class Unseeded(Params):
    n: Count = 1


async def test_what_was_said_of_a_backend_that_failed_is_taken_back(tmp_path: Path) -> None:
    one, two = Scripted(OutOfCredit("No credit.")).backend("one", params=Unseeded), Scripted().backend("two")
    async with running_engine(tmp_path, one, two, defaults={"image": "one"}) as engine:
        forecast = await engine.generate({"prompt": "a kite", "seed": 7, "dry_run": True}, WAIT_FOR_END)
        result = await generate(engine, "a kite", seed=7)
    assert any("seed" in warning for warning in forecast.warnings)
    assert (result.backend, [text for text in result.warnings if "seed" in text]) == ("two", [])


async def test_an_item_of_a_batch_has_the_reason_of_each_backend(tmp_path: Path) -> None:
    one, two = (Scripted(*(OutOfCredit(words) for _ in range(2))) for words in ("No credit.", "Empty."))
    async with running_engine(tmp_path, one.backend("one", preference=1), two.backend("two")) as engine:
        with pytest.raises(MediaError):
            await generate_batch(engine, "a", "b")
        job = await newest_job(engine)
    reasons = "Every backend failed. one: No credit; two: Empty. Nothing was billed."
    assert [item.error.startswith(reasons) for item in job.items] == [True, True]


async def test_when_every_model_of_one_backend_fails_the_error_names_them(tmp_path: Path) -> None:
    provider = Scripted(*(ModelGone("Gone.") for _ in THREE_MODELS))
    async with running_engine(tmp_path, provider.backend(models=THREE_MODELS)) as engine:
        with pytest.raises(ModelGone) as caught:
            await generate(engine)
    assert caught.value.message == "Gone. Tried: m0, m1, m2."


async def test_the_last_reason_stands_alone_where_nothing_else_was_tried(tmp_path: Path) -> None:
    backends = Scripted(Refused("Declined.", billed="no")).backend(preference=1), Scripted().backend("other")
    async with running_engine(tmp_path, *backends) as engine:
        with pytest.raises(Refused) as caught:
            await generate(engine)
    assert caught.value.message == "Declined."


async def test_only_a_provider_that_lists_the_voice_is_fallen_back_to(tmp_path: Path) -> None:
    one, two, three = Scripted(OutOfCredit("No credit.")), Scripted(), Scripted()
    backends = (
        voice_backend(one, "one", "Rachel", preference=2),
        voice_backend(two, "two", "Kore", preference=1),
        voice_backend(three, "three", "rachel"),
    )
    async with running_engine(tmp_path, *backends) as engine:
        assert (await generate(engine, voice="Rachel")).backend == "three"
    assert two.calls == []


async def test_the_error_says_that_no_other_provider_lists_the_voice(tmp_path: Path) -> None:
    one, two = Scripted(OutOfCredit("No credit.")), Scripted()
    backends = voice_backend(one, "one", "Rachel", preference=1), voice_backend(two, "two", "Kore", "Puck")
    async with running_engine(tmp_path, *backends) as engine:
        with pytest.raises(OutOfCredit, match=r"No credit\. .*No other backend lists voice Rachel\."):
            await generate(engine, voice="Rachel")
    assert two.calls == []


async def test_every_voice_of_a_dialogue_must_be_listed(tmp_path: Path) -> None:
    one, two = Scripted(OutOfCredit("No credit.")), Scripted()
    backends = (
        voice_backend(one, "one", "Rachel", "Puck", word="voices", preference=1),
        voice_backend(two, "two", "Puck", "Kore", word="voices"),
    )
    async with running_engine(tmp_path, *backends) as engine:
        with pytest.raises(OutOfCredit, match="No other backend lists voices Rachel"):
            await generate(engine, voices=["Anna=Puck", "Ben = Rachel"])
        assert (await generate(engine, voices=["Anna=Puck", "Ben=Kore"])).backend == "two"


async def test_another_model_of_the_same_provider_needs_no_list(tmp_path: Path) -> None:
    provider = Scripted(ModelGone("Gone."))
    async with running_engine(tmp_path, voice_backend(provider, "one", models=2)) as engine:
        assert (await generate(engine, voice="Rachel")).model == "one-1"


async def test_a_fault_of_this_machine_is_not_asked_for_again(tmp_path: Path) -> None:
    provider = Scripted(Misconfigured("SSL_CERT_FILE names /gone, which cannot be read."))
    async with running_engine(tmp_path, voice_backend(provider, "one", models=3)) as engine:
        with pytest.raises(Misconfigured):  # at once: a retry would wait on the system's clock
            await generate(engine)
    assert len(provider.calls) == 1


async def test_what_a_gateway_does_not_serve_is_asked_for_once_and_then_in_its_other_way(tmp_path: Path) -> None:
    nothing = [NotServed("There is nothing at http://gateway.example/images (404).") for _ in range(2)]
    unserved, other_way = Scripted(*nothing), Scripted()
    models = (Model(id="m-1"), Model(id="m-2"))
    ways = (
        capability("images", models=models, start=unserved.start, preference=2),
        capability("chat", models=models, start=other_way.start, preference=1),
    )
    async with running_engine(tmp_path, fake("gateway", capabilities=ways)) as engine:
        result = await generate(engine)
        assert (result.status, len(unserved.calls), len(other_way.calls)) == ("done", 1, 1)
        assert await generate(engine, prompt="again")  # the backend does not rest
    assert len(unserved.calls) == 2


async def test_without_a_voice_the_next_provider_is_not_asked_for_its_list(tmp_path: Path) -> None:
    one, two = Scripted(OutOfCredit("No credit.")), Scripted()
    async with running_engine(tmp_path, voice_backend(one, "one", preference=1), voice_backend(two, "two")) as engine:
        assert (await generate(engine)).backend == "two"


async def test_a_passing_error_is_retried_when_no_other_provider_has_the_voice(tmp_path: Path) -> None:
    clock, one, two = VirtualClock(), Scripted(RateLimited("Slow down.")), Scripted()
    backends = voice_backend(one, "one", "Rachel", preference=1), voice_backend(two, "two", "Kore")
    async with running_engine(tmp_path, *backends, clock=clock) as engine, clock.autojump():
        assert (await generate(engine, voice="Rachel")).backend == "one"
    assert (len(one.calls), two.calls) == (2, [])


async def test_a_named_backend_is_never_replaced(tmp_path: Path) -> None:
    provider, other = Scripted(OutOfCredit("No credit.")), Scripted()
    async with running_engine(tmp_path, provider.backend(), other.backend("other")) as engine:
        with pytest.raises(OutOfCredit):
            await generate(engine, backend="one")
    assert other.calls == []


async def test_a_backend_that_failed_is_tried_last_for_a_minute(tmp_path: Path) -> None:
    clock, provider, other = VirtualClock(), Scripted(OutOfCredit("No credit.")), Scripted()
    backends = (provider.backend(preference=1), other.backend("other"))
    async with running_engine(tmp_path, *backends, clock=clock) as engine:
        await generate(engine)
        await clock.advance(59)
        assert (await generate(engine)).backend == "other"
        other.starts.append(OutOfCredit("No credit either."))
        assert (await generate(engine)).backend == "one"
        await clock.advance(61)
        assert (await generate(engine)).backend == "one"
    assert len(other.calls) == 3


async def test_a_model_that_is_gone_starts_no_cooldown(tmp_path: Path) -> None:
    models = (Model(id="old"), Model(id="new"))
    provider, other = Scripted(ModelGone("Gone.")), Scripted()
    async with running_engine(
        tmp_path, provider.backend(models=models, preference=1), other.backend("other")
    ) as engine:
        result = await generate(engine)
        assert (result.backend, result.model) == ("one", "new")
        assert "one old is no longer served; one new was used instead." in result.warnings
        assert (await generate(engine)).backend == "one"
    assert other.calls == []


async def test_models_that_are_gone_are_named_beside_the_one_that_was_used(tmp_path: Path) -> None:
    provider = Scripted(*(ModelGone("Gone.") for _ in THREE_MODELS[1:]))
    async with running_engine(tmp_path, provider.backend(models=THREE_MODELS)) as engine:
        result = await generate(engine)
    assert result.warnings == ("one m0, one m1 are no longer served; one m2 was used instead.",)


async def test_an_engine_that_does_not_answer_is_named_beside_the_provider_that_is_paid_instead(tmp_path: Path) -> None:
    down = Scripted(*[Unreachable("No engine answers at http://localhost:1.", billed="no")] * 9)
    backends = down.backend(preference=1), Scripted().backend("other")
    async with running_engine(tmp_path, *backends, defaults={"image": "one"}) as engine:
        result = await generate(engine)
    assert result.backend == "other"
    warning = f"one failed: No engine answers at http://localhost:1; other {result.model} was used instead."
    assert result.warnings == (warning,)


async def test_a_model_the_caller_named_is_never_replaced(tmp_path: Path) -> None:
    models = (Model(id="old"), Model(id="new"))
    provider, other = Scripted(ModelGone("Gone.")), Scripted()
    async with running_engine(tmp_path, provider.backend(models=models), other.backend("other")) as engine:
        with pytest.raises(ModelGone):
            await generate(engine, model="old")
    assert (len(provider.calls), other.calls) == (1, [])


async def test_a_configured_model_that_is_gone_is_replaced_with_a_warning(tmp_path: Path) -> None:
    models = (Model(id="new"), Model(id="old"))
    provider = Scripted(ModelGone("Gone."))
    async with running_engine(tmp_path, provider.backend(models=models), defaults={"image": "one:old"}) as engine:
        result = await generate(engine)
    assert [call.model.id for call in provider.calls] == ["old", "new"]
    assert "one old is no longer served; one new was used instead." in result.warnings


async def test_a_model_that_is_served_by_another_interface_is_not_called_gone(tmp_path: Path) -> None:
    provider = Scripted(ModelGone("Gone."))
    capabilities = tuple(capability(name, start=provider.start, models=(Model(id="m"),)) for name in ("one", "two"))
    async with running_engine(tmp_path, fake("one", capabilities=capabilities)) as engine:
        result = await generate(engine)
    assert (result.status, result.warnings, len(provider.calls)) == ("done", (), 2)


async def test_a_stand_in_is_never_a_fallback(tmp_path: Path) -> None:
    provider, stand_in = Scripted(OutOfCredit("No credit."), picture(), OutOfCredit("No credit.")), Scripted()
    backends = (
        provider.backend(edits="image", takes=TAKES_AN_IMAGE),
        stand_in.backend("sketch", preference=-1, edits="image", takes=TAKES_AN_IMAGE),
    )
    clock = VirtualClock()
    async with running_engine(tmp_path, *backends, clock=clock) as engine:
        with pytest.raises(OutOfCredit):
            await generate(engine)
        assert stand_in.calls == []
        await clock.advance(61)
        drawn = await generate(engine, backend="sketch")
        stand_in.starts.append(OutOfCredit("It rests now."))
        assert (await continue_edit(engine, drawn.continuation_id)).backend == "one"
        with pytest.raises(OutOfCredit):
            await continue_edit(engine, drawn.continuation_id)
    assert len(stand_in.calls) == 2


async def test_a_backend_whose_client_cannot_be_made_is_passed_over(tmp_path: Path) -> None:
    broken = fake("one", preference=1, start=Scripted().start)
    object.__setattr__(broken, "sdk", "mediasmith.no_such_module")
    async with running_engine(tmp_path, broken, Scripted().backend("other")) as engine:
        result = await generate(engine)
    assert (result.backend, [one.backend for one in result.attempts]) == ("other", ["one", "other"])
