"""What a song is composed from: sections for the first model, chunks for the later ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from loopback.faults import Strict, rule

LONGEST_MS = 600_000
"""How long a song may be."""

_SHORTEST_PART_MS, _LONGEST_PART_MS = 3_000, 120_000
_LONGEST_CONDITION_MS = 30_000
_MOST_LINES = 30
_LONGEST_LINE = 200
_LONGEST_NAME = 100

Styles: TypeAlias = Annotated[list[str], Field(max_length=50)]
Milliseconds: TypeAlias = Annotated[int, Field(ge=_SHORTEST_PART_MS, le=_LONGEST_PART_MS)]
SongId: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]


class Span(Strict):
    """A part of a song."""

    start_ms: int = Field(ge=0)
    end_ms: int

    @model_validator(mode="after")
    def _has_a_length(self) -> Span:
        if self.end_ms <= self.start_ms:
            raise rule("value_error", "end_ms is after start_ms", "end_ms")
        return self

    @property
    def length(self) -> int:
        """Milliseconds."""
        return self.end_ms - self.start_ms


class Source(Strict):
    """A part of an earlier song that a section is taken from."""

    song_id: SongId
    range: Span
    negative_ranges: list[Span] = Field(default_factory=list, max_length=10)


class Section(Strict):
    """A part of a song of the first model."""

    section_name: str = Field(min_length=1, max_length=_LONGEST_NAME)
    positive_local_styles: Styles
    negative_local_styles: Styles
    duration_ms: Milliseconds
    lines: list[Annotated[str, Field(max_length=_LONGEST_LINE)]] = Field(max_length=_MOST_LINES)
    source_from: Source | None = None


class SectionPlan(Strict):
    """A plan of the first model."""

    positive_global_styles: Styles
    negative_global_styles: Styles
    sections: list[Section] = Field(min_length=1, max_length=30)


class Kept(Strict):
    """A part of an earlier song, as it is."""

    song_id: SongId
    range: Span


def _is_sung(text: str) -> str:
    name, closed, _ = text.removeprefix("[").partition("]")
    if text.startswith("[") and not (closed and 1 <= len(name) <= _LONGEST_NAME):
        raise rule("value_error", f"the name of a section has 1 to {_LONGEST_NAME} characters")
    lines = text.splitlines()
    if len(lines) > _MOST_LINES or any(len(line) > _LONGEST_LINE for line in lines):
        raise rule("value_error", f"are at most {_MOST_LINES} lines of {_LONGEST_LINE} characters")
    return text


class Chunk(Strict):
    """A part of a song of a later model, to be made."""

    text: Annotated[str, Field(max_length=6000), AfterValidator(_is_sung)]
    duration_ms: Milliseconds
    positive_styles: Styles
    negative_styles: Styles = Field(default_factory=list)
    context_adherence: Literal["low", "medium", "high"] = "high"
    conditioning_ref: Kept | None = None
    condition_strength: Literal["low", "medium", "high", "xhigh"] | None = None

    @model_validator(mode="after")
    def _is_conditioned(self) -> Chunk:
        if self.condition_strength and not self.conditioning_ref:
            raise rule("value_error", "needs a conditioning_ref", "condition_strength")
        if self.conditioning_ref and self.conditioning_ref.range.length > _LONGEST_CONDITION_MS:
            raise rule("value_error", f"is at most {_LONGEST_CONDITION_MS} ms long", "conditioning_ref")
        return self


def _kind_of_chunk(chunk: Any) -> str:
    return "kept" if (isinstance(chunk, dict) and "song_id" in chunk) or isinstance(chunk, Kept) else "made"


def _kind_of_plan(plan: Any) -> str:
    return "chunks" if (isinstance(plan, dict) and "chunks" in plan) or isinstance(plan, ChunkPlan) else "sections"


class ChunkPlan(Strict):
    """A plan of a later model."""

    chunks: list[
        Annotated[Annotated[Chunk, Tag("made")] | Annotated[Kept, Tag("kept")], Discriminator(_kind_of_chunk)]
    ] = Field(min_length=1, max_length=30)


AnyPlan: TypeAlias = ChunkPlan | SectionPlan
"""A plan of either form."""

Plan: TypeAlias = Annotated[
    Annotated[ChunkPlan, Tag("chunks")] | Annotated[SectionPlan, Tag("sections")], Discriminator(_kind_of_plan)
]
"""A plan of either form, as a request brings it."""


def length(plan: AnyPlan) -> int:
    """Milliseconds of the song that a plan makes."""
    if isinstance(plan, SectionPlan):
        return sum(section.duration_ms for section in plan.sections)
    return sum(chunk.range.length if isinstance(chunk, Kept) else chunk.duration_ms for chunk in plan.chunks)


def references(plan: AnyPlan) -> Iterator[Source | Kept]:
    """Every part of an earlier song that a plan takes up."""
    if isinstance(plan, SectionPlan):
        yield from (section.source_from for section in plan.sections if section.source_from)
        return
    for chunk in plan.chunks:
        if isinstance(chunk, Kept):
            yield chunk
        elif chunk.conditioning_ref:
            yield chunk.conditioning_ref


def drawn_up(prompt: str, milliseconds: int, *, sections: bool) -> AnyPlan:
    """A plan for what is wished: parts of about half a minute."""
    lengths = _parts(milliseconds)
    if not sections:
        return ChunkPlan(chunks=[_chunk(number, prompt, each) for number, each in enumerate(lengths, 1)])
    return SectionPlan(
        positive_global_styles=[prompt],
        negative_global_styles=[],
        sections=[_section(number, each) for number, each in enumerate(lengths, 1)],
    )


def redrawn(plan: AnyPlan, prompt: str) -> AnyPlan:
    """A plan that ends as is now wished, and is as it was before that."""
    if isinstance(plan, ChunkPlan):
        *before, last = plan.chunks
        duration = last.range.length if isinstance(last, Kept) else last.duration_ms
        duration = min(max(duration, _SHORTEST_PART_MS), _LONGEST_PART_MS)
        return ChunkPlan(chunks=[*before, _chunk(len(plan.chunks), prompt, duration)])
    styled = plan.sections[-1].model_copy(update={"positive_local_styles": [prompt], "source_from": None})
    return plan.model_copy(update={"sections": [*plan.sections[:-1], styled]})


def _parts(milliseconds: int) -> Sequence[int]:
    count = max(1, round(milliseconds / 30_000))
    part = milliseconds // count
    return [part] * (count - 1) + [milliseconds - part * (count - 1)]


def _chunk(number: int, prompt: str, milliseconds: int) -> Chunk:
    return Chunk(text=f"[Part {number}]\nla la la", duration_ms=milliseconds, positive_styles=[prompt])


def _section(number: int, milliseconds: int) -> Section:
    return Section(
        section_name=f"Part {number}",
        positive_local_styles=[],
        negative_local_styles=[],
        duration_ms=milliseconds,
        lines=["la la la"],
    )
