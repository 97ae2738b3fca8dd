"""Towns: skylines, and what sets a product or a portrait off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi
from random import Random

from mediasmith_sketch.drawing.colour import lighter, mix
from mediasmith_sketch.drawing.paths import Point, Polygon, arc, ellipse, rectangle
from mediasmith_sketch.drawing.stage import Stage
from mediasmith_sketch.random_seed import seeded
from mediasmith_sketch.scene import Element


def _skyline(stage: Stage, element: Element) -> None:
    """A row of towers that stand on `y` and rise up to `size`, the tallest in the middle."""
    roll = seeded(element.kind, element.seed)
    paint = stage.paint(element.main or "mid")
    base, unit = stage.y(element.y), stage.unit
    towers: list[Polygon] = [rectangle(stage.left, base, stage.width, stage.floor - base)]
    sides: list[Polygon] = []
    windows: list[Polygon] = []
    x = stage.left - 0.05 * unit * roll.random()
    while x < stage.left + stage.width:
        width = unit * roll.uniform(0.055, 0.125)
        off = abs((x + width / 2 - stage.x(element.x)) / stage.width)
        tall = element.size * unit * roll.uniform(0.42, 1.0) * max(0.4, 1 - 0.9 * off)
        top = base - tall
        towers += [rectangle(x, top, width, stage.floor - top), *_roof(roll, x, top, width)]
        sides.append(rectangle(x + width * 0.68, top, width * 0.32, stage.floor - top))
        windows += _windows(roll, (x, top), (width, tall), columns=max(2, round(width / (0.022 * unit))))
        x += width + unit * roll.choice((0, 0, 0.006, 0.014))
    stage.fill(towers, paint)
    stage.fill(sides, mix(paint, stage.palette.dark, 0.16))
    lit = element.trim or ("glow" if stage.dim else mix(paint, stage.palette.light, 0.4))
    stage.fill(windows, lit, 0.92 if stage.dim else 0.75)
    mist = mix(paint, stage.palette.low, 0.55)
    stage.down(towers, mist, base - element.size * unit * 0.5, base + 0.06 * unit, 0.8)


def _roof(roll: Random, x: float, top: float, width: float) -> list[Polygon]:
    """What is on a tower, if anything."""
    roofs: tuple[list[Polygon], ...] = (
        [],
        [],
        [rectangle(x + width * 0.2, top - width * 0.22, width * 0.6, width * 0.3)],
        [
            rectangle(x + width * 0.47, top - width * 0.9, width * 0.06, width),
            rectangle(x + width * 0.28, top - width * 0.2, width * 0.44, width * 0.3),
        ],
        [[(x, top + 1), (x, top - width * 0.4), (x + width, top + 1)]],
        [arc((x + width / 2, top + 1), width * 0.4, pi, 2 * pi)],
        [[(x, top + 1), (x + width / 2, top - width * 0.45), (x + width, top + 1)]],
    )
    return roll.choice(roofs)


def _windows(roll: Random, at: Point, size: tuple[float, float], columns: int) -> list[Polygon]:
    """The lit windows of a tower, less than half of all."""
    pitch = size[0] / (columns + 0.6)
    places = ((row, column) for row in range(1, int(size[1] / (pitch * 1.35))) for column in range(columns))
    return [
        rectangle(at[0] + pitch * (column + 0.5), at[1] + row * pitch * 1.35, pitch * 0.5, pitch * 0.72)
        for row, column in places
        if roll.random() < 0.42  # noqa: PLR2004 - the share that is lit
    ]


def _table(stage: Stage, element: Element) -> None:
    top = stage.y(element.y)
    paint = stage.paint(element.main or "mid")
    board = [rectangle(stage.left, top, stage.width, stage.floor - top)]
    stage.fill(board, paint)
    stage.down(board, lighter(paint, -0.1), top, stage.floor, 0.8)


def _arch(stage: Stage, element: Element) -> None:
    """A tall niche behind a thing, from `y` upwards."""
    x, y = stage.at(element)
    half, tall = element.size * stage.unit * 0.5, element.size * stage.unit * 1.25
    paint = stage.paint(element.main or "far")
    shape = [[(x - half, y), *arc((x, y - tall + half), half, pi, 2 * pi), (x + half, y)]]
    stage.fill(shape, paint)
    stage.grade(shape, mix(paint, stage.palette.dark, 0.3), (x + half * 0.1, y), (x + half * 1.2, y), 0.55)


def _spot(stage: Stage, element: Element) -> None:
    """A large disc behind a thing."""
    centre, radius = stage.at(element), element.size * stage.unit
    paint = stage.paint(element.main or "disc")
    disc = [ellipse(centre, radius)]
    stage.fill(disc, paint)
    stage.down(disc, mix(paint, stage.palette.accent, 0.5), centre[1], centre[1] + radius * 1.3, 0.6)


def _plinth(stage: Stage, element: Element) -> None:
    """A round block that a thing stands on; `y` is the middle of its top."""
    x, y = stage.at(element)
    half = element.size * stage.unit * 0.5
    flat, tall = half * 0.2, half * 0.5
    paint = stage.paint(element.main or "light")
    stage.fill([ellipse((x + half * 0.22, y + tall + flat * 0.3), half * 1.12, flat)], "dark", 0.16)
    side = [[(x - half, y), *arc((x, y + tall), half, pi, 0, flat), (x + half, y)]]
    stage.fill(side, mix(paint, stage.palette.dark, 0.14))
    stage.grade(side, mix(paint, stage.palette.dark, 0.4), (x - half * 0.2, y), (x + half, y), 0.8)
    stage.fill([ellipse((x, y), half, flat)], paint)


TOWN: Mapping[str, Callable[[Stage, Element], None]] = {
    "skyline": _skyline,
    "table": _table,
    "arch": _arch,
    "spot": _spot,
    "plinth": _plinth,
}
