"""What is overhead: sun, moon, stars, weather."""

from __future__ import annotations

from collections.abc import Mapping
from math import acos, cos, pi, sin
from random import Random

from mediasmith_sketch.drawing.colour import mix
from mediasmith_sketch.drawing.paths import Point, Polygon, arc, ellipse, rectangle, ring
from mediasmith_sketch.drawing.stage import Painter, Stage
from mediasmith_sketch.scene import Element


def _halo(stage: Stage, element: Element) -> tuple[Point, float, str]:
    """Paint the glow of sun or moon; return its middle, its radius and its colour."""
    centre, radius, paint = stage.at(element), element.size * stage.unit, stage.paint(element.main or "disc")
    for grown, opacity in ((2.1, 0.08), (1.68, 0.1), (1.32, 0.13)):
        stage.fill([ellipse(centre, radius * grown)], paint, opacity)
    return centre, radius, paint


def _sun(stage: Stage, element: Element, _roll: Random) -> None:
    (x, y), radius, paint = _halo(stage, element)
    disc = [ellipse((x, y), radius)]
    stage.fill(disc, paint)
    stage.shade(disc, mix(paint, stage.palette.accent, 0.55), y + radius * 0.1, y + radius * 1.3, 0.6)


_CRATERS = ((-0.35, -0.2, 0.2), (0.25, 0.3, 0.26), (0.3, -0.42, 0.12), (-0.2, 0.45, 0.11), (0.62, -0.05, 0.08))
"""Middle and radius of each crater of the moon, in shares of its radius."""


def _moon(stage: Stage, element: Element, roll: Random) -> None:
    (x, y), radius, paint = _halo(stage, element)
    if roll.random() < 0.4:  # noqa: PLR2004 - two moons in five are new
        stage.fill([_crescent((x, y), radius)], paint)
        return
    disc = [ellipse((x, y), radius)]
    stage.fill(disc, paint)
    for across, down, share in _CRATERS:
        crater = ellipse((x + across * radius, y + down * radius), share * radius)
        stage.fill([crater], mix(paint, stage.palette.sky, 0.16))
    stage.grade(disc, mix(paint, stage.palette.sky, 0.35), (x, y), (x + radius * 1.5, y), 0.6)


def _crescent(centre: Point, radius: float) -> Polygon:
    """Return a circle without the smaller circle that lies over its right side."""
    inner, shift = 0.82, 0.42
    crossing = (1 - inner**2 + shift**2) / (2 * shift)
    outward, inward = acos(crossing), acos((crossing - shift) / inner)
    bite = arc((centre[0] + shift * radius, centre[1]), inner * radius, 2 * pi - inward, inward)
    return arc(centre, radius, outward, 2 * pi - outward) + bite


def _stars(stage: Stage, element: Element, roll: Random) -> None:
    paint = stage.paint(element.main or ("light" if stage.dim else "disc"))
    count = round(110 * element.size * max(1.0, stage.width * stage.height / stage.unit**2))
    dots: list[Polygon] = []
    for _ in range(count):
        x, y = roll.random(), roll.random() ** 1.3 * 0.72
        radius = roll.choice((0.0011, 0.0015, 0.0015, 0.0024)) * stage.unit
        dots.append(ellipse((stage.x(x), stage.y(y)), max(0.5, radius)))
    stage.fill(dots, paint, 0.9)
    for _ in range(max(3, count // 16)):
        x, y = stage.x(roll.random()), stage.y(roll.random() * 0.55)
        radius = roll.uniform(0.009, 0.017) * stage.unit
        reaches = [(radius * 0.2 if step % 2 else radius, pi * step / 4 - pi / 2) for step in range(8)]
        stage.fill([[(x + reach * cos(angle), y + reach * sin(angle)) for reach, angle in reaches]], paint)


def _cloud(stage: Stage, element: Element, roll: Random) -> None:
    x, y = stage.at(element)
    unit = element.size * stage.unit
    pills: list[Polygon] = []
    for row, (share, shift) in enumerate(((1.0, 0.0), (0.68, -0.06), (0.34, 0.05))):
        width = unit * share * roll.uniform(0.88, 1.1)
        height = unit * 0.15
        left = x - width / 2 + unit * (shift + roll.uniform(-0.09, 0.09))
        pills.append(rectangle(left, y - row * height * 0.86, width, height, height / 2))
    paint = stage.paint(element.main or "light")
    stage.fill(pills, paint, 0.9 if element.main else 0.82 if not stage.dim else 0.3)
    stage.shade(pills, mix(paint, stage.palette.sky, 0.5), y - unit * 0.1, y + unit * 0.26, 0.5)


def _rain(stage: Stage, element: Element, roll: Random) -> None:
    drops: list[Polygon] = []
    for _ in range(round(150 * stage.span * stage.height / stage.unit)):
        x, y = stage.x(roll.uniform(-0.05, 1.05)), stage.y(roll.uniform(-0.05, 1.0))
        length, width = roll.uniform(0.03, 0.06) * stage.unit, max(0.6, 0.0017 * stage.unit)
        drops.append([(x, y), (x + width, y), (x + width - length * 0.3, y + length), (x - length * 0.3, y + length)])
    stage.fill(drops, element.main or ("light" if stage.dim else "far"), 0.45)


def _snow(stage: Stage, element: Element, roll: Random) -> None:
    flakes: list[Polygon] = []
    for _ in range(round(150 * stage.span * stage.height / stage.unit)):
        at = stage.x(roll.random()), stage.y(roll.random())
        flakes.append(ellipse(at, max(0.6, roll.choice((0.002, 0.003, 0.003, 0.005)) * stage.unit)))
    stage.fill(flakes, element.main or "#ffffff", 0.9)


def _fog(stage: Stage, element: Element, roll: Random) -> None:
    for step in range(7):
        width = stage.width * roll.uniform(0.35, 0.8)
        height = stage.unit * roll.uniform(0.022, 0.05)
        x = stage.x(roll.uniform(-0.15, 0.75))
        y = stage.y(element.y + (step - 3) * 0.05)
        stage.fill([rectangle(x, y, width, height, height / 2)], element.main or "mist", 0.34)


def _rainbow(stage: Stage, element: Element, _roll: Random) -> None:
    outer = element.size * stage.unit
    for step, paint in enumerate(("accent", "disc", "light", "water", "far")):
        radius = outer * (1 - step * 0.07)
        stage.fill([ring(stage.at(element), radius, radius - outer * 0.071, pi, 2 * pi)], paint, 0.88)


def _lightning(stage: Stage, element: Element, _roll: Random) -> None:
    x, y = stage.at(element)
    unit = element.size * stage.unit
    zigzag = ((0.1, -1), (-0.22, -0.42), (-0.02, -0.42), (-0.2, 0.2), (0.26, -0.56), (0.06, -0.56), (0.3, -1))
    stage.fill([[(x + a * unit, y + b * unit) for a, b in zigzag]], element.main or "disc")


def _fireworks(stage: Stage, element: Element, roll: Random) -> None:
    x, y = stage.at(element)
    unit = element.size * stage.unit
    for step, paint in enumerate((element.main or "accent", element.trim or "disc", "light")):
        reach, width = unit * (1 - step * 0.28), max(0.7, unit * 0.016)
        sparks: list[Polygon] = []
        turn = roll.random()
        for spark in range(18):
            angle = 2 * pi * (spark + turn) / 18
            near, far = reach * 0.45, reach * roll.uniform(0.88, 1.0)
            c, s = cos(angle), sin(angle)
            end, across = (x + far * c, y + far * s), (width * s, width * c)
            start = (x + near * c, y + near * s)
            sparks.append([start, (end[0] - across[0], end[1] + across[1]), (end[0] + across[0], end[1] - across[1])])
            sparks.append(ellipse(end, width * 1.4))
        stage.fill(sparks, paint)


def _planet(stage: Stage, element: Element, roll: Random) -> None:
    (x, y), radius = stage.at(element), element.size * stage.unit
    paint = stage.paint(element.main or "accent")
    ringed = roll.random() < 0.7  # noqa: PLR2004 - most have a ring
    if ringed:
        stage.fill([_half_ring((x, y), radius, pi)], element.trim or "light", 0.6)
    disc = [ellipse((x, y), radius)]
    stage.fill(disc, paint)
    for middle, height in ((-0.45, 0.16), (0.08, 0.24), (0.55, 0.12)):
        shares = [middle + step * height / 8 for step in range(9)]
        chords = [(radius * max(0.0, 1 - share**2) ** 0.5, y + share * radius) for share in shares]
        band = [(x - half, level) for half, level in chords] + [(x + half, level) for half, level in reversed(chords)]
        stage.fill([band], mix(paint, stage.palette.light, 0.22))
    night = mix(paint, stage.palette.dark, 0.65)
    stage.grade(disc, night, (x - radius * 0.2, y), (x + radius * 1.1, y), 0.9)
    if ringed:
        stage.fill([_half_ring((x, y), radius, 0)], element.trim or "light")


def _half_ring(centre: Point, radius: float, start: float) -> Polygon:
    """Return the near (from 0) or far (from pi) half of a tilted ring around a planet."""
    flat = ring((0, 0), radius * 1.8, radius * 1.42, start, start + pi)
    lean = -0.32
    return [
        (centre[0] + x * cos(lean) - y * 0.24 * sin(lean), centre[1] + x * sin(lean) + y * 0.24 * cos(lean))
        for x, y in flat
    ]


SKY: Mapping[str, Painter] = {
    "sun": _sun, "moon": _moon, "stars": _stars, "cloud": _cloud, "rain": _rain, "snow": _snow, "fog": _fog,
    "rainbow": _rainbow, "lightning": _lightning, "fireworks": _fireworks, "planet": _planet,
}  # fmt: skip
