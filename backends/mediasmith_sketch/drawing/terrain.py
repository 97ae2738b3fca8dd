"""The shape of the ground: ridge lines that the land is painted along and that things stand on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from math import pi, sin
from random import Random

from mediasmith_sketch.drawing.paths import between
from mediasmith_sketch.random_seed import seeded
from mediasmith_sketch.scene import Element

Line = tuple[tuple[float, float], ...]
"""Distances from the left and how far the ground rises there above the element's `y`, both in units."""

GROUNDS = frozenset({"hills", "headland", "dunes", "field"})
"""Land that things can stand on; of several pieces, the nearest."""


def height(element: Element, along: float, span: float) -> float:
    """Return how many units the ground rises above its `y`, `along` units from the left of a picture of `span`."""
    line = ridge(element.kind, element.seed, element.size, round(span, 4), element.flip)
    at = min(max(bisect_right(line, (along, 99.0)), 1), len(line) - 1)
    (left, low), (right, high) = line[at - 1], line[at]
    return low + (high - low) * (along - left) / ((right - left) or 1)


@lru_cache(maxsize=256)
def ridge(kind: str, seed: int, size: float, span: float, flip: bool) -> Line:
    """Return the ridge line of a piece of land: `size` is how high it rises at most, `span` the picture's width."""
    roll = seeded("ridge", kind, seed)
    if kind == "mountains":
        line = _peaks(roll, size, span)
    elif kind == "mesas":
        line = _steps(roll, size, span)
    else:
        shape = _headland(roll, span) if kind == "headland" else _dune(roll) if kind == "dunes" else _rolling(roll)
        line = tuple((along, size * shape(along)) for along in (span * step / 160 for step in range(-4, 165)))
    return tuple((span - along, rise) for along, rise in reversed(line)) if flip else line


def _rolling(roll: Random) -> Callable[[float], float]:
    waves = [(roll.uniform(0.5, 0.95) * step**0.9, roll.uniform(0, 2 * pi), 1 / step**1.25) for step in (1, 2, 3)]
    whole = sum(share for _, _, share in waves)
    return lambda along: 0.5 + 0.5 * sum(s * sin(2 * pi * f * along + p) for f, p, s in waves) / whole


def _dune(roll: Random) -> Callable[[float], float]:
    length, start = roll.uniform(0.85, 1.25), roll.random()

    def shape(along: float) -> float:
        share = (along / length + start) % 1
        rise = (share / 0.72) ** 1.7 if share < 0.72 else (1 - (share - 0.72) / 0.28) ** 1.3  # noqa: PLR2004 - the crest
        return 0.15 + 0.85 * rise

    return shape


def _headland(roll: Random, span: float) -> Callable[[float], float]:
    """Return a shape that is high on the left and falls to the water."""
    top, edge = roll.uniform(0.3, 0.42) * min(span, 1.3), roll.uniform(0.12, 0.2)
    wave = roll.uniform(0, 2 * pi)

    def shape(along: float) -> float:
        fall = min(1.0, max(0.0, (along - top) / (edge + 0.18 * span)))
        eased = 1 - fall * fall * (3 - 2 * fall)
        return eased * (0.93 + 0.07 * sin(along * 7 + wave)) - 0.3 * (1 - eased)

    return shape


def _peaks(roll: Random, size: float, span: float) -> Line:
    """Return peaks and valleys with straight slopes, each broken twice."""
    points: list[tuple[float, float]] = []
    along = -roll.uniform(0.05, 0.3)
    while along < span + 0.4:
        points.append((along, size * roll.uniform(0.02, 0.22)))
        width = roll.uniform(0.3, 0.52)
        points.append((along + width * roll.uniform(0.4, 0.6), size * roll.uniform(0.6, 1.0)))
        along += width
    points.append((along, 0.0))
    line, rough = [points[0]], size * 0.05
    for one, other in pairwise(points):
        breaks = [between(one, other, share + roll.uniform(-0.08, 0.08)) for share in (0.35, 0.7)]
        line += [(along, rise + roll.uniform(-rough, rough)) for along, rise in breaks]
        line.append(other)
    return tuple(line)


def _steps(roll: Random, size: float, span: float) -> Line:
    line: list[tuple[float, float]] = [(-0.2, 0.0)]
    along = roll.uniform(-0.1, 0.2)
    while along < span:
        width, top = roll.uniform(0.14, 0.4), size * roll.uniform(0.45, 1.0)
        slope = 0.035
        line += [(along, 0.0), (along + slope, top * 0.45), (along + slope * 1.2, top)]
        line += [(along + width, top), (along + width + slope * 0.2, top * 0.45), (along + width + slope * 1.4, 0.0)]
        along += width + roll.uniform(0.12, 0.4)
    return (*line, (max(along, span) + 0.3, 0.0))
