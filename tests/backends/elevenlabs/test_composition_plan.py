"""Composition plans: what is valid, what an instrumental leaves out, and what is reused of an earlier song."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from mediasmith_backends.elevenlabs.composition_plan import (
    Chunk,
    CompositionPlan,
    Excerpt,
    Span,
    reuse_song,
    without_vocals,
)

PART: Mapping[str, Any] = {"text": "", "duration_ms": 3000, "positive_styles": []}


def plan(*texts: str) -> CompositionPlan:
    return CompositionPlan(chunks=tuple(Chunk(text=text, duration_ms=3000, positive_styles=()) for text in texts))


def excerpt(start: int, end: int) -> Excerpt:
    return Excerpt(song_id="s", range=Span(start_ms=1000 * start, end_ms=1000 * end))


@pytest.mark.parametrize(
    "fields",
    [
        {"chunks": []},
        {"chunks": [{**PART, "duration_ms": 2999}]},
        {"chunks": [{**PART, "tempo": 120}]},
        {"chunks": [{"song_id": "s", "range": {"start_ms": 10, "end_ms": 10}}]},
        {"chunks": [{**PART, "duration_ms": 120_000}] * 6},
        {"sections": []},
    ],
    ids=["empty", "short part", "unknown field", "empty excerpt", "long song", "older form"],
)
def test_an_invalid_plan_is_rejected(fields: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CompositionPlan.model_validate(fields)


def test_an_instrumental_keeps_directions_and_drops_lyrics() -> None:
    song = CompositionPlan(
        chunks=(
            Chunk(text="[Verse]\nla la\n{guitar}", duration_ms=3000, positive_styles=(), negative_styles=("vocals",)),
            Chunk(text="la la", duration_ms=3000, positive_styles=()),
            excerpt(0, 1),
        )
    )
    first, second, third = without_vocals(song).chunks
    assert isinstance(first, Chunk)
    assert isinstance(second, Chunk)
    assert (first.text, first.negative_styles) == ("[Verse]\n{guitar}", ("vocals",))
    assert (second.text, second.negative_styles) == ("[Instrumental]", ("vocals",))
    assert third == song.chunks[2]
    assert without_vocals(without_vocals(song)) == without_vocals(song)


def test_excerpts_that_follow_each_other_become_one() -> None:
    reused = reuse_song(plan("a", "b", "x", "a", "c"), plan("a", "b", "c", "a"), "s")
    assert reused
    assert reused.chunks == (excerpt(0, 6), plan("x").chunks[0], excerpt(9, 12), excerpt(6, 9))


def test_a_setting_that_the_earlier_plan_left_open_makes_no_difference() -> None:
    explicit = plan("a").chunks[0].model_copy(update={"context_adherence": "high"})
    reused = reuse_song(CompositionPlan(chunks=(explicit, *plan("x").chunks)), plan("a"), "s")
    assert reused
    assert reused.chunks[0] == excerpt(0, 3)


@pytest.mark.parametrize("texts", ["ab", "xy"])
def test_nothing_is_reused_when_all_or_no_parts_are_the_same(texts: str) -> None:
    assert reuse_song(plan(*texts), plan("a", "b"), "s") is None
