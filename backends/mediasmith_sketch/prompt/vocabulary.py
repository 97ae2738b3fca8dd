"""The words that prompts and edits are read with."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Literal, TypeVar

V = TypeVar("V")

Verb = Literal["", "add", "remove", "change", "replace"]
"""What is to happen to a thing; empty if the words do not say."""


def _names(text: str) -> dict[str, str]:
    """Return the meanings of words, from lines of `meaning: word, several words`; a meaning is a word for itself."""
    found: dict[str, str] = {}
    for line in text.strip().splitlines():
        meaning, _, words = line.strip().partition(":")
        found |= {word.strip(): meaning for word in (meaning, *words.split(",")) if word.strip()}
    return found


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def same_for(text: str, value: V) -> dict[str, V]:
    """Return the words of a text, all with the same value."""
    return dict.fromkeys(text.split(), value)


NOUNS: Mapping[str, str] = _names(files("mediasmith_sketch.prompt").joinpath("nouns.txt").read_text("utf-8"))
"""What a word names: a figure, a kind of scenery, or a part of the picture."""

SEVERAL: Mapping[str, int] = {**same_for("bouquet family people children team", 3), "village": 4, "crowd": 6}
"""Words for one thing that stand for several of it."""

KIN: Mapping[str, tuple[str, ...]] = {
    "tower": ("lighthouse", "church", "castle", "eiffel", "skyscraper", "pagoda", "windmill"),
    "skyscraper": ("city", "tower"),
    "house": ("barn", "church", "castle", "lighthouse"),
    "boat": ("ship",),
    "ship": ("boat",),
    "tree": ("pine", "palm", "woods"),
    "flower": ("tulip", "sunflower", "meadow"),
    "person": ("portrait", "man"),
    "portrait": ("man", "person"),
    "man": ("portrait", "person"),
    "sea": ("lake", "river"),
    "lake": ("sea",),
}
"""What an edit may mean by a thing that is not in the picture."""

OWN_COLOURS: Mapping[str, str] = {
    "rose": "#d7263d",
    "poppy": "#e2341d",
    "goldfish": "#ff8c1a",
    "clownfish": "#ff7f2a",
    "cherry tree": "#f4b6c2",
    "blossom tree": "#f4b6c2",
    "polar bear": "#f7f4ec",
    "canary": "#ffd93b",
    "taxi": "#f7c325",
    "lavender field": "#9b86c9",
    "wheat field": "#e6bf6b",
}
"""Things whose name says their colour."""

MAIN_PARTS: frozenset[str] = word_set(
    "dress shirt coat jacket suit sweater jumper hull body walls wall petals fur frame"
)
TRIM_PARTS: frozenset[str] = word_set("roof roofs sail sails stripe stripes hair hat label ring snowcaps windows pot")
"""Parts of a thing: a colour before one is the thing's main colour, or its second one."""

MOODS: Mapping[str, str] = _names("""
    dawn: sunrise, daybreak, morning, first light
    day: daytime, noon, midday, afternoon, sunny, summer, sunlit, daylight
    dusk: sunset, evening, twilight, golden hour, sundown, nightfall, gloaming, afterglow
    night: midnight, nighttime, nocturnal, moonlit, starlit, night sky, starry, starry night, stars, moonlight
    storm: stormy, thunderstorm, rain, rainy, tempest, overcast, gloomy
    winter: snow, snowy, wintry, ice, icy, frozen, arctic, frost, christmas, antarctica, blizzard, ski
    autumn: autumnal, october, harvest, thanksgiving
    spring: springtime, blossom, easter, april, garden
    desert: sahara, dunes, canyon, arid, egypt, oasis, savanna, safari, mesa
    forest: jungle, woodland, woods, rainforest, botanical, nature, organic, eco
    sea: ocean, seaside, coast, beach, nautical, marine, maritime, lagoon, tropical, harbour, harbor
    reef: underwater, aquarium, deep sea, coral reef, seabed
    neon: cyberpunk, synthwave, vaporwave, retrowave, futuristic, sci fi, cyber, techno, nightclub, disco, glowing
    pastel: soft, kawaii, cute, gentle, dreamy, dreamlike, candy, delicate, powdery
    retro: vintage, mid century, midcentury, seventies, 1970s, old fashioned, nostalgic, classic
    mono: black and white, monochrome, noir, greyscale, grayscale, minimalist, minimal, line art
    space: cosmos, cosmic, galaxy, nebula, universe, outer space, interstellar, lunar
    warm: cosy, cozy, hygge, fire, spicy
    cool: cold, calm, chilly, serene, business, corporate, technology, tech, startup, professional
""")
"""Which palette a word suggests."""

VERBS: Mapping[str, Verb] = {
    **same_for("add put place include insert draw plus give introduce show another more create generate sketch", "add"),
    **same_for("remove delete erase without no drop hide lose omit eliminate clear minus except", "remove"),
    **same_for(
        "make turn change colour color paint recolour recolor tint set should be is are let render dye", "change"
    ),
    **same_for("shift move", "change"),
    **same_for("replace swap exchange substitute", "replace"),
}
"""Verbs, by what is to happen to the things after them."""

ONCE = word_set("no without minus except")
"""Verbs that are about the next thing only."""

COPULAS = word_set("is are in to into be looks coloured colored")
"""Words after which a colour belongs to the thing before it."""

BREAKS = word_set(
    "a an the some my your its his her their our on under over with at near by of beside behind against through above "
    "below between for from across into onto around along next inside while as"
)
"""Words that part a colour from a thing that follows."""

COUNTS: Mapping[str, int] = {
    **dict(zip("two three four five six seven eight nine ten".split(), range(2, 11), strict=True)),  # noqa: SIM905
    **same_for("pair", 2),
    **same_for("few", 3),
    **same_for("several flock", 4),
    **same_for("many lots", 6),
    **same_for("dozen", 10),
}

SIZES: Mapping[str, float] = {
    **same_for("tiny minuscule little distant faraway", 0.5),
    **same_for("small smaller mini short shorter", 0.66),
    **same_for("big large bigger larger tall taller grand great", 1.4),
    **same_for("huge giant enormous gigantic massive towering", 1.8),
}

SIDES: Mapping[str, str] = _names("""
    left
    right
    middle: centre, center, centered
    up: higher, top, upper, raise
    down: lower, bottom
""")

TONES: Mapping[str, str] = _names("""
    dark: darker, moodier, deeper, dim
    light: lighter, brighter, bright, paler
    warm: warmer, sunnier
    cool: cooler, colder
    vivid: bolder, vibrant, saturated, colourful, colorful
    muted: softer, desaturated, calmer
""")
"""What an edit may ask of all the colours at once."""

STUDIO = word_set("logo icon emblem badge sticker product mockup packshot studio")
"""Words that ask for a thing by itself before a plain ground."""
