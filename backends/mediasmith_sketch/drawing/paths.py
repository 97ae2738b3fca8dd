"""Outlines as polygons: a small path language for drawings, and the round shapes that pictures are built of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import cos, pi, radians, sin

Point = tuple[float, float]
Polygon = list[Point]

_COMMAND = re.compile(r"([MLHVCQORB])([^A-Z]*)")
_STEPS = 14


@lru_cache(maxsize=2048)
def outline(path: str) -> tuple[Polygon, ...]:
    """Return the polygons of a path, in a box of 100 by 100 with y downwards.

    `M x y` starts a shape, `L`, `H`, `V` draw lines, `Q` and `C` curves, `Z` closes it; all are absolute.
    `O x y rx [ry]` is an ellipse, `R x y w h [r]` a rectangle with round corners. `B x y length width gap angle...`
    are bars that point away from (x, y), each at an angle in degrees clockwise from the right, after a gap.
    """
    polygons: list[Polygon] = []
    for command, numbers in _COMMAND.findall(path):
        values = [float(number) for number in numbers.split()]
        points = list(zip(values[::2], values[1::2], strict=False))
        match command:
            case "O":
                polygons.append(ellipse(points[0], values[2], values[-1]))
            case "R":
                polygons.append(rectangle(*values))
            case "B":
                polygons += [_bar(points[0], angle, *values[2:5]) for angle in values[5:]]
            case "M":
                polygons.append(points)
            case "L":
                polygons[-1] += points
            case "H" | "V":
                x, y = polygons[-1][-1]
                polygons[-1].append((values[0], y) if command == "H" else (x, values[0]))
            case _:
                bends = 2 if command == "Q" else 3
                for at in range(0, len(points), bends):
                    polygons[-1] += curve(polygons[-1][-1], *points[at : at + bends])
    return tuple(polygons)


def _bar(start: Point, degrees: float, length: float, width: float, gap: float) -> Polygon:
    across, down = cos(radians(degrees)), sin(radians(degrees))
    corners = ((gap, -width / 2), (length, -width / 2), (length, width / 2), (gap, width / 2))
    turned = ((start[0] + a * across - b * down, start[1] + a * down + b * across) for a, b in corners)
    return [(round(x, 1), round(y, 1)) for x, y in turned]


def curve(start: Point, *bends: Point) -> Iterator[Point]:
    """Yield points along a Bézier curve, without its start. One bend before the end makes it quadratic, two cubic."""
    for step in range(1, _STEPS + 1):
        points = [start, *bends]
        while len(points) > 1:
            points = [between(one, other, step / _STEPS) for one, other in pairwise(points)]
        yield points[0]


def between(one: Point, other: Point, share: float) -> Point:
    """Return the point a share of the way from one to the other."""
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def ellipse(centre: Point, across: float, down: float | None = None) -> Polygon:
    """Return an ellipse by its two radii, or a circle."""
    return arc(centre, across, 0, 2 * pi, down)


def arc(centre: Point, across: float, start: float, end: float, down: float | None = None) -> Polygon:
    """Return points along an ellipse from one angle to another, in radians, clockwise from the right."""
    tall = across if down is None else down
    # Enough points for a smooth edge, also when a figure is drawn large.
    steps = max(5, round(min(96.0, 20 * max(across, tall) ** 0.5) * abs(end - start) / (2 * pi)))
    angles = (start + (end - start) / steps * step for step in range(steps + 1))
    return [(centre[0] + across * cos(angle), centre[1] + tall * sin(angle)) for angle in angles]


def ring(centre: Point, outer: float, inner: float, start: float = 0, end: float = 2 * pi) -> Polygon:
    """Return the band between two circles, or a part of it."""
    return arc(centre, outer, start, end) + arc(centre, inner, start, end)[::-1]


def ribbon(steps: Sequence[tuple[float, float, float]]) -> Polygon:
    """Return a band by its middle, half its width and the height at every step."""
    left = [(middle - half, y) for middle, half, y in steps]
    return left + [(middle + half, y) for middle, half, y in reversed(steps)]


def rectangle(x: float, y: float, width: float, height: float, radius: float = 0) -> Polygon:
    """Return a rectangle by its upper left corner, with round corners if there is a radius."""
    right, bottom = x + width, y + height
    radius = min(radius, width / 2, height / 2)
    if radius <= 0:
        return [(x, y), (right, y), (right, bottom), (x, bottom)]
    low, high = bottom - radius, y + radius
    corners = ((right - radius, low), (x + radius, low), (x + radius, high), (right - radius, high))
    points: Polygon = []
    for quarter, corner in enumerate(corners):
        points += arc(corner, radius, quarter * pi / 2, (quarter + 1) * pi / 2)
    return points


def place(polygons: Sequence[Polygon], at: Point, scale: float, *, flip: bool = False) -> list[Polygon]:
    """Return a drawing moved so that the middle of its base, (50, 100), comes to `at`, `scale` times as large."""
    turn = -scale if flip else scale
    return [[(at[0] + (x - 50) * turn, at[1] + (y - 100) * scale) for x, y in polygon] for polygon in polygons]
