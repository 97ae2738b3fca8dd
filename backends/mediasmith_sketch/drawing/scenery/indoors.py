"""What stands behind and below a thing or a portrait: table, niche, disc and plinth."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from random import Random

from mediasmith_sketch.drawing.colour import lighter, mix
from mediasmith_sketch.drawing.paths import arc, ellipse, rectangle
from mediasmith_sketch.drawing.stage import Painter, Stage
from mediasmith_sketch.scene import Element


def _table(stage: Stage, element: Element, _roll: Random) -> None:
    top = stage.y(element.y)
    paint = stage.paint(element.main or "mid")
    board = [rectangle(stage.left, top, stage.width, stage.floor - top)]
    stage.fill(board, paint)
    stage.shade(board, lighter(paint, -0.1), top, stage.floor, 0.8)


def _arch(stage: Stage, element: Element, _roll: Random) -> None:
    """Paint a tall niche, from `y` upwards."""
    x, y = stage.at(element)
    half, tall = element.size * stage.unit * 0.5, element.size * stage.unit * 1.25
    paint = stage.paint(element.main or "far")
    shape = [[(x - half, y), *arc((x, y - tall + half), half, pi, 2 * pi), (x + half, y)]]
    stage.fill(shape, paint)
    stage.grade(shape, mix(paint, stage.palette.dark, 0.3), (x + half * 0.1, y), (x + half * 1.2, y), 0.55)


def _spot(stage: Stage, element: Element, _roll: Random) -> None:
    """Paint a large disc."""
    (x, y), radius = stage.at(element), element.size * stage.unit
    paint = stage.paint(element.main or "disc")
    disc = [ellipse((x, y), radius)]
    stage.fill(disc, paint)
    stage.shade(disc, mix(paint, stage.palette.accent, 0.5), y, y + radius * 1.3, 0.6)


def _plinth(stage: Stage, element: Element, _roll: Random) -> None:
    """Paint a round block that a thing stands on; `y` is the middle of its top."""
    x, y = stage.at(element)
    half = element.size * stage.unit * 0.5
    flat, tall = half * 0.2, half * 0.5
    paint = stage.paint(element.main or "light")
    stage.fill([ellipse((x + half * 0.22, y + tall + flat * 0.3), half * 1.12, flat)], "dark", 0.16)
    side = [[(x - half, y), *arc((x, y + tall), half, pi, 0, flat), (x + half, y)]]
    stage.fill(side, mix(paint, stage.palette.dark, 0.14))
    stage.grade(side, mix(paint, stage.palette.dark, 0.4), (x - half * 0.2, y), (x + half, y), 0.8)
    stage.fill([ellipse((x, y), half, flat)], paint)


INDOORS: Mapping[str, Painter] = {"table": _table, "arch": _arch, "spot": _spot, "plinth": _plinth}
