"""Water: sea, lakes, rivers, and what is under the surface."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi, sin
from random import Random

from mediasmith_sketch.drawing.colour import lighter, mix
from mediasmith_sketch.drawing.paths import Point, Polygon, ellipse, rectangle, ribbon
from mediasmith_sketch.drawing.stage import Painter, Stage
from mediasmith_sketch.scene import Element


def _sea(stage: Stage, element: Element, roll: Random) -> None:
    """Paint water from the horizon to the viewer, in swells."""
    top, floor = stage.y(element.y), stage.floor
    paint = stage.paint(element.main or "water")
    whole = [rectangle(stage.left, top, stage.width, floor - top)]
    stage.fill(whole, paint)
    stage.shade(whole, mix(paint, stage.palette.low, 0.55), top + 0.12 * stage.unit, top - 0.04 * stage.unit, 0.8)
    glints: list[Polygon] = []
    for _ in range(round(34 * stage.span)):
        depth = roll.random() ** 1.5
        glints.append(_glint((stage.x(roll.random()), top + (floor - top) * depth), stage.unit * (0.02 + 0.07 * depth)))
    stage.fill(glints, mix(paint, stage.palette.light, 0.45), 0.55)
    steps = round(48 * max(1.0, stage.span))
    for row, share in enumerate((0.34, 0.6, 0.86)):  # nearer swells are higher and longer
        y, start = top + (floor - top) * share, roll.random()
        rise, length = stage.unit * (0.006 + 0.01 * row), stage.unit * (0.2 + 0.12 * row)
        alongs = [stage.width * step / steps for step in range(steps + 1)]
        crest = [(stage.left + along, y + rise * sin(2 * pi * (along / length + start))) for along in alongs]
        swell = [(stage.left, floor), *crest, (stage.left + stage.width, floor)]
        stage.fill([swell], lighter(paint, -0.035 * (row + 1)))


def _glint(at: Point, width: float) -> Polygon:
    return ellipse(at, width, max(0.6, width * 0.05))


def _shine(stage: Stage, element: Element, roll: Random) -> None:
    """Paint the light of sun or moon on the water below it."""
    top, reach = stage.y(element.y), element.size * stage.unit
    dashes: list[Polygon] = []
    for row in range(13):
        depth = (row + 0.6) / 13
        y = top + (stage.top + stage.height - top) * depth**1.25 * 0.92
        half = reach * (0.95 - 0.55 * abs(depth - 0.1)) * roll.uniform(0.45, 1.0)
        x = stage.x(element.x) + roll.uniform(-0.18, 0.18) * reach
        tall = stage.unit * (0.003 + 0.006 * depth)
        dashes.append(rectangle(x - half, y, 2 * half, tall, tall / 2))
    stage.fill(dashes, element.main or "disc", 0.9)


def _waves(stage: Stage, element: Element, roll: Random) -> None:
    """Paint rows of round waves with foam, the nearest in front and in the full colour."""
    paint = stage.paint(element.main or "water")
    for row in range(4):
        y = stage.y(element.y) + row * 0.075 * stage.unit
        width = stage.unit * (0.13 + 0.03 * row)
        start = stage.left - width * (0.5 + roll.random())
        xs = [start + step * width for step in range(int(stage.width / width) + 3)]
        stage.fill([ellipse((x, y - width * 0.07), width * 0.56, width * 0.34) for x in xs], "light", 0.9)
        below = rectangle(stage.left, y, stage.width, stage.floor - y)
        humps = [ellipse((x, y), width * 0.56, width * 0.34) for x in xs]
        stage.fill([*humps, below], mix(paint, stage.palette.light, 0.3 - 0.1 * row))


def _lake(stage: Stage, element: Element, roll: Random) -> None:
    x, y = stage.at(element)
    paint = stage.paint(element.main or "water")
    wide, tall = element.size * stage.unit, element.size * stage.unit * 0.17
    shore = [ellipse((x, y), wide, tall)]
    stage.fill(shore, paint)
    stage.shade(shore, mix(paint, stage.palette.low, 0.6), y + tall * 0.4, y - tall * 1.1, 0.8)
    glints: list[Polygon] = []
    for _ in range(9):
        at = (x + roll.uniform(-0.6, 0.6) * wide, y + roll.uniform(-0.5, 0.7) * tall)
        glints.append(_glint(at, wide * roll.uniform(0.05, 0.14)))
    stage.fill(glints, "light", 0.6)


def _river(stage: Stage, element: Element, _roll: Random) -> None:
    """Paint a river that winds towards the viewer."""
    top = stage.y(element.y)
    sway = (-0.24 if element.flip else 0.24) * stage.unit
    steps: list[tuple[float, float, float]] = []
    for share in (step / 60 for step in range(61)):
        middle = stage.x(element.x) + sway * sin(share**0.7 * 2.2 * pi) * (0.35 + share)
        steps.append((middle, stage.unit * (0.008 + 0.17 * share**1.7), top + (stage.floor - top) * share**1.35))
    shape = [ribbon(steps)]
    paint = stage.paint(element.main or "water")
    stage.fill(shape, paint)
    stage.shade(shape, mix(paint, stage.palette.light, 0.5), stage.floor, top, 0.7)


def _reef(stage: Stage, _element: Element, roll: Random) -> None:
    """Paint light from above, weeds and bubbles, for pictures under water."""
    foot, lean = stage.y(0.86), stage.unit * 0.3
    for _ in range(4):
        x, width = stage.x(roll.uniform(0, 0.9)), stage.unit * roll.uniform(0.06, 0.16)
        ray = [(x, stage.top), (x + width, stage.top), (x + 2 * width - lean, foot), (x - lean, foot)]
        stage.fill([ray], "light", 0.12)
    weeds: list[Polygon] = []
    for _ in range(round(9 * stage.span)):
        x, tall, turn = stage.x(roll.random()), stage.unit * roll.uniform(0.1, 0.3), roll.uniform(0, 6)
        shares = [step / 16 for step in range(17)]
        steps = [
            (x + 0.1 * tall * sin(turn + share * 5) * share, 0.06 * tall * (1 - share) ** 0.7, tall * share)
            for share in shares
        ]
        weeds.append(ribbon([(middle, half, stage.top + stage.height - rise) for middle, half, rise in steps]))
    stage.fill(weeds, "leaf")
    bubbles = [
        ellipse((stage.x(roll.random()), stage.y(roll.uniform(0.08, 0.8))), stage.unit * roll.uniform(0.004, 0.014))
        for _ in range(round(22 * stage.span))
    ]
    stage.fill(bubbles, "light", 0.45)


WATER: Mapping[str, Painter] = {
    "sea": _sea, "shine": _shine, "waves": _waves, "lake": _lake, "river": _river, "reef": _reef
}  # fmt: skip
