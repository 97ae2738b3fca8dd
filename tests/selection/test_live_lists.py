"""What providers list: ids beside names, lists that are not there, and what is new in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.backends import capability, fake
from fakes.engines import Scripted, Voiced, generate, per_image, running_engine
from fakes.virtual_clock import VirtualClock
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Backend, Call, Model, Names, Output, Result
from mediasmith.plugin.errors import NothingSuitable, OutOfCredit, OverBudget, Unreachable
from mediasmith.plugin.media import wav

SARAH = {"Sarah - Mature, Reassuring": "EXAVITQu4vr4xnSDxMaL"}


class Voices:
    """A provider with these voices, or with a list that is not there."""

    def __init__(self, voices: Names | None, *starts: Any) -> None:
        self.voices = voices
        self.asked = 0
        self.provider = Scripted(*starts)

    async def __call__(self, _client: None) -> Names:
        self.asked += 1
        if self.voices is None:
            raise Unreachable("No connection.")
        return self.voices

    def backend(
        self,
        name: str,
        preference: int = 0,
        models: int = 1,
        offered: tuple[Model, ...] = (),
        builtin_choices: Mapping[str, Names] | None = None,
    ) -> Backend[None]:
        return self.provider.backend(
            name,
            params=Voiced,
            choices={"voice": self},
            builtin_choices=builtin_choices or {},
            preference=preference,
            models=offered or tuple(Model(id=f"{name}-{number}") for number in range(models)),
        )


async def order(engine: Engine, voice: str) -> list[str]:
    """The backends that would do it, one after the other."""
    forecast = await generate(engine, voice=voice, dry_run=True)
    return [forecast.backend, *(attempt.backend for attempt in forecast.attempts)]


@pytest.mark.parametrize("voice", ["EXAVITQu4vr4xnSDxMaL", "Sarah"])
async def test_a_voice_is_listed_by_its_id_as_well(tmp_path: Path, voice: str) -> None:
    one, two = Voices(["Kore"]), Voices(SARAH, OutOfCredit("No credit."))
    async with running_engine(tmp_path, one.backend("one", 1), two.backend("two")) as engine:
        with pytest.raises(OutOfCredit, match=f"No other backend lists voice {voice}"):
            await generate(engine, voice=voice)
        shown = await engine.list_backends({"backend": "two"})
    assert one.provider.calls == []
    assert shown.capabilities[0].choices == {"voice": tuple(SARAH)}


async def test_a_list_that_is_not_there_is_neither_a_yes_nor_a_no(tmp_path: Path) -> None:
    lacks, unknown, has = Voices(["Kore"]), Voices(None), Voices(SARAH)
    backends = lacks.backend("lacks", 2), unknown.backend("unknown", 1, models=3), has.backend("has")
    async with running_engine(tmp_path, *backends) as engine:
        assert await order(engine, "Sarah") == ["has", *["unknown"] * 3, "lacks"]
        assert unknown.asked == 1, "it was asked for every model"


async def test_who_does_not_list_is_asked_rather_than_who_lacks_the_voice(tmp_path: Path) -> None:
    silent, other = Voices(None, OutOfCredit("No credit.")), Voices(["Kore"])
    async with running_engine(tmp_path, other.backend("other", 1), silent.backend("silent")) as engine:
        with pytest.raises(OutOfCredit, match="No other backend lists voice Sarah"):
            await generate(engine, voice="Sarah")
    assert other.provider.calls == []


async def test_who_does_not_list_is_gone_on_to(tmp_path: Path) -> None:
    first, lacks, silent = Voices(SARAH, OutOfCredit("No credit.")), Voices(["Kore"]), Voices(None)
    backends = first.backend("first", 2), lacks.backend("lacks", 1), silent.backend("silent")
    async with running_engine(tmp_path, *backends) as engine:
        assert (await generate(engine, voice="Sarah")).backend == "silent"
    assert lacks.provider.calls == []


async def test_a_built_in_voice_is_known_where_no_list_can_be_had(tmp_path: Path) -> None:
    lacks, unknown, silent = Voices(["Kore"]), Voices(None), Voices(None)
    backends = (
        lacks.backend("lacks", 2),
        unknown.backend("unknown", 1),
        silent.backend("silent", builtin_choices={"voice": SARAH}),
    )
    async with running_engine(tmp_path, *backends) as engine:
        assert await order(engine, "Sarah") == ["silent", "unknown", "lacks"]
        assert await order(engine, "Grandmother") == ["unknown", "silent", "lacks"]
        shown = await engine.list_backends({"backend": "silent"})
        silent.voices = ["Kore"]
        assert await order(engine, "Kore") == ["lacks", "silent", "unknown"]
    assert shown.capabilities[0].choices == {"voice": tuple(SARAH)}


async def test_a_model_that_lists_its_own_voices_is_matched_with_no_other_list(tmp_path: Path) -> None:
    own = Model(id="own", accepts={"voice": ("Sarah",)})
    listed = Voices(["Kore"])
    one, two = listed.backend("one", 1, offered=(own, Model(id="open"))), Voices(["Rachel"]).backend("two")
    async with running_engine(tmp_path, one, two) as engine:
        models = [(await generate(engine, voice=voice, dry_run=True)).model for voice in ("Sarah", "Kore", "Rachel")]
    assert models == ["own", "open", "two-0"]


async def test_a_voice_that_was_made_elsewhere_is_found_at_once(tmp_path: Path) -> None:
    clock, one, two = VirtualClock(), Voices(["Kore"]), Voices(SARAH)
    async with running_engine(tmp_path, one.backend("one", 1, models=3), two.backend("two"), clock=clock) as engine:
        assert await order(engine, "Sarah") == ["two", *["one"] * 3]
        two.voices = ["Grandmother"]
        await clock.advance(1)
        assert await order(engine, "Grandmother") == ["two", *["one"] * 3]
        assert (one.asked, two.asked) == (2, 2)
        await clock.advance(1)
        assert (await order(engine, "Kore"))[0] == "one"
        assert (one.asked, two.asked) == (2, 3), "what is listed was asked for again"


async def test_a_voice_that_was_made_here_is_shown_at_once(tmp_path: Path) -> None:
    voices = Voices(["Kore"])

    async def keep(_call: Call[None, Any]) -> Result:
        voices.voices = ["Kore", "Grandmother"]
        return Result(outputs=(Output(body=wav(bytes(4800), rate=24_000), mime="audio/wav"),))

    speech = capability("speech", kind="speech", params=Voiced, choices={"voice": voices})
    clone = capability("clone", kind="voice_clone", start=keep)
    async with running_engine(tmp_path, fake("one", capabilities=(speech, clone))) as engine:
        await engine.list_backends({"backend": "one"})
        await generate(engine, kind="voice_clone")
        shown = await engine.list_backends({"backend": "one", "kind": "speech"})
    assert shown.capabilities[0].choices == {"voice": ("Kore", "Grandmother")}


class Discovery:
    """A provider that lists the models it serves now, or fails to."""

    def __init__(self, *models: Model) -> None:
        self.models = models
        self.asked = 0

    async def __call__(self, _client: None) -> tuple[Model, ...]:
        self.asked += 1
        if not self.models:
            raise Unreachable("No connection.")
        return self.models


DECLARED = Model(id="declared", accepts={"mood": ("calm",)})
SERVED = Model(id="served", accepts={"mood": ("wild",)}, prices=per_image(0.25))


async def test_live_models_are_selected_priced_and_limited_like_declared_ones(tmp_path: Path) -> None:
    provider, discover = Scripted(), Discovery(SERVED)
    async with running_engine(tmp_path, provider.backend(models=(DECLARED,), discover=discover)) as engine:
        result = await generate(engine, options={"mood": "wild"})
        with pytest.raises(OverBudget, match=r"one served is estimated at 0\.25 USD"):
            await generate(engine, max_cost_usd=0.2)
        with pytest.raises(NothingSuitable, match="takes mood wild with served"):
            await generate(engine, options={"mood": "calm"})
    assert (result.model, result.cost and result.cost.usd, discover.asked) == ("served", 0.25, 1)


async def test_an_empty_list_says_that_no_model_is_served(tmp_path: Path) -> None:
    async def nothing(_client: None) -> tuple[Model, ...]:
        return ()

    one = Scripted().backend("one", models=(DECLARED,), discover=nothing, preference=1)
    async with running_engine(tmp_path, one, Scripted().backend("two")) as engine:
        assert (await generate(engine)).backend == "two"
        detail = (await engine.list_backends({"backend": "one"})).capabilities[0]
    assert detail.models == ()


async def test_the_declared_models_are_used_while_the_list_cannot_be_had(tmp_path: Path) -> None:
    clock, discover = VirtualClock(), Discovery()
    provider = Scripted()
    backend = provider.backend(models=(DECLARED,), discover=discover)
    async with running_engine(tmp_path, backend, clock=clock) as engine:
        assert (await generate(engine, options={"mood": "calm"})).model == "declared"
        assert (await generate(engine)).model == "declared"
        assert discover.asked == 1, "a list that cannot be had is not asked for at every call"
        discover.models = (SERVED,)
        await clock.advance(301)
        assert (await generate(engine)).model == "served"


async def test_only_backends_that_may_be_chosen_are_asked_for_their_models(tmp_path: Path) -> None:
    named, other, elsewhere = Discovery(SERVED), Discovery(SERVED), Discovery(SERVED)
    one = Scripted().backend("one", discover=named)
    two = Scripted().backend("two", discover=other)
    music = Scripted().backend("music", kind="music", discover=elsewhere)
    async with running_engine(tmp_path, one, two, music) as engine:
        await generate(engine, backend="one")
    assert (named.asked, other.asked, elsewhere.asked) == (1, 0, 0)
