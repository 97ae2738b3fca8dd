"""A figure: one thing that pictures are composed of, drawn as outlines in a box of 100 by 100."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from mediasmith_sketch.drawing.paths import outline

Place = Literal["land", "water", "deep", "air", "table", "span"]
"""Where a figure belongs: on the ground, on or under water, in the sky, before a backdrop, or across the water."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing. The middle of its base is (50, 100); it may reach beyond the box.

    `shapes` pair a paint with a path (see `paths.outline`), from back to front. Paints: `main`, darker `shade` and
    lighter `tint` of it, `trim` and its darker `under`, `light`, `dark`, lit windows `glow`, a light `beam` in the
    dark, and the translucent `clear` and `dim`. `main` and `trim` name the palette's colours for a figure whose
    colours the prompt leaves open. `height` is its usual height as a share of the picture's shorter side.
    """

    shapes: tuple[tuple[str, str], ...]
    place: Place
    height: float
    main: str
    trim: str


def read_figures(table: str) -> dict[str, Figure]:
    """Return the figures of a table.

    Each starts with a line `name: place height main trim`. Its shapes follow, one per line, as a paint and a path;
    a line that starts with a path command continues the path before it.
    """
    figures: dict[str, Figure] = {}
    for block in re.split(r"\n(?=\w+: )", table.strip()):
        head, *lines = re.sub(r"\n +(?=[A-Z])", " ", block).splitlines()
        name, place, height, main, trim = head.split()
        shapes = tuple((paint, path) for paint, _, path in (line.strip().partition(" ") for line in lines))
        where = cast("Place", place)
        figures[name[:-1]] = Figure(shapes=shapes, place=where, height=float(height), main=main, trim=trim)
    return figures


@lru_cache(maxsize=256)
def reach(figure: Figure) -> tuple[float, float, float]:
    """Return how far a figure reaches from the middle of its base: left, up and right, in shares of its height."""
    points = [
        point for paint, path in figure.shapes if paint != "beam" for polygon in outline(path) for point in polygon
    ]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (50 - min(xs)) / 100, (100 - min(ys)) / 100, (max(xs) - 50) / 100
