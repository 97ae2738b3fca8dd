"""What a figure is: one thing that pictures are composed with, as outlines in a box of 100 by 100."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians, sin
from typing import Literal

from mediasmith_sketch.paths import Point, outline

Place = Literal["land", "water", "deep", "air", "table", "span"]
"""Where a figure belongs: on the ground, on or under water, in the sky, before a backdrop, or across the water."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing. The middle of its base is (50, 100); it may reach beyond the box.

    `shapes` pair a paint with a path (see `paths.outline`), from back to front. Paints: `main`, darker `shade` and
    lighter `tint` of it, `trim` and its darker `under`, `light`, `dark`, lit windows `glow`, a light `beam` in the
    dark, and the veils `clear` and `dim`. `main` and `trim` name the palette's colours when nothing was asked for.
    `height` is its usual height as a share of the picture's shorter side.
    """

    shapes: tuple[tuple[str, str], ...]
    place: Place = "land"
    height: float = 0.3
    main: str = "accent"
    trim: str = "light"


def on_table(height: float, main: str, trim: str, shapes: tuple[tuple[str, str], ...]) -> Figure:
    """A figure of a thing that fits on a table."""
    return Figure(place="table", height=height, main=main, trim=trim, shapes=shapes)


@lru_cache(maxsize=256)
def reach(figure: Figure) -> tuple[float, float, float]:
    """How far a figure reaches from the middle of its base to the left, upwards and to the right, of its height."""
    points = [
        point for paint, path in figure.shapes if paint != "beam" for polygon in outline(path) for point in polygon
    ]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (50 - min(xs)) / 100, (100 - min(ys)) / 100, (max(xs) - 50) / 100


def bar(start: Point, degrees: float, length: float, width: float, gap: float = 0) -> str:
    """The path of a straight bar that points away from a point, clockwise from the right, after a gap."""
    across, down = cos(radians(degrees)), sin(radians(degrees))
    corners = ((gap, -width / 2), (length, -width / 2), (length, width / 2), (gap, width / 2))
    turned = (f"{start[0] + a * across - b * down:.1f} {start[1] + a * down + b * across:.1f}" for a, b in corners)
    return "M" + " L".join(turned) + " Z"
