"""How large a picture or a video is, in all the ways that this can be said."""

from __future__ import annotations

import re
from collections.abc import Mapping

from loopback.faults import rule
from loopback.pictures import pixels

_TOLERANCE = 0.02
_PIXELS = re.compile(r"[1-9]\d{1,3}x[1-9]\d{1,3}")


def explicit(size: str) -> bool:
    """Whether a size is in pixels."""
    return bool(_PIXELS.fullmatch(size))


def proportion(ratio: str) -> float:
    """Width by height."""
    width, _, height = ratio.partition(":")
    return float(width) / float(height)


def agree(size: str, resolution: str, ratio: str, edges: Mapping[str, int]) -> None:
    """Raise when a size says something else than the resolution or the ratio beside it.

    `edges` are the lengths that each resolution stands for: of either side.
    """
    if not size:
        return
    if not explicit(size):
        if size not in edges:
            raise rule("size", "is neither pixels nor a known resolution", "size")
        if resolution and resolution != size:
            raise rule("size", "conflicts with resolution", "size")
        return
    width, height = pixels(size)
    if resolution and edges[resolution] not in (width, height):
        raise rule("size", "conflicts with resolution", "size")
    if ratio and ratio != "auto" and abs(width / height / proportion(ratio) - 1) > _TOLERANCE:
        raise rule("size", "conflicts with aspect_ratio", "size")


def within(edge: int, ratio: str) -> tuple[int, int]:
    """Width and height when the longer side has this length; both are even."""
    shape = 1.0 if ratio in ("", "auto") else proportion(ratio)
    width, height = (edge, edge / shape) if shape >= 1 else (edge * shape, edge)
    return _even(width), _even(height)


def around(edge: int, ratio: str) -> tuple[int, int]:
    """Width and height when the shorter side has this length; both are even."""
    shape = proportion(ratio)
    width, height = (edge * shape, edge) if shape >= 1 else (edge, edge / shape)
    return _even(width), _even(height)


def _even(length: float) -> int:
    return 2 * round(length / 2)
