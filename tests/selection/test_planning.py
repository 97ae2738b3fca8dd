"""From a request to what will be done: inherited words and lineage, limits in USD, and a dry run."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest

from fakes.backends import AnyJson, FakeParams, fake, png
from fakes.engines import (
    NO_WAIT,
    WAIT_FOR_END,
    Scripted,
    continue_edit,
    generate,
    generate_batch,
    open_library,
    output_files,
    per_image,
    picture,
    read_files,
    running_engine,
    voice_backend,
    wait_until_idle,
)
from fakes.photos import encoded, halves
from fakes.virtual_clock import VirtualClock
from mediasmith.config.registry import Registry
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.results import MediaResult
from mediasmith.plugin.contract import Model, Result, Takes
from mediasmith.plugin.errors import (
    InvalidRequest,
    OutOfCredit,
    OverBudget,
    ProviderError,
    RateLimited,
    UnknownContinuation,
)
from mediasmith.plugin.params import Size

IMAGE: Any = {"image": Takes(max=3), "mask": Takes(mimes=("image/png",))}


class Sized(FakeParams):
    size: Size | None = None
    quality: Literal["low", "high"] | None = None


# Who comes first


@pytest.mark.parametrize("voice", ["Kore", "kore", "Sarah"])
async def test_the_provider_that_has_the_voice_comes_first(tmp_path: Path, voice: str) -> None:
    one, two = Scripted(), Scripted()
    backends = (
        voice_backend(one, "one", "Rachel", "Korea", preference=1),
        voice_backend(two, "two", "Kore", "Sarah - Mature, Reassuring"),
    )
    async with running_engine(tmp_path, *backends) as engine:
        assert (await generate(engine, voice=voice)).backend == "two"
        assert (await generate(engine, voice="Rachel")).backend == "one"
    assert (len(one.calls), len(two.calls)) == (1, 1)


async def test_what_nobody_lists_changes_no_order(tmp_path: Path) -> None:
    one, two = Scripted(), Scripted()
    backends = voice_backend(one, "one", "Rachel", preference=1), voice_backend(two, "two", "Kore")
    async with running_engine(tmp_path, *backends) as engine:
        assert (await generate(engine, voice="JBFqnCBsd6RMkjVDRZzb")).backend == "one"


async def test_a_named_provider_need_not_list_the_voice(tmp_path: Path) -> None:
    one, two = Scripted(), Scripted()
    backends = voice_backend(one, "one", preference=1), voice_backend(two, "two", "Kore")
    async with running_engine(tmp_path, *backends) as engine:
        assert (await generate(engine, voice="Kore", backend="one")).backend == "one"


# Edits: words, lineage


async def test_an_edit_inherits_words_and_options_and_gives_way_to_new_ones(tmp_path: Path) -> None:
    provider = Scripted(picture(state=1), picture(state=2))
    async with running_engine(tmp_path, provider.backend(edits="image", takes=IMAGE)) as engine:
        first = await generate(engine, aspect_ratio="16:9", seed=7, options={"mood": "calm"})
        second = await continue_edit(engine, first.continuation_id, options={"mood": "wild"})
        await continue_edit(engine, second.continuation_id, aspect_ratio="1:1")
    asked = [call.params.model_dump(exclude_none=True) for call in provider.calls]
    assert asked == [
        {"aspect_ratio": "16:9", "seed": 7, "mood": "calm"},
        {"aspect_ratio": "16:9", "mood": "wild"},
        {"aspect_ratio": "1:1", "mood": "wild"},
    ]


async def test_an_edit_does_not_inherit_what_says_how_to_go_on_from_a_file(tmp_path: Path) -> None:
    provider = Scripted(picture(state=1), picture(state=2))
    async with running_engine(
        tmp_path, provider.backend(edits="image", takes=IMAGE, not_inherited=("mood",))
    ) as engine:
        first = await generate(engine, aspect_ratio="16:9", options={"mood": "calm"})
        await continue_edit(engine, first.continuation_id)
    assert provider.calls[1].params.model_dump(exclude_none=True) == {"aspect_ratio": "16:9"}


async def test_a_size_in_pixels_and_a_ratio_make_each_other_void_and_a_named_size_does_not(tmp_path: Path) -> None:
    provider = Scripted(*(picture(state=number) for number in range(5)))
    async with running_engine(tmp_path, provider.backend(params=Sized, edits="image", takes=IMAGE)) as engine:
        last = await generate(engine, aspect_ratio="16:9", quality="high")
        for words in ({"size": "2K"}, {"aspect_ratio": "1:1"}, {"size": "640x480"}, {"aspect_ratio": "9:16"}):
            last = await continue_edit(engine, last.continuation_id, **words)
            assert last.warnings == ()
    asked = [call.params.model_dump(exclude_none=True, exclude={"quality"}) for call in provider.calls]
    assert asked[1:] == [
        {"size": "2K", "aspect_ratio": "16:9"},
        {"size": "2K", "aspect_ratio": "1:1"},
        {"size": "640x480"},
        {"aspect_ratio": "9:16"},
    ]
    assert all(call.params.model_dump()["quality"] == "high" for call in provider.calls)


async def test_what_another_backend_cannot_take_of_the_earlier_words_is_left_out_aloud(tmp_path: Path) -> None:
    class Bare(FakeParams):
        aspect_ratio: Literal["1:1"] | None = None  # pyright: ignore[reportIncompatibleVariableOverride]

    provider, other = Scripted(), Scripted()
    backends = (
        provider.backend(edits="image", takes=IMAGE),
        other.backend("other", params=Bare, edits="image", takes=IMAGE),
    )
    async with running_engine(tmp_path, *backends) as engine:
        first = await generate(engine, backend="one", aspect_ratio="16:9", options={"mood": "calm"})
        second = await continue_edit(engine, first.continuation_id, backend="other")
    assert other.calls[0].params.model_dump(exclude_none=True) == {}
    assert any("aspect_ratio" in warning for warning in second.warnings)


async def test_a_file_carries_its_lineage(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend(edits="image", takes=IMAGE)) as engine:
        first = await generate(engine, "a red kite")
        second = await continue_edit(engine, first.continuation_id, "make it blue")
        third = await continue_edit(engine, second.continuation_id, "larger")
        artifact = await engine.artifact(third.continuation_id, "local")
    assert (first.parent, second.parent, third.parent) == ("", first.continuation_id, second.continuation_id)
    assert artifact.prompts == ("a red kite", "make it blue", "larger")
    assert artifact.parent == second.continuation_id


async def test_an_id_works_with_its_scheme_and_after_a_restart(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}))
    backend = provider.backend(edits="image", takes=IMAGE)
    async with running_engine(tmp_path, backend) as engine:
        first = await generate(engine)
    async with running_engine(tmp_path, backend) as engine:
        assert (await continue_edit(engine, f"media://{first.continuation_id}")).status == "done"
    assert provider.calls[1].state == AnyJson({"id": 1})


async def test_a_file_that_is_gone_can_be_edited_while_there_is_native_state(tmp_path: Path) -> None:
    provider = Scripted(picture(state={"id": 1}))
    async with running_engine(tmp_path, provider.backend(edits="image", takes=IMAGE)) as engine:
        first = await generate(engine)
        second = await continue_edit(engine, first.continuation_id)
        for result in (first, second):
            (tmp_path / "out" / Path(result.files[0].path).name).unlink()
        assert (await continue_edit(engine, first.continuation_id)).status == "done"
        with pytest.raises(InvalidRequest, match="The file to continue from cannot be read") as caught:
            await continue_edit(engine, second.continuation_id)
    assert caught.value.billed == "no"
    assert len(provider.calls) == 3


async def test_a_mask_must_cover_the_file_that_is_edited(tmp_path: Path) -> None:
    small = tmp_path / "out" / "small.png"
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend(edits="image", takes=IMAGE)) as engine:
        first = await generate(engine)
        small.write_bytes(png(8, 8))
        with pytest.raises(InvalidRequest, match=r"mask: small\.png is 8 x 8 pixels"):
            await continue_edit(engine, first.continuation_id, mask=str(small))
    assert len(provider.calls) == 1


async def test_a_picture_that_had_to_be_converted_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "out" / "cat.gif").write_bytes(encoded(halves(), "GIF"))
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend(takes=IMAGE)) as engine:
        result = await generate(engine, image=[str(tmp_path / "out" / "cat.gif")])
    assert [file.mime for file in provider.calls[0].inputs["image"]] == ["image/png"]
    assert result.warnings == ("cat.gif was sent as a PNG.",)


async def test_an_input_by_id_must_be_the_callers_own(tmp_path: Path) -> None:
    async with running_engine(tmp_path, Scripted().backend(takes=IMAGE)) as engine:
        with pytest.raises(UnknownContinuation, match="There is no file media://"):
            await generate(engine, image=["media://" + "a" * 26])


# Money


async def test_what_is_estimated_above_a_limit_is_refused_unspent(tmp_path: Path) -> None:
    provider = Scripted()
    backend = provider.backend(models=(Model(id="m", prices=per_image(0.04)),))
    async with running_engine(tmp_path, backend) as engine:
        with pytest.raises(
            OverBudget, match=r"one m is estimated at 0.12 USD, above max_cost_usd of 0.1 USD"
        ) as caught:
            await generate(engine, n=3, max_cost_usd=0.1)
        assert caught.value.billed == "no"
        with pytest.raises(OverBudget, match=r"0\.08 USD"):
            await generate_batch(engine, "a", "b", max_cost_usd=0.07)
        assert provider.calls == []
        result = await generate(engine, n=2, max_cost_usd=0.08)
    assert result.cost is not None
    assert (result.cost.usd, result.cost.basis) == (0.08, "estimated")


async def test_the_users_limit_for_a_call_holds_for_every_call(tmp_path: Path) -> None:
    provider = Scripted()
    backend = provider.backend(models=(Model(id="m", prices=per_image(0.04)),))
    async with running_engine(tmp_path, backend, max_cost_usd=0.05) as engine:
        with pytest.raises(OverBudget, match=r"above MEDIASMITH_MAX_COST_USD of 0\.05 USD"):
            await generate(engine, n=2, max_cost_usd=1)
        assert provider.calls == []
        assert (await generate(engine)).status == "done"


@pytest.mark.parametrize("name", ["MEDIASMITH_MAX_COST_USD", "MEDIASMITH_DAILY_BUDGET_USD"])
async def test_a_limit_that_cannot_be_read_is_named_where_it_stops_a_call(tmp_path: Path, name: str) -> None:
    backend = Scripted().backend(models=(Model(id="m", prices=per_image(0.04)),))
    env = {name: "5,50", "MEDIASMITH_DATA_DIR": str(tmp_path), "MEDIASMITH_OUTPUT_DIR": str(tmp_path)}
    async with open_engine(env=env, backends=Registry(backends={"one": backend}, broken={})) as engine:
        with pytest.raises(OverBudget) as caught:
            await generate(engine)
    assert caught.value.hint.startswith(f"{name} is '5,50', but must be a number of 0 or more; ")


async def test_a_days_budget_counts_what_was_and_may_have_been_spent(tmp_path: Path) -> None:
    clock = VirtualClock(start=datetime(2026, 11, 20, 23, 0, tzinfo=UTC).timestamp())
    provider = Scripted(picture(cost=0.5), ProviderError("Status 500."), ProviderError("No.", billed="no"))
    backend = provider.backend(models=(Model(id="m", prices=per_image(0.4)),))
    async with running_engine(tmp_path, backend, clock=clock, daily_budget_usd=1.5) as engine, clock.autojump():
        await generate(engine)
        with pytest.raises(ProviderError):
            await generate(engine, "lost")
        assert (await generate(engine, "sent again")).status == "done"
        with pytest.raises(OverBudget, match=r"above today's remaining budget of 0\.2 USD"):
            await generate(engine)
        sent = len(provider.calls)
    async with running_engine(tmp_path, backend, clock=clock, daily_budget_usd=1.5) as engine:
        with pytest.raises(OverBudget):
            await generate(engine)
        assert len(provider.calls) == sent
        await clock.advance(3600)
        assert (await generate(engine)).status == "done"


async def test_what_is_still_queued_counts_against_the_days_budget(tmp_path: Path) -> None:
    gate = anyio.Event()

    async def start(_call: object) -> Result:
        await gate.wait()
        return picture()

    backend = fake("one", start=start, models=(Model(id="m", prices=per_image(0.25)),))
    async with running_engine(tmp_path, backend, concurrency=1, daily_budget_usd=1) as engine:
        assert (await generate(engine, "first", NO_WAIT, n=3)).status == "running"
        await wait_until_idle(engine)
        with pytest.raises(OverBudget, match=r"0\.5 USD, above today's remaining budget of 0\.25 USD"):
            await generate(engine, "second", n=2)
        gate.set()


async def test_what_waits_to_be_sent_again_counts_against_the_days_budget(tmp_path: Path) -> None:
    clock, provider = VirtualClock(), Scripted(RateLimited("Slow down.", retry_after=30))
    backend = provider.backend(models=(Model(id="m", prices=per_image(0.25)),))
    async with running_engine(tmp_path, backend, clock=clock, daily_budget_usd=0.3) as engine:
        waiting = await generate(engine, "first", NO_WAIT)
        await wait_until_idle(engine)
        told = await engine.get_job({"job_id": waiting.job_id}, NO_WAIT)
        assert isinstance(told, MediaResult)
        assert told.message == "Slow down. Trying again in 30 s."
        with pytest.raises(OverBudget):
            await generate(engine, "second")
        cancelled = await engine.get_job({"job_id": waiting.job_id, "cancel": True}, NO_WAIT)
        assert isinstance(cancelled, MediaResult)
        assert (cancelled.status, cancelled.cost) == ("cancelled", None)
        assert [task.phase for task in await engine.library.tasks(waiting.job_id)] == ["cancelled"]
        assert (await generate(engine, "second")).status == "done"


async def test_requests_at_the_same_time_do_not_exceed_the_days_budget(tmp_path: Path) -> None:
    provider, refused = Scripted(), list[OverBudget]()
    backend = provider.backend(models=(Model(id="m", prices=per_image(0.1)),))

    async def call(number: int) -> None:
        try:
            await generate(engine, f"kite {number}")
        except OverBudget as error:
            refused.append(error)

    async with (
        running_engine(tmp_path, backend, daily_budget_usd=0.3) as engine,
        anyio.create_task_group() as task_group,
    ):
        for number in range(8):
            task_group.start_soon(call, number)
    assert (len(provider.calls), len(refused)) == (3, 5)
    assert all(error.billed == "no" for error in refused)


async def test_a_fallback_does_not_exceed_the_days_budget(tmp_path: Path) -> None:
    async def spend(_call: object) -> Result:
        await generate(engine, backend="dear")
        raise OutOfCredit("No credit.")

    backends = (
        fake("cheap", start=spend, preference=1, models=(Model(id="c", prices=per_image(0.01)),)),
        fake("dear", models=(Model(id="d", prices=per_image(0.2)),)),
    )
    async with running_engine(tmp_path, *backends, daily_budget_usd=0.3) as engine:
        with pytest.raises(OverBudget, match="Other requests have just used what was left of today's budget"):
            await generate(engine)


async def test_a_budget_of_nothing_allows_only_what_is_free(tmp_path: Path) -> None:
    paid, free = Scripted(), Scripted()
    backends = (
        paid.backend("paid", preference=1, models=(Model(id="p", prices=per_image(0.01)),)),
        free.backend("free", models=(Model(id="f", prices=per_image(0)),)),
    )
    async with running_engine(tmp_path, *backends, daily_budget_usd=0) as engine:
        assert (await generate(engine)).backend == "free"
        with pytest.raises(OverBudget):
            await generate(engine, backend="paid")
    assert paid.calls == []


@pytest.mark.parametrize("unpriced", ["refuse", "allow"])
async def test_an_unknown_price_is_refused_under_a_limit_unless_allowed(tmp_path: Path, unpriced: str) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend(), unpriced=unpriced) as engine:
        if unpriced == "allow":
            assert (await generate(engine, max_cost_usd=0.01)).status == "done"
        else:
            with pytest.raises(OverBudget, match="The price of one fake-1 is unknown") as caught:
                await generate(engine, max_cost_usd=0.01)
            assert "MEDIASMITH_UNPRICED=allow" in caught.value.hint
            assert provider.calls == []
            assert (await generate(engine)).status == "done"


async def test_the_choice_that_keeps_to_the_limit_is_taken(tmp_path: Path) -> None:
    dear = (Model(id="dear", prices=per_image(0.5)), Model(id="cheap", prices=per_image(0.02)))
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend(models=dear)) as engine:
        assert (await generate(engine)).model == "dear"
        cheap = await generate(engine, max_cost_usd=0.1)
    assert (cheap.model, cheap.warnings) == (
        "cheap",
        ("one dear is estimated at 0.5 USD, above max_cost_usd of 0.1 USD; one cheap is used instead.",),
    )


async def test_a_limit_that_leads_to_a_model_of_known_price_says_so(tmp_path: Path) -> None:
    backends = (
        Scripted().backend("unpriced", preference=1),
        Scripted().backend("priced", models=(Model(id="p", prices=per_image(0.02)),)),
    )
    async with running_engine(tmp_path, *backends) as engine:
        [warning] = (await generate(engine, max_cost_usd=0.1, dry_run=True)).warnings
    assert warning == (
        "The price of unpriced fake-1 is unknown and cannot be checked against max_cost_usd of 0.1 USD; "
        "priced p is used instead."
    )


async def test_a_fallback_keeps_to_the_limit_too(tmp_path: Path) -> None:
    cheap, dear = Scripted(ProviderError("No.", billed="no")), Scripted()
    backends = (
        cheap.backend("cheap", preference=1, models=(Model(id="c", prices=per_image(0.01)),)),
        dear.backend("dear", models=(Model(id="d", prices=per_image(0.5)),)),
    )
    clock = VirtualClock()
    async with running_engine(tmp_path, *backends, clock=clock) as engine, clock.autojump():
        assert (await generate(engine, max_cost_usd=0.1)).backend == "cheap"
    assert (len(cheap.calls), dear.calls) == (2, [])


# A dry run


async def test_a_dry_run_sends_and_writes_nothing_and_tells_what_would_be_done(tmp_path: Path) -> None:
    provider, other = Scripted(), Scripted()
    backends = (
        provider.backend(preference=1, models=(Model(id="m", prices=per_image(0.04)),), takes=IMAGE),
        other.backend("other", takes=IMAGE),
    )
    async with running_engine(tmp_path, *backends) as engine:
        result = await generate(engine, n=2, dry_run=True, image=["data:image/png;base64," + _base64(png())])
        assert (result.status, result.backend, result.model, result.job_id) == ("dry_run", "one", "m", "")
        assert result.cost is not None
        assert (result.cost.usd, result.cost.basis) == (0.08, "estimated")
        assert [(one.backend, one.outcome) for one in result.attempts] == [("other", "would be next")]
        assert (await engine.get_job({}, WAIT_FOR_END)).model_dump()["jobs"] == ()
    assert (provider.calls, other.calls, output_files(tmp_path)) == ([], [], [])
    assert not (tmp_path / "data" / "library.sqlite3").exists()
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.name != "owners.lock"]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def test_a_dry_run_tells_what_stands_against_it(tmp_path: Path) -> None:
    backend = Scripted().backend(models=(Model(id="m", prices=per_image(0.04)),))
    async with running_engine(tmp_path, backend) as engine:
        with pytest.raises(OverBudget):
            await generate(engine, dry_run=True, max_cost_usd=0.01)
        assert (await generate(engine, dry_run=True)).warnings == ()


async def test_a_dry_run_is_not_attached_to(tmp_path: Path) -> None:
    provider = Scripted()
    async with running_engine(tmp_path, provider.backend()) as engine:
        await engine.generate({"prompt": "x", "dry_run": True}, WAIT_FOR_END)
        result = await engine.generate({"prompt": "x"}, WAIT_FOR_END)
    assert (result.status, result.warnings, read_files(result)) == ("done", (), [png()])


# What is kept


async def test_what_is_recorded_of_a_request_has_no_input_in_it(tmp_path: Path) -> None:
    encoded = _base64(png())
    async with running_engine(tmp_path, Scripted().backend(takes=IMAGE)) as engine:
        result = await generate(engine, image=[f"data:image/png;base64,{encoded}"])
    async with open_library(tmp_path) as library:
        stored = await library.job(result.job_id, principal="local")
    assert stored is not None
    assert encoded not in repr(stored)


async def test_no_backend_is_chosen_that_is_only_a_stand_in_once_a_key_is_set(tmp_path: Path) -> None:
    stand_in = fake("sketch", preference=-1)
    real = Scripted()
    signed = fake("real", keys=("REAL_KEY",), start=real.start)
    async with running_engine(tmp_path, stand_in, signed) as engine:
        assert (await generate(engine)).backend == "sketch"
    async with running_engine(tmp_path, stand_in, signed, env={"REAL_KEY": "secret-key"}) as engine:
        assert (await generate(engine)).backend == "real"
