"""What can be asked of a picture, wherever the provider makes one, and what does not go together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from pydantic import Field

from fakes.openai.catalogue import IMAGE_MODELS
from fakes.openai.errors import picture_rule
from loopback.faults import Strict
from loopback.pictures import Look, pixels

_STANDARD = ("1024x1024", "1536x1024", "1024x1536")
_LONGEST_EDGE = 3840
_AREA = range(655_360, 8_294_401)
_FIRST_FREE = 2.0  # The generation from which a picture may have other sizes than the standard ones.
_FIRST_FINE = 2.5  # The generation from which there are the two highest qualities, and markup.

Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Reasoning(Strict):
    """How hard the author of an SVG thinks."""

    effort: Effort = "medium"


class Svg(Strict):
    """Who writes an SVG."""

    model: str = ""
    reasoning: Reasoning = Reasoning()


class Wishes(Strict):
    """The fields that every request for a picture has."""

    background: Literal["transparent", "opaque", "auto"] = "auto"
    complexity: Literal["low", "medium", "high"] = "high"
    frame_count: int = Field(default=9, ge=2, le=16)
    frame_duration_ms: int = Field(default=200, ge=1)
    output_compression: int = Field(default=100, ge=0, le=100)
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] = "png"
    partial_images: int = Field(default=0, ge=0, le=3)
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto"] = "auto"
    size: str = "auto"
    svg: Svg | None = None

    @property
    def transparent(self) -> bool:
        """Whether one shall see through it."""
        return self.background == "transparent"

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height of what is made."""
        return (1024, 1024) if self.size == "auto" else pixels(self.size)

    @property
    def look(self) -> Look:
        """How it is stored."""
        frames = self.frame_count if self.output_format == "gif" else 1
        return Look(
            form=self.output_format,
            transparent=self.transparent,
            compression=self.output_compression,
            frames=frames,
            frame_ms=self.frame_duration_ms,
        )

    def told(self) -> dict[str, object]:
        """How the provider names what it chose, in answers."""
        return {
            "background": "transparent" if self.transparent else "opaque",
            "output_format": self.output_format,
            "quality": "high" if self.quality == "auto" else self.quality,
            "size": "{}x{}".format(*self.dimensions),
        }

    def hold_together(self, model: str, *, n: int = 1, stream: bool = False, mask: bool = False) -> None:
        """Raise the first of the rules that this breaks."""
        generation = IMAGE_MODELS.get(model, _FIRST_FINE)
        for field, message in (
            *_of_size(self.size, generation),
            *self._of_quality(generation),
            *self._of_format(n=n, mask=mask),
            *self._of_stream(stream=stream),
        ):
            raise picture_rule("invalid_value", message, field)

    def _of_quality(self, generation: float) -> Iterator[tuple[str, str]]:
        if self.quality in ("xhigh", "max") and generation < _FIRST_FINE:
            yield "quality", f"This model does not support the quality '{self.quality}'."
        if self.transparent and self.output_format not in ("png", "webp"):
            yield "background", f"Transparent backgrounds need png or webp, not {self.output_format}."

    def _of_format(self, *, n: int, mask: bool) -> Iterator[tuple[str, str]]:
        given, form = self.model_fields_set, self.output_format
        if "output_compression" in given and form not in ("webp", "jpeg"):
            yield "output_compression", f"Compression is not supported for {form}."
        for field in ("frame_count", "frame_duration_ms"):
            if field in given and form != "gif":
                yield field, "Only GIFs have frames."
        if mask and form == "gif":
            yield "mask", "GIF output does not support masks."
        if self.svg and form != "svg":
            yield "svg", "This needs output_format svg."
        if n > 1 and form == "svg":
            yield "n", "SVG output is made one at a time."

    def _of_stream(self, *, stream: bool) -> Iterator[tuple[str, str]]:
        if stream and self.output_format in ("gif", "svg"):
            yield "stream", f"Streaming is not supported for {self.output_format}."
        # The provider leaves this open; what has no effect is a mistake of who asks for it.
        if self.partial_images and not stream:
            yield "partial_images", "Partial images need a stream."


def takes_markup(model: str) -> bool:
    """Whether a model reads instructions that are drawn on a picture."""
    return IMAGE_MODELS.get(model, _FIRST_FINE) >= _FIRST_FINE


def _of_size(size: str, generation: float) -> Iterator[tuple[str, str]]:
    if size == "auto" or size in _STANDARD:
        return
    if generation < _FIRST_FREE:
        yield "size", f"Invalid value: '{size}'. Supported values are: {', '.join(_STANDARD)}, and auto."
    elif not re.fullmatch(r"[1-9]\d{0,4}x[1-9]\d{0,4}", size):
        yield "size", f"Invalid size '{size}'. Expected WIDTHxHEIGHT, for example '1824x1024'."
    else:
        yield from (("size", f"Invalid size '{size}'. {problem}") for problem in _of_edges(*pixels(size)))


def _of_edges(width: int, height: int) -> Iterator[str]:
    if width % 16 or height % 16:
        yield "Width and height must both be divisible by 16."
    if max(width, height) > _LONGEST_EDGE:
        yield f"The longest edge must be less than or equal to {_LONGEST_EDGE}."
    if max(width, height) > 3 * min(width, height):
        yield "The aspect ratio must be between 1:3 and 3:1."
    if width * height not in _AREA:
        yield f"The picture must have {_AREA.start} to {_AREA.stop - 1} pixels."
