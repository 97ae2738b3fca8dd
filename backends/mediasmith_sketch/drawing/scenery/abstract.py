"""Abstract compositions, for prompts that name nothing that can be drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, cos, pi, sin
from random import Random

from mediasmith_sketch.drawing.colour import contrast, mix
from mediasmith_sketch.drawing.paths import Point, Polygon, arc, ellipse, rectangle, ring
from mediasmith_sketch.drawing.stage import Painter, Stage
from mediasmith_sketch.scene import Element

_INKS = ("sky", "accent", "near", "disc", "light", "mid", "water", "dark")


def _tiles(stage: Stage, element: Element, roll: Random) -> None:
    """Paint a grid of squares, some of four cells, each with a simple shape."""
    rows = max(2, round(stage.height / stage.unit * 4 * element.size))
    side = stage.height / rows
    columns = ceil(stage.width / side - 0.01)
    left = stage.left + (stage.width - columns * side) / 2
    free = {(row, column) for row in range(rows) for column in range(columns)}
    for row, column in sorted(free):
        if (row, column) not in free:
            continue
        block = {(row + down, column + along) for down in (0, 1) for along in (0, 1)}
        large = roll.random() < 0.16 and block <= free  # noqa: PLR2004 - one in six
        free -= block if large else {(row, column)}
        _tile(stage, roll, (left + column * side, stage.top + row * side), side * (2 if large else 1))


def _tile(stage: Stage, roll: Random, at: Point, side: float) -> None:
    """Paint one square in two paints that contrast; the palette's main colour comes up most."""
    ground = roll.choice(("sky", "sky", "sky", *_INKS))
    others = [ink for ink in _INKS if contrast(stage.paint(ink), stage.paint(ground)) > 1.35]  # noqa: PLR2004
    ink = roll.choice(others or ["dark", "light"])
    x, y = at
    if not (stage.cutout and ground == "sky"):
        stage.fill([rectangle(x - 0.5, y - 0.5, side + 1, side + 1)], ground)
    shapes = roll.choice(_TILES)(x, y, side, roll)
    stage.fill(shapes, ink)
    start, end = roll.choice((0.2, 0.9)), roll.choice((-0.2, 1.3))
    if roll.random() < 0.55:  # noqa: PLR2004 - about half are shaded
        target = mix(stage.paint(ink), stage.paint(ground), 0.6)
        stage.shade(shapes, target, y + side * start, y + side * end, 0.8)


def _corner(x: float, y: float, side: float, roll: Random) -> tuple[Point, float]:
    """Return one of a square's corners, and the angle from which on the square lies around it."""
    turn = roll.randrange(4)
    return (x + side * (turn in {1, 2}), y + side * (turn in {2, 3})), turn * pi / 2


def _quarter(x: float, y: float, side: float, roll: Random) -> list[Polygon]:
    corner, start = _corner(x, y, side, roll)
    return [[corner, *arc(corner, side, start, start + pi / 2)]]


def _rings(x: float, y: float, side: float, roll: Random) -> list[Polygon]:
    corner, start = _corner(x, y, side, roll)
    return [ring(corner, side * outer, side * (outer - 0.14), start, start + pi / 2) for outer in (1, 0.72, 0.44, 0.16)]


def _dot(x: float, y: float, side: float, roll: Random) -> list[Polygon]:
    return [ellipse((x + side / 2, y + side / 2), side * roll.choice((0.5, 0.36, 0.24)))]


def _target(x: float, y: float, side: float, _roll: Random) -> list[Polygon]:
    middle = (x + side / 2, y + side / 2)
    return [ring(middle, side * 0.5, side * 0.36), ellipse(middle, side * 0.2)]


def _halves(x: float, y: float, side: float, roll: Random) -> list[Polygon]:
    half = side / 2
    if roll.random() < 0.5:  # noqa: PLR2004 - upright or lying
        return [arc((left, y + half), half, -pi / 2, pi / 2) for left in (x, x + half)]
    return [arc((x + half, low), half, pi, 2 * pi) for low in (y + half, y + side)]


def _triangle(x: float, y: float, side: float, roll: Random) -> list[Polygon]:
    corners = rectangle(x, y, side, side)
    corners.pop(roll.randrange(4))
    return [corners]


def _leaf(x: float, y: float, side: float, roll: Random) -> list[Polygon]:
    if roll.random() < 0.5:  # noqa: PLR2004 - upright or lying
        return [[*arc((x, y), side, 0, pi / 2), *arc((x + side, y + side), side, pi, 1.5 * pi)]]
    return [[*arc((x + side, y), side, pi / 2, pi), *arc((x, y + side), side, -pi / 2, 0)]]


def _stripes(x: float, y: float, side: float, roll: Random) -> list[Polygon]:
    if roll.random() < 0.5:  # noqa: PLR2004 - upright or lying
        return [rectangle(x + side * step / 4, y, side / 8, side) for step in range(4)]
    return [rectangle(x, y + side * step / 4, side, side / 8) for step in range(4)]


def _dots(x: float, y: float, side: float, _roll: Random) -> list[Polygon]:
    steps = (1 / 6, 3 / 6, 5 / 6)
    return [ellipse((x + side * a, y + side * b), side * 0.085) for a in steps for b in steps]


def _petals(x: float, y: float, side: float, _roll: Random) -> list[Polygon]:
    starts = enumerate(rectangle(x, y, side, side))
    return [[corner, *arc(corner, side / 2, turn * pi / 2, (turn + 1) * pi / 2)] for turn, corner in starts]


_TILES: tuple[Callable[[float, float, float, Random], list[Polygon]], ...] = (
    _quarter, _quarter, _rings, _rings, _dot, _target, _halves, _triangle, _leaf, _leaf, _stripes, _dots, _petals,
)  # fmt: skip

_ARCHES = (
    ("accent", "light", "mid", "sky"),
    ("near", "disc", "light", "accent"),
    ("water", "light", "dark", "disc"),
    ("mid", "low", "accent", "near"),
)
"""The paints of nested arches, from outside inwards."""


def _arches(stage: Stage, element: Element, roll: Random) -> None:
    """Paint nested arches and a disc on a ground line, like stacked rainbows."""
    ground = stage.y(0.8 + roll.uniform(-0.05, 0.03))
    unit = stage.unit * element.size
    disc = (stage.x(roll.uniform(0.3, 0.7)), ground - unit * roll.uniform(0.62, 0.72))
    stage.fill([ellipse(disc, unit * roll.uniform(0.16, 0.24))], "disc")
    left = stage.left - unit * roll.uniform(0, 0.2)
    while left < stage.left + stage.width:
        radius = unit * roll.uniform(0.18, 0.34)
        x, legs = left + radius, radius * roll.uniform(0.1, 1.0)
        for step, paint in enumerate(roll.choice(_ARCHES)):
            inner = radius * (1 - step * 0.24)
            arch = [(x - inner, ground), *arc((x, ground - legs), inner, pi, 2 * pi), (x + inner, ground)]
            stage.fill([arch], paint)
        left += 2 * radius * roll.uniform(0.86, 1.02)
    floor = [rectangle(stage.left, ground, stage.width, stage.floor - ground)]
    stage.fill(floor, "near")
    stage.shade(floor, mix(stage.palette.near, stage.palette.dark, 0.5), ground, stage.floor, 0.7)


def _orbits(stage: Stage, element: Element, roll: Random) -> None:
    """Paint circles around a sun, each with a planet."""
    unit = stage.unit * element.size
    centre = (stage.x(roll.choice((0.36, 0.5, 0.64))), stage.y(roll.uniform(0.44, 0.54)))
    _ball(stage, centre, unit * 0.66, "mid", "near")
    for paint, share in (("light", 0.34), ("disc", 0.5), ("near", 0.66), ("water", 0.82)):
        radius = unit * share
        stage.fill([ring(centre, radius + unit * 0.0026, radius - unit * 0.0026)], "light", 0.75)
        angle = roll.uniform(0, 2 * pi)
        planet = (centre[0] + radius * cos(angle), centre[1] + radius * sin(angle))
        _ball(stage, planet, unit * roll.uniform(0.03, 0.085), paint, "dark")
    _ball(stage, centre, unit * 0.18, "disc", "accent")


def _ball(stage: Stage, centre: Point, radius: float, paint: str, shade: str) -> None:
    disc = [ellipse(centre, radius)]
    stage.fill(disc, paint)
    target = mix(stage.paint(paint), stage.paint(shade), 0.6)
    stage.shade(disc, target, centre[1], centre[1] + radius * 1.2, 0.8)


ABSTRACT: Mapping[str, Painter] = {"tiles": _tiles, "arches": _arches, "orbits": _orbits}
