"""The skyline of a city."""

from __future__ import annotations

from math import pi
from random import Random

from mediasmith_sketch.drawing.colour import mix
from mediasmith_sketch.drawing.paths import Point, Polygon, arc, rectangle
from mediasmith_sketch.drawing.stage import Stage
from mediasmith_sketch.scene import Element


def skyline(stage: Stage, element: Element, roll: Random) -> None:
    """Paint a row of towers that stand on `y` and rise up to `size`, the tallest in the middle."""
    paint = stage.paint(element.main or "mid")
    base, unit = stage.y(element.y), stage.unit
    towers = [rectangle(stage.left, base, stage.width, stage.floor - base)]
    sides: list[Polygon] = []
    windows: list[Polygon] = []
    x = stage.left - 0.05 * unit * roll.random()
    while x < stage.left + stage.width:
        width = unit * roll.uniform(0.055, 0.125)
        off = abs((x + width / 2 - stage.x(element.x)) / stage.width)
        tall = element.size * unit * roll.uniform(0.42, 1.0) * max(0.4, 1 - 0.9 * off)
        top = base - tall
        towers += [rectangle(x, top, width, stage.floor - top), *roll.choice(_roofs(x, top, width))]
        sides.append(rectangle(x + width * 0.68, top, width * 0.32, stage.floor - top))
        windows += _windows(roll, (x, top), (width, tall), columns=max(2, round(width / (0.022 * unit))))
        x += width + unit * roll.choice((0, 0, 0.006, 0.014))
    stage.fill(towers, paint)
    stage.fill(sides, mix(paint, stage.palette.dark, 0.16))
    lit = element.trim or ("glow" if stage.dim else mix(paint, stage.palette.light, 0.4))
    stage.fill(windows, lit, 0.92 if stage.dim else 0.75)
    mist = mix(paint, stage.palette.low, 0.55)
    stage.shade(towers, mist, base - element.size * unit * 0.5, base + 0.06 * unit, 0.8)


def _roofs(x: float, top: float, width: float) -> tuple[list[Polygon], ...]:
    """Return what may be on a tower."""
    middle = x + width / 2
    chimney = rectangle(x + width * 0.2, top - width * 0.22, width * 0.6, width * 0.3)
    mast = rectangle(x + width * 0.47, top - width * 0.9, width * 0.06, width)
    socket = rectangle(x + width * 0.28, top - width * 0.2, width * 0.44, width * 0.3)
    slant = [(x, top + 1), (x, top - width * 0.4), (x + width, top + 1)]
    gable = [(x, top + 1), (middle, top - width * 0.45), (x + width, top + 1)]
    return [], [], [chimney], [mast, socket], [slant], [arc((middle, top + 1), width * 0.4, pi, 2 * pi)], [gable]


def _windows(roll: Random, at: Point, size: tuple[float, float], columns: int) -> list[Polygon]:
    """Return the lit windows of a tower, less than half of all."""
    pitch = size[0] / (columns + 0.6)
    places = ((row, column) for row in range(1, int(size[1] / (pitch * 1.35))) for column in range(columns))
    return [
        rectangle(at[0] + pitch * (column + 0.5), at[1] + row * pitch * 1.35, pitch * 0.5, pitch * 0.72)
        for row, column in places
        if roll.random() < 0.42  # noqa: PLR2004 - the share that is lit
    ]
