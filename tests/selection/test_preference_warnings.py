"""What is said where the user's default, or a backend that rests, is not what is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from fakes.backends import FakeParams, fake
from fakes.engines import Scripted, continue_edit, generate, running_engine, voice_backend
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Model, Takes
from mediasmith.plugin.errors import OutOfCredit
from mediasmith.plugin.kinds import Role


class Square(FakeParams):
    aspect_ratio: Literal["1:1"] | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


IMAGE: Mapping[Role, Takes] = {"image": Takes()}
SMALL = Model(id="small", accepts={"mood": ("calm",)})


@pytest.mark.parametrize(
    ("default", "given", "note"),
    [
        ("square", {"aspect_ratio": "16:9"}, "square, which cannot do this (takes aspect_ratio 1:1)"),
        ("unready", {}, "unready, which cannot do this (Set UNREADY_KEY and restart the server)"),
        ("one:small", {"options": {"mood": "wild"}}, "one:small, which cannot do this (takes mood calm with small)"),
        ("nobody", {}, "nobody for image, which is not an installed backend"),
    ],
)
async def test_a_default_that_is_passed_over_is_named_with_the_reason(
    tmp_path: Path, default: str, given: dict[str, Any], note: str
) -> None:
    one = fake("one", models=(Model(id="big"), SMALL), preference=1)
    backends = one, fake("square", params=Square), fake("unready", keys=("UNREADY_KEY",))
    async with running_engine(tmp_path, *backends, defaults={"image": default}) as engine:
        result = await generate(engine, **given)
    assert result.warnings == (f"MEDIASMITH_DEFAULTS names {note}; one big is used instead.",)


async def test_a_default_for_no_known_kind_is_named_where_there_is_none_for_this_kind(tmp_path: Path) -> None:
    problem = "MEDIASMITH_DEFAULTS names images, which is not a kind; did you mean image?"
    async with running_engine(tmp_path, fake("one"), fake("two"), defaults={"images": "two"}) as engine:
        assert (await generate(engine)).warnings == (f"one fake-1 is used: {problem}",)
        assert (await generate(engine, backend="two")).warnings == ()
    async with running_engine(tmp_path, fake("one"), defaults={"images": "two", "image": "one"}) as engine:
        assert (await generate(engine)).warnings == ()


async def test_an_order_that_names_an_unknown_backend_is_named(tmp_path: Path) -> None:
    async with running_engine(tmp_path, fake("one"), fake("two"), order=("twoo", "one")) as engine:
        assert (await generate(engine)).warnings == (
            "one fake-1 is used: MEDIASMITH_ORDER names twoo, which is not an installed backend; did you mean two?",
        )
        assert (await generate(engine, backend="two")).warnings == ()


async def test_a_default_is_not_spoken_of_where_it_is_used_or_the_caller_has_chosen(tmp_path: Path) -> None:
    one, two = Scripted().backend("one", preference=1), Scripted().backend("two", edits="image", takes=IMAGE)
    async with running_engine(tmp_path, one, two, defaults={"image": "one"}) as engine:
        used, named = await generate(engine), await generate(engine, backend="two")
        edited = await continue_edit(engine, named.continuation_id)
    assert [(each.backend, each.warnings) for each in (used, named, edited)] == [("one", ()), ("two", ()), ("two", ())]


async def test_a_default_that_does_not_list_the_voice_is_passed_over_aloud(tmp_path: Path) -> None:
    backends = voice_backend(Scripted(), "one", "Rachel"), voice_backend(Scripted(), "two", "Kore")
    async with running_engine(tmp_path, *backends, defaults={"image": "one"}) as engine:
        result = await generate(engine, voice="Kore")
    [warning] = result.warnings
    assert warning == (
        "MEDIASMITH_DEFAULTS names one, which does not list what was asked for; two two-0 is used instead."
    )


async def test_a_backend_that_rests_is_named_with_how_long(tmp_path: Path) -> None:
    clock, one = VirtualClock(), Scripted(OutOfCredit("No credit."))
    backends = one.backend("one", preference=1), Scripted().backend("other")
    async with running_engine(tmp_path, *backends, clock=clock) as engine:
        await generate(engine)
        await clock.advance(18)
        assert (await generate(engine)).warnings == (
            "one failed a moment ago and is tried last for another 42 s; other fake-1 is used instead.",
        )
        assert (await generate(engine, backend="other")).warnings == ()
        await clock.advance(43)
        assert (await generate(engine)).warnings == ()
