"""Composing: from a prompt to a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from mediasmith_sketch.composition.captions import caption_of
from mediasmith_sketch.composition.colour_coverage import ensure_coverage
from mediasmith_sketch.composition.element_colours import coloured_by_prompt, visible
from mediasmith_sketch.composition.palettes import of_mood, strongest, with_colours, with_regions
from mediasmith_sketch.composition.placement import FreeSpace, place_figures
from mediasmith_sketch.composition.scenery_plans import OUTDOORS, SceneryRequest, plan_for, scenery
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.layout import band_for, shape_of
from mediasmith_sketch.drawing.typesetting import settable
from mediasmith_sketch.prompt.parser import Mention, normalized, parse_prompt
from mediasmith_sketch.random_seed import seeded
from mediasmith_sketch.scene import LONGEST_PROMPT, MOST_ELEMENTS, Asked, Element, Plan, Scene

_LANDSCAPES = frozenset(
    {"dawn", "day", "dusk", "night", "storm", "winter", "autumn", "spring", "desert", "forest", "space"}
)
"""Moods that make a landscape of a prompt that names nothing to see."""

_MOST_FIGURES = 7
"""Kinds of things that are drawn at most; a picture of more says nothing."""


def seed_of(prompt: str) -> int:
    """Return the seed of a prompt that comes without one."""
    return int.from_bytes(sha256(prompt.encode("utf-8", "surrogatepass")).digest()[:4], "big")


def compose(prompt: str, size: tuple[int, int], seed: int, asked: Asked, *, pictured: bool = False) -> Scene:
    """Return the scene that a prompt asks for. `pictured` leaves the middle to reference pictures."""
    parsed = parse_prompt(prompt)
    roll = seeded(seed, prompt)
    cutout = asked.cutout if asked.cutout is not None else parsed.cutout
    wanted = _wanted(parsed.mentions, parsed.loose if cutout else ())
    style = asked.style or ("poster" if "poster" in normalized(prompt).lower() else None)
    caption = caption_of(prompt)
    band, beside = band_for(*size, caption if asked.caption else "", style)
    span, tall = shape_of(size, band, beside=beside)
    mood = strongest((*parsed.moods, *parsed.implied))
    colours = [(mention.what, mention.colours[0]) for mention in wanted if any(mention.colours[:1])]
    palette = with_regions(with_colours(of_mood(mood, roll), parsed.loose, mood), colours)
    request = SceneryRequest(
        names=frozenset(mention.what for mention in wanted),
        unwanted=frozenset(mention.what for mention in parsed.mentions if mention.verb == "remove"),
        hero=next((mention.what for mention in wanted if mention.what in FIGURES), ""),
        mood=mood,
        studio=parsed.studio,
        palette=palette,
        span=span,
        tall=tall,
        roll=roll,
    )
    drawable = any(name in FIGURES or name in OUTDOORS for name in request.names)
    scenic = drawable or not _LANDSCAPES.isdisjoint(parsed.moods)
    plan: Plan = plan_for(request) if scenic and style != "geometric" else "abstract"
    elements = _elements(plan, request, wanted, pictured=pictured)
    scene = Scene(
        version=1,
        width=size[0],
        height=size[1],
        prompts=(normalized(prompt)[:LONGEST_PROMPT],),
        seed=seed,
        asked=asked,
        grain=roll.randrange(1 << 30),
        style=style,
        plan=plan,
        palette=palette,
        elements=tuple(elements[:MOST_ELEMENTS]),
        caption=caption,
        title=settable(parsed.title),
        band=band,
        beside=beside,
        captioned=asked.caption,
        cutout=cutout,
    )
    return ensure_coverage(scene, parsed.colours)


def _wanted(mentions: Sequence[Mention], skyless: Sequence[str]) -> list[Mention]:
    """Return what is to be drawn. Flowers in a landscape are a meadow.

    `skyless` are colours that would be the sky's if there were one: they go to the first figure.
    """
    wanted = [mention for mention in mentions if mention.verb != "remove"]
    first = next((at for at, one in enumerate(wanted) if one.what in FIGURES), None)
    if skyless and first is not None and not wanted[first].colours:
        wanted[first] = replace(wanted[first], colours=tuple(skyless[:2]))
    scenic = any(mention.what in OUTDOORS for mention in wanted)
    return [replace(one, what="meadow") if scenic and one.what == "flower" and one.count > 1 else one for one in wanted]


def _elements(plan: Plan, request: SceneryRequest, mentions: Sequence[Mention], *, pictured: bool) -> list[Element]:
    """Return scenery and figures. A bust among hills would be a giant, so there it is a whole person."""
    elements = [coloured_by_prompt(element, mentions, request.palette) for element in scenery(plan, request)]
    if plan == "abstract":
        return elements
    figures = [mention for mention in mentions if mention.what in FIGURES][:_MOST_FIGURES]
    if plan != "portrait":
        figures = [replace(one, what="person") if one.what in {"portrait", "man"} else one for one in figures]
    space = FreeSpace(elements=elements, span=request.span, tall=request.tall, roll=request.roll)
    placed = [visible(element, elements, request.palette) for element in place_figures(figures, plan, space)]
    return [*elements, *(map(_before_references, placed) if pictured else placed)]


def _before_references(element: Element) -> Element:
    """Return a figure smaller and at the lower edge, so that it does not hide the reference pictures behind it."""
    side = 0.12 if element.x < 0.5 else 0.88  # noqa: PLR2004 - the nearer side
    small = min(0.26, element.size * 0.6)
    return element.model_copy(update={"x": side, "y": 0.98, "z": 60.0, "size": small, "stands": False})
