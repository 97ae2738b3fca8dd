"""The stage: the part of the surface that the scenery is painted on, in shares of its size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from mediasmith_sketch.drawing.colour import contrast, lighter, lightness, mix
from mediasmith_sketch.drawing.paths import Point, Polygon
from mediasmith_sketch.drawing.surface import Surface
from mediasmith_sketch.scene import Element, Palette

FOREGROUND = 40.0
"""From this depth (`Element.z`) on, things are near."""


def unit_of(width: float, height: float) -> float:
    """Return the length that sizes are shares of: about the shorter side."""
    return min(min(width, height) * 1.25, (width * height) ** 0.5)


@dataclass
class Stage:
    """Where the scenery goes: a rectangle of the surface in pixels, and the colours to paint it with.

    `unit` is the length that sizes are shares of, so that things keep their proportions in every format; the stage
    is `span` units wide. `dim` means that it is dark enough for lights to shine.
    """

    surface: Surface
    left: float
    top: float
    width: float
    height: float
    palette: Palette
    cutout: bool = False
    unit: float = field(init=False)
    span: float = field(init=False)
    dim: bool = field(init=False)

    def __post_init__(self) -> None:
        self.unit = unit_of(self.width, self.height)
        self.span = self.width / self.unit
        self.dim = lightness(self.palette.sky) < 0.56  # noqa: PLR2004 - about the middle
        self._paints = _paints(self.palette, dim=self.dim)

    def x(self, share: float) -> float:
        """Convert a share of the width to pixels of the surface."""
        return self.left + share * self.width

    def y(self, share: float) -> float:
        """Convert a share of the height to pixels of the surface."""
        return self.top + share * self.height

    def at(self, element: Element) -> Point:
        """Return where an element stands, in pixels of the surface."""
        return self.x(element.x), self.y(element.y)

    @property
    def floor(self) -> float:
        """A little below the lower edge, so that no seam shows, in pixels of the surface."""
        return self.top + self.height + 2

    def is_near(self, element: Element) -> bool:
        """Return whether an element is in the foreground, where there is no mist."""
        return element.z >= FOREGROUND

    def paint(self, name: str) -> str:
        """Return the colour `#rrggbb` of a paint, which may be one already."""
        return name if name.startswith("#") else self._paints[name]

    def fill(self, polygons: Sequence[Polygon], paint: str, opacity: float = 1) -> None:
        """Paint shapes, given in pixels, in one paint."""
        self.surface.fill(polygons, self.paint(paint), opacity)

    def grade(self, polygons: Sequence[Polygon], paint: str, start: Point, end: Point, strength: float) -> None:
        """Shade shapes with grains of a paint that thicken from one point to another."""
        self.surface.grade(polygons, self.paint(paint), start, end, strength)

    def shade(self, polygons: Sequence[Polygon], paint: str, top: float, bottom: float, strength: float) -> None:
        """Shade shapes with grains of a paint that thicken from one height to another, both in pixels."""
        self.grade(polygons, paint, (self.left, top), (self.left, bottom), strength)


Painter: TypeAlias = Callable[[Stage, Element, Random], None]
"""Paints an element on a stage; the random numbers are the element's own."""


def _paints(palette: Palette, *, dim: bool) -> Mapping[str, str]:
    """Return the palette, and the paints that follow from it."""
    green = mix(palette.mid, "#5d8a4a", 0.45)
    trees = (mix(palette.near, "#3f6b4f", 0.45), mix(palette.dark, "#3f7a5a", 0.5), mix(palette.low, "#4f8a62", 0.6))
    return {
        **palette.model_dump(),
        "glow": mix("#ffd27a", palette.disc, 0.35) if dim else mix(palette.dark, palette.sky, 0.3),
        "beam": mix("#fff2c9", palette.disc, 0.3),
        "glass": mix(palette.light, palette.sky, 0.5),
        "green": green,
        "leaf": lighter(green, -0.1),
        # Trees stand out from the land behind them.
        "tree": max(trees, key=lambda tree: min(1.6, contrast(tree, palette.mid)) - 0.1 * trees.index(tree)),
        "fur": mix("#bd7440", palette.accent, 0.3),
        "bark": mix("#7d563c", palette.dark, 0.2),
        "hide": mix("#8d979f", palette.water, 0.3),
        "sand": mix(palette.low, palette.far, 0.6),
        "blush": mix("#e07f74", palette.accent, 0.25),
        "clear": "#ffffff",
        "dim": "#000000" if dim else palette.dark,
        "mist": mix(palette.low, palette.light, 0.35),
    }
