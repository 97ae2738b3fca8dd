"""Composition plans: a song part by part, each with its length, its text and its styles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

_MAX_SONG_MS = 600_000
_MAX_STYLES = 50
_VOCALS = "vocals"  # the style that an instrumental part excludes
_NOT_SUNG = re.compile(r"\s*[\[{]")  # how the lines of a text begin that are not lyrics
_COMPARED = ("text", "duration_ms", "positive_styles", "negative_styles")

Styles = Annotated[tuple[str, ...], Field(max_length=_MAX_STYLES)]
"""What a part sounds like, or does not, each in a few English words."""


class _PlanModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Span(_PlanModel):
    """A stretch of a song, in milliseconds from its start."""

    start_ms: Annotated[int, Field(ge=0)]
    end_ms: int

    @model_validator(mode="after")
    def _check_order(self) -> Span:
        if self.end_ms <= self.start_ms:
            raise ValueError("end_ms must be after start_ms")
        return self


class Excerpt(_PlanModel):
    """A stretch of a song that the provider has stored."""

    song_id: str
    range: Span

    @property
    def duration_ms(self) -> int:
        """Milliseconds."""
        return self.range.end_ms - self.range.start_ms


class Chunk(_PlanModel):
    """A part to compose. `text` has the section's name in [], lyrics, and directions in {}."""

    text: Annotated[str, Field(max_length=6000)]
    duration_ms: Annotated[int, Field(ge=3000, le=120_000)]
    positive_styles: Styles
    negative_styles: Styles = ()
    context_adherence: str | None = None
    conditioning_ref: Excerpt | None = None
    condition_strength: str | None = None


class CompositionPlan(_PlanModel):
    """A whole song."""

    chunks: Annotated[tuple[Chunk | Excerpt, ...], Field(min_length=1, max_length=30)]

    @model_validator(mode="after")
    def _check_length(self) -> CompositionPlan:
        if self.duration_ms > _MAX_SONG_MS:
            raise ValueError(f"the chunks may have {_MAX_SONG_MS:,} ms together, not {self.duration_ms:,}")
        return self

    @property
    def duration_ms(self) -> int:
        """Milliseconds."""
        return sum(chunk.duration_ms for chunk in self.chunks)

    @property
    def uses_stored_songs(self) -> bool:
        """Whether a part is taken from a stored song, or is composed like a part of one."""
        return any(isinstance(chunk, Excerpt) or chunk.conditioning_ref for chunk in self.chunks)


def without_vocals(plan: CompositionPlan) -> CompositionPlan:
    """Return the same song without lyrics and vocals."""
    return CompositionPlan(
        chunks=tuple(_without_vocals(chunk) if isinstance(chunk, Chunk) else chunk for chunk in plan.chunks)
    )


def reuse_song(plan: CompositionPlan, earlier: CompositionPlan, song_id: str) -> CompositionPlan | None:
    """Return a plan that takes every part which is as in the earlier plan from the song composed of that.

    None when this is true of all parts or of none: then there is nothing to reuse, or nothing to compose.
    """
    ends = list(accumulate(chunk.duration_ms for chunk in earlier.chunks))
    unused = [
        (chunk, Span(start_ms=end - chunk.duration_ms, end_ms=end))
        for chunk, end in zip(earlier.chunks, ends, strict=True)
    ]
    chunks: list[Chunk | Excerpt] = []
    for chunk in plan.chunks:
        found = next((each for each in unused if _same_sound(each[0], chunk)), None)
        if found:
            unused.remove(found)
        chunks.append(Excerpt(song_id=song_id, range=found[1]) if found else chunk)
    reused = len(earlier.chunks) - len(unused)
    return CompositionPlan(chunks=tuple(_merge_excerpts(chunks))) if 0 < reused < len(plan.chunks) else None


def _without_vocals(chunk: Chunk) -> Chunk:
    directions = [line for line in chunk.text.splitlines() if _NOT_SUNG.match(line)]
    excluded = dict.fromkeys((_VOCALS, *chunk.negative_styles))
    text = "\n".join(directions) or "[Instrumental]"
    return chunk.model_copy(update={"text": text, "negative_styles": tuple(excluded)[:_MAX_STYLES]})


def _same_sound(one: Chunk | Excerpt, other: Chunk | Excerpt) -> bool:
    """Return whether two parts sound the same: a setting that only one of them has makes no difference."""
    return one == other or all(getattr(one, word, one) == getattr(other, word, other) for word in _COMPARED)


def _merge_excerpts(chunks: Sequence[Chunk | Excerpt]) -> Iterator[Chunk | Excerpt]:
    """Yield the parts; excerpts that follow each other in their song become one."""
    last, *rest = chunks
    for chunk in rest:
        if isinstance(last, Excerpt) and isinstance(chunk, Excerpt) and _follows(chunk, last):
            span = Span(start_ms=last.range.start_ms, end_ms=chunk.range.end_ms)
            last = Excerpt(song_id=last.song_id, range=span)
        else:
            yield last
            last = chunk
    yield last


def _follows(excerpt: Excerpt, earlier: Excerpt) -> bool:
    return (excerpt.song_id, excerpt.range.start_ms) == (earlier.song_id, earlier.range.end_ms)
