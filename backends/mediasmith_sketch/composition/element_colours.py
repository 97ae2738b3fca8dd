"""Which colour a thing in a scene gets: the one that was asked for, or one it can be seen in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mediasmith_sketch.drawing.colour import contrast, mix
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.stage import FOREGROUND
from mediasmith_sketch.prompt.parser import Mention
from mediasmith_sketch.scene import Element, Palette

_KINDS: Mapping[str, tuple[str, ...]] = {
    "sky": (),
    "caption": (),
    "title": (),
    "hills": ("hills", "headland"),
    "sea": ("sea", "waves"),
    "waves": ("waves", "sea"),
    "city": ("skyline",),
    "ground": ("hills", "headland", "dunes"),
    "water": ("sea", "lake", "river"),
}
_LAYERED = frozenset({"hills", "mountains", "skyline", "woods", "dunes", "mesas"})
"""Scenery that comes in several layers behind each other."""


def kinds_of(what: str) -> tuple[str, ...]:
    """Return the kinds of element that a meaning of the vocabulary stands for: usually its own."""
    return _KINDS.get(what, (what,))


def coloured_by_prompt(element: Element, mentions: Sequence[Mention], palette: Palette) -> Element:
    """Return the element in the colours that the prompt gives it, if it does."""
    for mention in mentions:
        if mention.colours and element.kind in kinds_of(mention.what):
            return recoloured(element, mention.colours, palette)
    return element


def recoloured(element: Element, colours: Sequence[str], palette: Palette) -> Element:
    """Return the element in another main colour and perhaps second one; scenery in the distance is paler."""
    main, trim = (*colours, "", "")[:2]
    if main and element.kind in _LAYERED and element.z < FOREGROUND:
        main = mix(main, palette.low, 0.6 if element.z < 15 else 0.3)  # noqa: PLR2004 - the far distance
    return element.model_copy(update={name: paint for name, paint in (("main", main), ("trim", trim)) if paint})


def visible(element: Element, scenery: Sequence[Element], palette: Palette) -> Element:
    """Return a figure without a colour of its own in one that stands out from what is behind it."""
    paints = palette.model_dump()
    usual = FIGURES[element.kind].main
    if element.main or usual not in paints:
        return element
    behind = next((back for back in scenery if back.kind in {"spot", "arch"}), None)
    low = element.stands and element.size < 0.45  # noqa: PLR2004 - taller ones stand against the sky
    around = ["sky", "mid", behind.main or "disc"] if behind else ["mid" if low else "sky"]
    enough = 1.5 if behind else 1.25
    choices = (usual, "accent", "light", "dark", "near")
    best = max(choices, key=lambda name: min(enough, *(contrast(paints[name], paints[other]) for other in around)))
    return element if best == usual else element.model_copy(update={"main": best})
