"""Adding to a scene: one more figure, or a piece of scenery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from mediasmith_sketch.composition.element_colours import kinds_of, recoloured, visible
from mediasmith_sketch.composition.placement import FreeSpace, add_figure
from mediasmith_sketch.composition.scenery_plans import MIDAIR
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.layout import shape_of
from mediasmith_sketch.prompt.parser import Mention
from mediasmith_sketch.scene import Element, Scene

_SCENERY: Mapping[str, tuple[float, float, float]] = {
    "sun": (0.22, 0.1, 3.0),
    "moon": (0.2, 0.075, 3.5),
    "stars": (0.5, 1.0, 1.0),
    "cloud": (0.2, 0.3, 5.0),
    "rain": (0.5, 0.3, 70.0),
    "snow": (0.5, 0.3, 70.0),
    "fog": (0.64, 0.3, 40.0),
    "rainbow": (0.62, 0.5, 4.0),
    "lightning": (0.42, 0.3, 6.0),
    "fireworks": (0.24, 0.17, 6.0),
    "planet": (0.22, 0.09, 2.0),
    "mountains": (0.66, 0.36, 9.5),
    "mesas": (0.68, 0.18, 11.0),
    "skyline": (0.68, 0.36, 14.0),
    "woods": (0.7, 0.26, 18.5),
    "hills": (0.72, 0.12, 19.0),
    "dunes": (0.8, 0.12, 21.0),
    "sea": (0.7, 0.3, 30.0),
    "waves": (0.8, 0.3, 46.0),
    "field": (0.88, 0.06, 50.5),
    "lake": (0.83, 0.36, 51.0),
    "river": (0.76, 0.3, 51.0),
    "road": (0.84, 0.3, 52.0),
    "meadow": (0.86, 0.3, 53.0),
    "reef": (0.5, 0.3, 53.0),
    "tiles": (0.5, 1.0, 8.0),
    "arches": (0.5, 1.0, 8.0),
    "orbits": (0.5, 1.0, 8.0),
}
"""y, size and depth of scenery that is added later."""

_HIGH = frozenset({"sun", "moon", "planet", "cloud", "lightning", "fireworks"})


def new_element(mention: Mention, scene: Scene, roll: Random, vacant: Element | None) -> Element | None:
    """Return what a mention adds to a scene, in the place of `vacant` if given; None for what cannot be added."""
    kind = next(iter(kinds_of(mention.what)), "")
    if kind in FIGURES:
        span, tall = shape_of((scene.width, scene.height), scene.band, beside=scene.beside)
        space = FreeSpace(elements=scene.elements, span=span, tall=tall, roll=roll)
        new = visible(add_figure(replace(mention, what=kind), space, scene.plan), scene.elements, scene.palette)
    elif kind in _SCENERY:
        new = _scenery(kind, mention, scene, roll)
    else:
        return None
    if vacant is None:
        return new
    place: dict[str, float] = {"x": vacant.x} | ({"y": vacant.y} if kind in _HIGH else {})
    return new.model_copy(update=place)


def _scenery(kind: str, mention: Mention, scene: Scene, roll: Random) -> Element:
    x, (y, size, z) = 0.5, _SCENERY[kind]
    if kind in _HIGH:
        taken = [element.x for element in scene.elements if element.kind in {"sun", "moon", "planet", *FIGURES}]
        places = (0.14, 0.3, 0.44, 0.58, 0.72, 0.86)
        x = max(places, key=lambda place: min((abs(place - other) for other in taken), default=1.0))
        x, y = x + roll.uniform(-0.03, 0.03), y + roll.uniform(-0.03, 0.03)
    if scene.plan == "abstract":
        z = max(z, MIDAIR - 1)  # abstract compositions fill the picture, so new things go before them
    new = Element(kind=kind, x=x, y=y, size=size * mention.scale, z=z, seed=roll.randrange(1 << 30))
    return recoloured(new, mention.colours, scene.palette)


def accent(roll: Random) -> Element:
    """Return a small thing in the sky, for an edit that was not understood."""
    kind = roll.choice(("birds", "balloon", "butterfly"))
    x, y, size = roll.uniform(0.12, 0.88), roll.uniform(0.2, 0.4), roll.uniform(0.1, 0.15)
    return Element(kind=kind, x=x, y=y, size=size, z=MIDAIR, seed=roll.randrange(1 << 30), main="accent")
