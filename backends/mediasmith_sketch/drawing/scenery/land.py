"""Land: hills, mountains, deserts, woods, fields, roads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from mediasmith_sketch.drawing.colour import lighter, mix
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.paths import Point, Polygon, between, curve, ellipse, outline, place, rectangle
from mediasmith_sketch.drawing.stage import Stage
from mediasmith_sketch.drawing.terrain import height, ridge
from mediasmith_sketch.random_seed import seeded
from mediasmith_sketch.scene import Element


def _crest(stage: Stage, element: Element) -> list[Point]:
    """The ridge line of a piece of land in pixels, from left to right."""
    line = ridge(element.kind, element.seed, element.size, round(stage.span, 4), element.flip)
    return [(stage.left + along * stage.unit, stage.y(element.y) - rise * stage.unit) for along, rise in line]


def _below(stage: Stage, line: list[Point]) -> Polygon:
    """The land under a ridge line, down to the edge of the picture."""
    return [(line[0][0], stage.floor), *line, (line[-1][0], stage.floor)]


def _top(line: list[Point]) -> float:
    return min(y for _, y in line)


def _hills(stage: Stage, element: Element) -> None:
    line = _crest(stage, element)
    paint = stage.paint(element.main or "mid")
    ground = [_below(stage, line)]
    stage.fill(ground, paint)
    _fade(stage, ground, paint, _top(line) + 0.07 * stage.unit, near=stage.is_near(element))


def _fade(stage: Stage, ground: list[Polygon], paint: str, top: float, *, near: bool) -> None:
    """Far land fades into the mist below it, near land darkens."""
    target = lighter(paint, -0.1) if near else mix(paint, stage.palette.low, 0.5)
    stage.down(ground, target, top, top + 0.46 * stage.unit, 0.75)


def _mountains(stage: Stage, element: Element) -> None:
    line = _crest(stage, element)
    paint = stage.paint(element.main or "far")
    ground = [_below(stage, line)]
    stage.fill(ground, paint)
    stage.fill(_shaded_sides(stage, line), mix(paint, stage.palette.dark, 0.2))
    if element.trim:
        stage.fill(_caps(line, 0.26 * element.size * stage.unit), element.trim)
    top = _top(line)
    stage.down(ground, mix(paint, stage.palette.low, 0.6), top + 0.16 * stage.unit, top + 0.5 * stage.unit, 0.85)


_SLOPE = 3
"""Points of a ridge line from a peak to the valley next to it."""


def _peaks(line: list[Point]) -> list[int]:
    return [at for at in range(_SLOPE, len(line) - _SLOPE) if line[at][1] == _top(line[at - _SLOPE : at + _SLOPE + 1])]


def _shaded_sides(stage: Stage, line: list[Point]) -> list[Polygon]:
    """The side of each peak that is turned away from the light."""
    sides: list[Polygon] = []
    for at in _peaks(line):
        (x, y), foot = line[at], line[at + _SLOPE]
        drop = foot[1] - y + 0.1 * stage.unit
        inner = [(x + 0.02 * drop, y + 0.25 * drop), (x - 0.05 * drop, y + 0.45 * drop), (x + 0.1 * drop, y + drop)]
        sides.append([*line[at : at + _SLOPE + 1], (foot[0], y + drop), *reversed(inner)])
    return sides


_SNOW_EDGE = ((0.16, 0.72), (0.3, 1.12), (0.45, 0.68), (0.62, 1.2), (0.8, 0.7))
"""The jagged lower edge of a snow cap, from right to left: shares of its width and its height."""


def _caps(line: list[Point], drop: float) -> list[Polygon]:
    """The snow on each peak, down to `drop` below it."""
    caps: list[Polygon] = []
    for at in _peaks(line):
        left, right = _down_slope(line, at, -1, drop), _down_slope(line, at, 1, drop)
        width = right[0] - left[0]
        edge = [(right[0] - width * along, line[at][1] + drop * low) for along, low in _SNOW_EDGE]
        caps.append([left, *(point for point in line if left[0] < point[0] < right[0]), right, *edge])
    return caps


def _down_slope(line: list[Point], peak: int, step: int, drop: float) -> Point:
    """Where a slope has come down by `drop` from its peak, or its foot."""
    level = line[peak][1] + drop
    for at in range(peak, peak + step * _SLOPE, step):
        here, following = line[at], line[at + step]
        if following[1] >= level:
            return between(here, following, (level - here[1]) / ((following[1] - here[1]) or 1))
    return line[peak + step * _SLOPE]


def _mesas(stage: Stage, element: Element) -> None:
    """Flat-topped rocks in layers."""
    line = _crest(stage, element)
    paint = stage.paint(element.main or "far")
    ground = [_below(stage, line)]
    stage.fill(ground, paint)
    tall = element.size * stage.unit
    for level in (0.3, 0.62):
        y = stage.y(element.y) - tall * level
        with stage.only(rectangle(stage.left, y, stage.width, tall * 0.07)):
            stage.fill(ground, mix(paint, stage.palette.dark, 0.18))
    _fade(stage, ground, paint, _top(line) + 0.1 * stage.unit, near=False)


def _dunes(stage: Stage, element: Element) -> None:
    """Sand in the wind, with a shaded lee behind each crest."""
    line = _crest(stage, element)
    paint = stage.paint(element.main or "mid")
    ground = [_below(stage, line)]
    stage.fill(ground, paint)
    stage.fill(_lees(line[::-1] if element.flip else line), mix(paint, stage.palette.dark, 0.2))
    top = _top(line)
    stage.down(ground, mix(paint, stage.palette.low, 0.35), top + 0.1 * stage.unit, top + 0.5 * stage.unit, 0.6)


def _lees(line: list[Point]) -> list[Polygon]:
    lees: list[Polygon] = []
    for at in range(2, len(line) - 2):
        if line[at][1] == _top(line[max(0, at - 12) : at + 13]):
            slope = line[at : at + 35]
            (x, y), foot = slope[0], slope[-1]
            bend = (x + (foot[0] - x) * 0.35, y + (foot[1] - y) * 1.35)
            lees.append([*slope, *curve(foot, bend, (x, y))])
    return lees


def _woods(stage: Stage, element: Element) -> None:
    """A row of firs along a ridge, and the ground below them."""
    roll = seeded(element.kind, element.seed)
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
    stage.down(shapes, target, top, top + 2.3 * tall, 0.8)


def _field(stage: Stage, element: Element) -> None:
    """Furrows on a hill that run together in the distance."""
    line = _crest(stage, element)
    paint = stage.paint(element.main or "near")
    stage.fill([_below(stage, line)], paint)
    far = (stage.x(element.x), _top(line) - 0.02 * stage.unit)
    furrows: list[Polygon] = []
    for step in range(-16, 17):
        left = (far[0] + step * 0.17 * stage.unit, stage.floor)
        right = (left[0] + 0.075 * stage.unit, stage.floor)
        furrows.append([_surfacing(far, left, line), left, right, _surfacing(far, right, line)])
    stage.fill(furrows, element.trim or lighter(paint, -0.07))


def _surfacing(far: Point, near: Point, line: list[Point]) -> Point:
    """Where a straight line to the viewer comes out of the ground."""
    points = (between(far, near, step / 60) for step in range(60))
    return next((point for point in points if point[1] >= _level(line, point[0])), near)


def _level(line: list[Point], x: float) -> float:
    for one, other in pairwise(line):
        if one[0] <= x <= other[0]:
            return between(one, other, (x - one[0]) / ((other[0] - one[0]) or 1))[1]
    return line[-1][1]


def _meadow(stage: Stage, element: Element) -> None:
    """Flowers strewn over the ground, larger towards the viewer."""
    roll = seeded(element.kind, element.seed)
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


def _road(stage: Stage, element: Element) -> None:
    """A road that winds from the viewer to its far end."""
    steps = [_on_road(stage, element, step / 60) for step in range(61)]
    left = [(middle - half, y) for middle, half, y in steps]
    right = [(middle + half, y) for middle, half, y in steps]
    stage.fill([[*left, *reversed(right)]], element.main or mix(stage.palette.dark, stage.palette.near, 0.35))
    dashes: list[Polygon] = []
    for (middle, half, y), (later, wider, below) in zip(steps[1:58:4], steps[3:60:4], strict=False):
        top, foot = half * 0.05, wider * 0.05
        dashes.append([(middle - top, y), (middle + top, y), (later + foot, below), (later - foot, below)])
    stage.fill(dashes, element.trim or "light", 0.85)


def _on_road(stage: Stage, element: Element, share: float) -> tuple[float, float, float]:
    """The middle of a road, half its width and the height, a share of the way to the viewer."""
    sway = (0.2 if element.flip else -0.2) * stage.unit
    bend = (1 - share) * share * (5.94 - 10.56 * share) + 0.9 * share
    close = share**1.9
    top = stage.y(element.y)
    return stage.x(element.x) + sway * bend, stage.unit * (0.006 + 0.15 * close), top + (stage.floor - top) * close


LAND: Mapping[str, Callable[[Stage, Element], None]] = {
    "hills": _hills,
    "headland": _hills,
    "mountains": _mountains,
    "mesas": _mesas,
    "dunes": _dunes,
    "woods": _woods,
    "field": _field,
    "meadow": _meadow,
    "road": _road,
}
