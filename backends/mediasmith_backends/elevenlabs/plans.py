"""What a song is composed from: parts of so many seconds, each with its words and its style."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

_LONGEST_MS = 600_000
_VOICES = "vocals"  # what is asked not to be heard in a part without singing
_DIRECTION = re.compile(r"\s*[\[{]")  # how the lines of a text begin that nobody sings

_SAID = ("text", "duration_ms", "positive_styles", "negative_styles")

Styles = Annotated[tuple[str, ...], Field(max_length=50)]
"""How a part is to sound, or is not to, each in a few English words."""


class _Piece(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Span(_Piece):
    """A stretch of a song, in milliseconds from its start."""

    start_ms: Annotated[int, Field(ge=0)]
    end_ms: int

    @model_validator(mode="after")
    def _goes_forward(self) -> Span:
        if self.end_ms <= self.start_ms:
            raise ValueError("end_ms comes after start_ms")
        return self


class Excerpt(_Piece):
    """A stretch of a song that the provider has kept."""

    song_id: str
    range: Span

    @property
    def duration_ms(self) -> int:
        """How long it is."""
        return self.range.end_ms - self.range.start_ms


class Chunk(_Piece):
    """A part that is to be made. `text` has the section's name in [], lyrics, and directions in {}."""

    text: Annotated[str, Field(max_length=6000)]
    duration_ms: Annotated[int, Field(ge=3000, le=120_000)]
    positive_styles: Styles
    negative_styles: Styles = ()
    context_adherence: str | None = None
    conditioning_ref: Excerpt | None = None
    condition_strength: str | None = None


class CompositionPlan(_Piece):
    """A whole song, part by part."""

    chunks: Annotated[tuple[Chunk | Excerpt, ...], Field(min_length=1, max_length=30)]

    @model_validator(mode="after")
    def _is_no_longer_than_a_song(self) -> CompositionPlan:
        if self.duration_ms > _LONGEST_MS:
            raise ValueError(f"its parts are longer than {_LONGEST_MS:,} ms together")
        return self

    @property
    def duration_ms(self) -> int:
        """How long the song will be."""
        return sum(chunk.duration_ms for chunk in self.chunks)

    @property
    def takes_from_songs(self) -> bool:
        """Whether anything in it is taken from songs that the provider has kept, or is made like a part of one."""
        return any(isinstance(chunk, Excerpt) or chunk.conditioning_ref for chunk in self.chunks)


def unsung(plan: CompositionPlan) -> CompositionPlan:
    """The same song without a voice: nothing is left to sing."""
    return CompositionPlan(chunks=tuple(_unsung(chunk) if isinstance(chunk, Chunk) else chunk for chunk in plan.chunks))


def _unsung(chunk: Chunk) -> Chunk:
    kept = [line for line in chunk.text.splitlines() if _DIRECTION.match(line)]
    unwanted = dict.fromkeys((_VOICES, *chunk.negative_styles))
    text = "\n".join(kept) or "[Instrumental]"
    return chunk.model_copy(update={"text": text, "negative_styles": tuple(unwanted)[:50]})


def resumed(plan: CompositionPlan, before: CompositionPlan, song: str) -> CompositionPlan | None:
    """The plan with what is as `before` taken out of that song, as it was made; None when that is all or nothing.

    `song` is the id of the song that was made of `before`.
    """
    ends = list(accumulate(chunk.duration_ms for chunk in before.chunks))
    places = [
        (chunk, Span(start_ms=end - chunk.duration_ms, end_ms=end))
        for chunk, end in zip(before.chunks, ends, strict=True)
    ]
    chunks: list[Chunk | Excerpt] = []
    for chunk in plan.chunks:
        found = next((place for place in places if _alike(place[0], chunk)), None)
        if found:
            places.remove(found)
        chunks.append(Excerpt(song_id=song, range=found[1]) if found else chunk)
    unchanged = len(before.chunks) - len(places)
    return CompositionPlan(chunks=tuple(_joined(chunks))) if 0 < unchanged < len(plan.chunks) else None


def _alike(one: Chunk | Excerpt, other: Chunk | Excerpt) -> bool:
    """Whether two parts sound the same, by what is said of them; what one leaves open the other may tell."""
    return one == other or all(getattr(one, word, one) == getattr(other, word, other) for word in _SAID)


def _joined(chunks: Sequence[Chunk | Excerpt]) -> Iterator[Chunk | Excerpt]:
    """The parts, where those that follow each other in a song are one."""
    last, *rest = chunks
    for chunk in rest:
        if isinstance(last, Excerpt) and isinstance(chunk, Excerpt) and _follows(chunk, last):
            span = Span(start_ms=last.range.start_ms, end_ms=chunk.range.end_ms)
            last = Excerpt(song_id=last.song_id, range=span)
        else:
            yield last
            last = chunk
    yield last


def _follows(one: Excerpt, other: Excerpt) -> bool:
    return (one.song_id, one.range.start_ms) == (other.song_id, other.range.end_ms)
