"""Land: hills, mountains, deserts, woods, fields, roads."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from mediasmith_sketch.drawing.colour import lighter, mix
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.paths import (
    Point,
    Polygon,
    between,
    curve,
    ellipse,
    outline,
    place,
    rectangle,
    ribbon,
)  # fmt: skip
from mediasmith_sketch.drawing.stage import Painter, Stage
from mediasmith_sketch.drawing.terrain import height, ridge
from mediasmith_sketch.scene import Element


def _crest(stage: Stage, element: Element) -> list[Point]:
    """Return the ridge line of a piece of land in pixels, from left to right."""
    line = ridge(element.kind, element.seed, element.size, round(stage.span, 4), element.flip)
    return [(stage.left + along * stage.unit, stage.y(element.y) - rise * stage.unit) for along, rise in line]


def _below(stage: Stage, line: list[Point]) -> Polygon:
    """Return the land under a ridge line, down to the edge of the picture."""
    return [(line[0][0], stage.floor), *line, (line[-1][0], stage.floor)]


def _ground(stage: Stage, element: Element, usual: str) -> tuple[list[Point], list[Polygon], str]:
    """Paint a piece of land in one colour; return its ridge line, its outline and the colour."""
    line = _crest(stage, element)
    ground = [_below(stage, line)]
    paint = stage.paint(element.main or usual)
    stage.fill(ground, paint)
    return line, ground, paint


def _top(line: list[Point]) -> float:
    return min(y for _, y in line)


def _hills(stage: Stage, element: Element, _roll: Random) -> None:
    """Paint hills: far ones fade into the mist below them, near ones darken."""
    line, ground, paint = _ground(stage, element, "mid")
    target = lighter(paint, -0.1) if stage.is_near(element) else mix(paint, stage.palette.low, 0.5)
    top = _top(line) + 0.07 * stage.unit
    stage.shade(ground, target, top, top + 0.46 * stage.unit, 0.75)


def _mesas(stage: Stage, element: Element, _roll: Random) -> None:
    """Paint flat-topped rocks in layers."""
    line, ground, paint = _ground(stage, element, "far")
    tall = element.size * stage.unit
    clip = stage.surface.clip
    for level in (0.3, 0.62):
        y = stage.y(element.y) - tall * level
        stage.surface.clip = (clip[0], max(clip[1], round(y)), clip[2], min(clip[3], round(y + tall * 0.07)))
        stage.fill(ground, mix(paint, stage.palette.dark, 0.18))
    stage.surface.clip = clip
    top = _top(line) + 0.1 * stage.unit
    stage.shade(ground, mix(paint, stage.palette.low, 0.5), top, top + 0.46 * stage.unit, 0.75)


def _dunes(stage: Stage, element: Element, _roll: Random) -> None:
    """Paint sand in the wind, with a shaded lee behind each crest."""
    line, ground, paint = _ground(stage, element, "mid")
    facing = line[::-1] if element.flip else line
    lees: list[Polygon] = []
    for at in range(2, len(facing) - 2):
        if facing[at][1] == _top(facing[max(0, at - 12) : at + 13]):
            slope = facing[at : at + 35]
            (x, y), foot = slope[0], slope[-1]
            bend = (x + (foot[0] - x) * 0.35, y + (foot[1] - y) * 1.35)
            lees.append([*slope, *curve(foot, bend, (x, y))])
    stage.fill(lees, mix(paint, stage.palette.dark, 0.2))
    top = _top(line)
    stage.shade(ground, mix(paint, stage.palette.low, 0.35), top + 0.1 * stage.unit, top + 0.5 * stage.unit, 0.6)


_SLOPE = 3
"""Points of a ridge line from a peak to the valley next to it."""

_SNOW_EDGE = ((0.16, 0.72), (0.3, 1.12), (0.45, 0.68), (0.62, 1.2), (0.8, 0.7))
"""The jagged lower edge of a snow cap, from right to left: shares of its width and its height."""


def _mountains(stage: Stage, element: Element, _roll: Random) -> None:
    line, ground, paint = _ground(stage, element, "far")
    top, last = _top(line), len(line) - _SLOPE
    peaks = [at for at in range(_SLOPE, last) if line[at][1] == _top(line[at - _SLOPE : at + _SLOPE + 1])]
    sides = [_shaded_side(line[at : at + _SLOPE + 1], stage.unit) for at in peaks]
    stage.fill(sides, mix(paint, stage.palette.dark, 0.2))
    if element.trim:
        stage.fill([_snow_cap(line, at, 0.26 * element.size * stage.unit) for at in peaks], element.trim)
    stage.shade(ground, mix(paint, stage.palette.low, 0.6), top + 0.16 * stage.unit, top + 0.5 * stage.unit, 0.85)


def _shaded_side(slope: list[Point], unit: float) -> Polygon:
    """Return the side of a peak that is turned away from the light."""
    (x, y), foot = slope[0], slope[-1]
    drop = foot[1] - y + 0.1 * unit
    inner = [(x + 0.02 * drop, y + 0.25 * drop), (x - 0.05 * drop, y + 0.45 * drop), (x + 0.1 * drop, y + drop)]
    return [*slope, (foot[0], y + drop), *reversed(inner)]


def _snow_cap(line: list[Point], peak: int, drop: float) -> Polygon:
    """Return the snow on a peak, down to `drop` below it."""
    left, right = _down_slope(line, peak, -1, drop), _down_slope(line, peak, 1, drop)
    width = right[0] - left[0]
    edge = [(right[0] - width * along, line[peak][1] + drop * low) for along, low in _SNOW_EDGE]
    return [left, *(point for point in line if left[0] < point[0] < right[0]), right, *edge]


def _down_slope(line: list[Point], peak: int, step: int, drop: float) -> Point:
    """Return where a slope has come down by `drop` from its peak, or its foot."""
    level = line[peak][1] + drop
    for at in range(peak, peak + step * _SLOPE, step):
        here, following = line[at], line[at + step]
        if following[1] >= level:
            return between(here, following, (level - here[1]) / ((following[1] - here[1]) or 1))
    return line[peak + step * _SLOPE]


def _woods(stage: Stage, element: Element, roll: Random) -> None:
    """Paint a row of firs along a ridge, and the ground below them."""
    paint = stage.paint(element.main or "mid")
    tall = element.size * stage.unit
    base = Element(kind="hills", seed=element.seed, size=0.05, y=element.y)
    fir = outline(dict(FIGURES["pine"].shapes)["main"])
    shapes = [_below(stage, _crest(stage, base))]
    along = -0.05
    while along < stage.span + 0.05:
        foot = stage.y(base.y) - (height(base, along, stage.span) - 0.03) * stage.unit + 0.08 * tall
        shapes += place(fir, (stage.left + along * stage.unit, foot), tall * roll.uniform(0.6, 1.1) / 100)
        along += element.size * roll.uniform(0.2, 0.42)
    stage.fill(shapes, paint)
    top = stage.y(element.y) - 0.7 * tall
    target = lighter(paint, -0.08) if stage.is_near(element) else mix(paint, stage.palette.low, 0.5)
    stage.shade(shapes, target, top, top + 2.3 * tall, 0.8)


def _field(stage: Stage, element: Element, _roll: Random) -> None:
    """Paint furrows on a hill that run together in the distance."""
    line, _, paint = _ground(stage, element, "near")
    far = (stage.x(element.x), _top(line) - 0.02 * stage.unit)
    furrows: list[Polygon] = []
    for step in range(-16, 17):
        left = (far[0] + step * 0.17 * stage.unit, stage.floor)
        right = (left[0] + 0.075 * stage.unit, stage.floor)
        tops = [_emergence(stage, element, far, near) for near in (left, right)]
        furrows.append([tops[0], left, right, tops[1]])
    stage.fill(furrows, element.trim or lighter(paint, -0.07))


def _emergence(stage: Stage, element: Element, far: Point, near: Point) -> Point:
    """Return where a straight line to the viewer comes out of the ground."""
    for x, y in (between(far, near, step / 60) for step in range(60)):
        along = (x - stage.left) / stage.unit
        if y >= stage.y(element.y) - height(element, along, stage.span) * stage.unit:
            return x, y
    return near


def _meadow(stage: Stage, element: Element, roll: Random) -> None:
    """Paint flowers strewn over the ground, larger towards the viewer."""
    paints = (element.main,) if element.main else ("accent", "disc", "light")
    heads: dict[str, list[Polygon]] = {paint: [] for paint in paints}
    stems: list[Polygon] = []
    for _ in range(round(70 * stage.span)):
        depth = roll.random()
        x, y = stage.x(roll.random()), stage.y(element.y + (1.02 - element.y) * depth)
        size = (0.004 + 0.011 * depth) * stage.unit
        stems.append(rectangle(x - size * 0.16, y, size * 0.32, size * 3))
        heads[roll.choice(paints)].append(ellipse((x, y), size, size * 0.8))
    stage.fill(stems, "leaf")
    for paint, dots in heads.items():
        stage.fill(dots, paint)


def _road(stage: Stage, element: Element, _roll: Random) -> None:
    """Paint a road that winds from the viewer to its far end."""
    top, sway = stage.y(element.y), (0.2 if element.flip else -0.2) * stage.unit
    steps: list[tuple[float, float, float]] = []
    for share in (step / 60 for step in range(61)):
        bend = (1 - share) * share * (5.94 - 10.56 * share) + 0.9 * share
        close = share**1.9
        half = stage.unit * (0.006 + 0.15 * close)
        steps.append((stage.x(element.x) + sway * bend, half, top + (stage.floor - top) * close))
    stage.fill([ribbon(steps)], element.main or mix(stage.palette.dark, stage.palette.near, 0.35))
    dashes: list[Polygon] = []
    for (middle, half, y), (later, wider, below) in zip(steps[1:58:4], steps[3:60:4], strict=False):
        left, right = half * 0.05, wider * 0.05
        dashes.append([(middle - left, y), (middle + left, y), (later + right, below), (later - right, below)])
    stage.fill(dashes, element.trim or "light", 0.85)


LAND: Mapping[str, Painter] = {
    "hills": _hills, "headland": _hills, "mountains": _mountains, "mesas": _mesas, "dunes": _dunes, "woods": _woods,
    "field": _field, "meadow": _meadow, "road": _road,
}  # fmt: skip
