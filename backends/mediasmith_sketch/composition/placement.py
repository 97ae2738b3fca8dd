"""Where the figures of a picture stand, float or fly, and how large they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from mediasmith_sketch.composition.scenery_plans import FRONT, MIDAIR, NEAR
from mediasmith_sketch.drawing.figure import Figure, Place, reach
from mediasmith_sketch.drawing.figures import FIGURES, LIVING
from mediasmith_sketch.drawing.terrain import GROUNDS, height
from mediasmith_sketch.prompt.parser import Mention
from mediasmith_sketch.scene import Element, Plan

_SIDES = {"left": 0.22, "right": 0.78, "middle": 0.5}

Spot = tuple[float, float, float, bool]
"""x, y, z, and whether it stands on the ground."""


@dataclass(frozen=True, kw_only=True)
class FreeSpace:
    """What there is in a picture already, and so where there is room. Its `span` and `tall` are in units."""

    elements: Sequence[Element]
    span: float
    tall: float
    roll: Random

    def first(self, *kinds: str) -> Element | None:
        """Return the first element of one of these kinds."""
        return next((element for element in self.elements if element.kind in kinds), None)

    def x(self, mention: Mention, first: Sequence[float], later: Sequence[float]) -> float:
        """Return the place across that is farthest from everything; the asked side wins.

        The `first` places are for a picture without any figure but those that belong to the scenery.
        """
        candidates = first if self.alone else later
        if mention.side in _SIDES:
            candidates = (_SIDES[mention.side],)
        taken = [
            (element.x, element.size * 0.5 / self.span)
            for element in self.elements
            if element.kind in FIGURES or element.kind in {"sun", "moon", "planet"}
        ]
        jittered = [x + self.roll.uniform(-0.025, 0.025) for x in candidates]
        return max(jittered, key=lambda x: min((abs(x - other) - reach for other, reach in taken), default=1.0))

    @property
    def alone(self) -> bool:
        """Whether there is no figure yet but those that belong to the scenery."""
        return not any(element.kind in FIGURES and element.z > 20 for element in self.elements)  # noqa: PLR2004


def place_figures(mentions: Sequence[Mention], plan: Plan, space: FreeSpace) -> list[Element]:
    """Return the elements for all figures that are named; the first one is the largest and has the best place."""
    placed: list[Element] = []
    crowd = sum(mention.count for mention in mentions) > 3  # noqa: PLR2004 - a crowd is drawn smaller
    for mention in mentions:
        for _ in range(mention.count):
            share = 0.62 if crowd else 0.8
            if plan == "outdoors" and FIGURES[mention.what].place == "table":
                share *= 0.6 if mention.what in LIVING else 0.4  # a cup is no house
            filled = replace(space, elements=[*space.elements, *placed])
            placed.append(add_figure(mention, filled, plan, share if placed or mention.count > 4 else 1))  # noqa: PLR2004
    return placed


def add_figure(mention: Mention, space: FreeSpace, plan: Plan, share: float = 0.7) -> Element:
    """Return one figure, placed where there is room, at a share of its usual height."""
    figure, roll = FIGURES[mention.what], space.roll
    size = min(0.95, figure.height * mention.scale * share * roll.uniform(0.96, 1.06))
    x, y, z, stands = _SPOTS[_place(figure.place, plan, space)](space, mention, size)
    x, y, size = _inside(figure, space, (x, y, size), stands=stands)
    return Element(
        kind=mention.what,
        x=round(x, 4),
        y=round(y, 4),
        size=round(size, 4),
        z=round(z, 4),
        stands=stands,
        seed=roll.randrange(1 << 30),
        flip=x > 0.5 and figure.place not in {"table", "span"},  # noqa: PLR2004 - it looks into the picture
        main=mention.colours[0] if mention.colours else "",
        trim=mention.colours[1] if len(mention.colours) > 1 else "",
    )


def _inside(
    figure: Figure, space: FreeSpace, spot: tuple[float, float, float], *, stands: bool
) -> tuple[float, float, float]:
    """Return the place and size at which the picture's edge cuts nothing of a figure; bridges and trains may leave."""
    x, y, size = spot
    left, up, right = reach(figure)
    size = min(size, 0.94 * space.span / (left + right)) if figure.place != "span" else size
    ground = next((element for element in reversed(space.elements) if element.kind in GROUNDS), None)
    if left + right < 1.6:  # noqa: PLR2004 - longer ones may drive out of the picture
        across = size * max(left, right) / space.span + 0.015
        x = min(max(x, across), 1 - across) if across < 0.5 else 0.5  # noqa: PLR2004 - the middle
    if stands and ground is not None:
        y = ground.y - height(ground, x * space.span, space.span) / space.tall
    return x, y, min(size, (y - 0.05) * space.tall / up)


def _place(place: Place, plan: Plan, space: FreeSpace) -> Place:
    """Return where a figure goes in this plan: a ship on a table is a model, and without water it is on land."""
    if plan in {"still", "portrait"}:
        return "table"
    if plan == "deep":
        return "deep"
    if plan == "space":
        return "land" if space.first("hills") and place in {"land", "table"} else "air"
    if place in {"water", "deep", "span"}:
        return "water" if space.first("sea", "lake", "waves") else "land"
    return "land" if place == "table" else place


def _on_land(space: FreeSpace, mention: Mention, size: float) -> Spot:
    """Find room on the nearest ground, which may be a headland on one side."""
    depth = NEAR - 1 - size * 0.5  # smaller things stand in front of larger ones
    head = space.first("headland")
    if head is None:
        return space.x(mention, (0.32, 0.66), (0.12, 0.22, 0.34, 0.46, 0.58, 0.7, 0.82, 0.9)), 0.9, depth, True
    near = (0.2,) if space.alone else (0.2, 0.12, 0.28, 0.06, 0.34)
    sides = [1 - x if head.flip else x for x in near]
    level = [x for x in sides if height(head, x * space.span, space.span) > 0.9 * head.size] or sides[:1]
    return space.x(mention, level, level), 0.9, depth, True


def _on_water(space: FreeSpace, mention: Mention, size: float) -> Spot:
    water = space.first("sea", "lake", "waves")
    y = min(0.95, (water.y if water else 0.7) + 0.06 + 0.32 * size + space.roll.uniform(0, 0.05))
    return space.x(mention, (0.36, 0.62), (0.18, 0.32, 0.46, 0.6, 0.74, 0.86)), y, 32 + 10 * y, False


def _in_the_air(space: FreeSpace, mention: Mention, size: float) -> Spot:
    y = min(0.9, max(size + 0.06, space.roll.uniform(0.3, 0.44) + size * 0.4))
    return space.x(mention, (0.34, 0.62), (0.16, 0.32, 0.5, 0.68, 0.84)), y, MIDAIR, False


def _under_water(space: FreeSpace, mention: Mention, size: float) -> Spot:
    x = space.x(mention, (0.42, 0.58), (0.16, 0.3, 0.46, 0.62, 0.8))
    return x, space.roll.uniform(0.3, 0.66) + size * 0.5, MIDAIR, False


def _on_the_table(space: FreeSpace, mention: Mention, size: float) -> Spot:
    """Put the first thing in the middle, the others beside it and nearer."""
    if mention.what in {"portrait", "man"}:
        return 0.5 if space.alone else space.x(mention, (), (0.24, 0.76)), 1.01, FRONT, False
    plinth = space.first("plinth")
    if space.alone and not mention.side:
        return 0.5, plinth.y + 0.012 if plinth else 0.84 + 0.04 * size, FRONT, False
    beside = (0.2, 0.8, 0.34, 0.66, 0.1, 0.9)
    return space.x(mention, beside, beside), 0.88 + 0.05 * size, FRONT + 1, False


_SPOTS: Mapping[Place, Callable[[FreeSpace, Mention, float], Spot]] = {
    "land": _on_land,
    "table": _on_the_table,
    "water": _on_water,
    "deep": _under_water,
    "air": _in_the_air,
}
