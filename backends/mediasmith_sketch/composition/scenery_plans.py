"""Which scenery a picture is built of, from the far distance to the foreground."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from mediasmith_sketch.drawing.colour import mix
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.scene import Element, Palette, Plan

_SCENIC = frozenset(
    "hills mountains sea lake river city woods dunes mesas field meadow road waves "  # noqa: SIM905 - one list of words
    "sun moon cloud rain snow fog rainbow lightning fireworks".split()
)
"""Meanings that need a whole landscape."""

OUTDOORS = _SCENIC | {"stars", "planet", "reef", "sky", "ground", "water"}
"""Meanings that make a picture anything but abstract."""

_AFLOAT = frozenset({"sea", "waves", "boat", "ship", "whale", "lighthouse", "bridge"})
_ARID = frozenset({"dunes", "mesas", "pyramid", "cactus"})
_LOW_SUN = frozenset({"dusk", "dawn", "neon", "retro", "warm", "autumn", "desert"})

NEAR, FRONT, MIDAIR = 50.0, 60.0, 56.0
"""Depths: the nearest ground, what stands before it, what flies."""


@dataclass(frozen=True, kw_only=True)
class SceneryRequest:
    """What scenery is made from: what is to be seen and what is not, the mood, the colours.

    `span` and `tall` are the picture's width and height in units.
    """

    names: frozenset[str]
    unwanted: frozenset[str]
    hero: str
    mood: str
    studio: bool
    palette: Palette
    span: float
    tall: float
    roll: Random

    def seed(self) -> int:
        """Return a seed for one element."""
        return self.roll.randrange(1 << 30)

    def has(self, *names: str) -> bool:
        """Return whether any of these is to be seen."""
        return not self.names.isdisjoint(names)

    def varied(self, elements: Sequence[Element]) -> list[Element]:
        """Return the elements, each in a form of its own and either way round."""
        return [
            one.model_copy(update={"seed": self.seed(), "flip": self.roll.random() < 0.5})  # noqa: PLR2004
            for one in elements
        ]

    @property
    def arid(self) -> bool:
        """Whether it is a desert."""
        return self.mood == "desert" or self.has(*_ARID)

    @property
    def needs_ground(self) -> bool:
        """Whether there is a figure that needs ground to stand on."""
        return any(name in FIGURES and FIGURES[name].place in {"land", "table"} for name in self.names)


def plan_for(request: SceneryRequest) -> Plan:
    """Return the plan that suits."""
    names, hero, outdoors = request.names, request.hero, request.has(*_SCENIC)
    if request.studio and hero and not outdoors:
        return "still"
    if "reef" in names or request.mood == "reef" or (hero == "fish" and not outdoors):
        return "deep"
    in_space = "planet" in names or hero in {"rocket", "astronaut", "ufo"}
    if request.mood == "space" or (in_space and not outdoors):
        return "space"
    if hero and not outdoors and FIGURES[hero].place == "table":
        return "portrait" if hero in {"portrait", "man"} else "still"
    return "outdoors"


def scenery(plan: Plan, request: SceneryRequest) -> list[Element]:
    """Return the scenery of a plan, without the figures in it."""
    return [element for element in _PLANS[plan](request) if element.kind not in request.unwanted]


def _outdoors(request: SceneryRequest) -> list[Element]:
    horizon = request.roll.uniform(0.57, 0.62)
    afloat = request.has(*_AFLOAT)
    right = request.roll.random() < 0.5  # noqa: PLR2004 - the light comes from either side
    overhead = _overhead(request, horizon, right=right)
    elements = [*overhead, *_distance(request, horizon, afloat=afloat)]
    if afloat:
        elements += _waterside(request, horizon, overhead, right=right)
    else:
        elements += _countryside(request, horizon)
    return [*elements, *_weather(request)]


def _overhead(request: SceneryRequest, horizon: float, *, right: bool) -> list[Element]:
    """Return stars, sun or moon where the light comes from, and clouds."""
    roll, low = request.roll, request.mood in _LOW_SUN
    height = horizon - roll.uniform(0.1, 0.19) if low else roll.uniform(0.2, 0.3)
    size = roll.uniform(0.13, 0.17) if low else roll.uniform(0.085, 0.12)
    x = roll.uniform(0.62, 0.74) if right else roll.uniform(0.26, 0.38)
    dark = request.mood in {"night", "space", "neon"}
    stars = [Element(kind="stars", size=1, z=1, seed=request.seed())] if dark or request.has("stars") else []
    if request.mood == "storm" and not request.has("sun", "moon"):
        return [*stars, *_clouds(request, 4)]
    night = (request.mood in {"night", "space"} or request.has("moon")) and not request.has("sun")
    disc = Element(kind="moon" if night else "sun", x=x, y=height, size=size, z=3, seed=request.seed())
    return [*stars, disc, *_clouds(request, 0 if dark else roll.choice((1, 2, 3)))]


def _clouds(request: SceneryRequest, count: int) -> list[Element]:
    roll, clouds = request.roll, list[Element]()
    for place in roll.sample([0.1, 0.3, 0.5, 0.72, 0.92], count):
        x, y, size = place + roll.uniform(-0.05, 0.05), roll.uniform(0.13, 0.36), roll.uniform(0.2, 0.36)
        clouds.append(Element(kind="cloud", x=x, y=y, size=size, z=5, seed=request.seed()))
    return clouds


def _distance(request: SceneryRequest, horizon: float, *, afloat: bool) -> list[Element]:
    """Return what stands on the horizon."""
    palette, roll = request.palette, request.roll
    between = mix(palette.far, palette.mid, 0.5)
    elements: list[Element] = []
    if request.has("mountains"):
        caps = mix(palette.light, palette.sky, 0.12)
        high, low = roll.uniform(0.34, 0.42), roll.uniform(0.18, 0.24)
        elements.append(Element(kind="mountains", y=horizon + 0.05, size=high, z=10, main="far", trim=caps))
        elements.append(Element(kind="mountains", y=horizon + 0.09, size=low, z=13, main=between))
    if request.has("city", "skyscraper"):
        high, low, near = roll.uniform(0.4, 0.48), roll.uniform(0.3, 0.36), 0.03 if afloat else 0.14
        elements.append(Element(kind="skyline", y=horizon + 0.03, size=high, z=14, main="far"))
        elements.append(Element(kind="skyline", y=horizon + near, size=low, z=16, main="mid"))
    if request.arid:
        elements.append(Element(kind="mesas", y=horizon + 0.05, size=roll.uniform(0.14, 0.22), z=11, main="far"))
    if request.has("woods"):
        elements.append(Element(kind="woods", y=horizon + 0.04, size=0.17, z=15, main="far"))
        elements.append(Element(kind="woods", y=horizon + 0.1, size=0.25, z=18, main=between))
    if not elements:
        rise = roll.uniform(0.05, 0.09) if afloat else roll.uniform(0.13, 0.19)
        elements.append(Element(kind="hills", y=horizon + (0.005 if afloat else 0.07), size=rise, z=10, main="far"))
    return request.varied(elements)


def _waterside(request: SceneryRequest, horizon: float, overhead: list[Element], *, right: bool) -> list[Element]:
    """Return the sea, the light on it, and a headland for what stands on land."""
    roll = request.roll
    elements = [Element(kind="sea", y=horizon, z=30, main="water", seed=request.seed())]
    disc = next((element for element in overhead if element.kind in {"sun", "moon"}), None)
    if disc:
        elements.append(Element(kind="shine", x=disc.x, y=horizon, size=disc.size, z=31, seed=request.seed()))
    if request.has("waves"):
        elements.append(Element(kind="waves", y=0.78, z=46, main="water", seed=request.seed()))
    if request.needs_ground or (roll.random() < 0.55 and not request.has("waves")):  # noqa: PLR2004 - many coasts have one
        rise = roll.uniform(0.27, 0.33) if request.needs_ground else roll.uniform(0.12, 0.18)
        seed = request.seed()
        elements.append(Element(kind="headland", y=0.97, size=rise, z=NEAR, main="near", seed=seed, flip=not right))
    return elements


def _countryside(request: SceneryRequest, horizon: float) -> list[Element]:
    """Return the middle distance and the foreground, and what lies on it."""
    roll = request.roll
    kind = "dunes" if request.arid else "hills"
    rise = roll.uniform(0.05, 0.08) if request.has("city", "skyscraper") else roll.uniform(0.1, 0.14)
    elements = [Element(kind=kind, y=horizon + 0.2, size=roll.uniform(0.1, 0.15), z=20, main="mid")]
    if request.has("woods"):
        elements.append(Element(kind="woods", y=horizon + 0.24, size=0.36, z=24, main="mid"))
    elements.append(Element(kind=kind, y=0.94, size=rise, z=NEAR, main="near"))
    lying = (
        Element(kind="field", y=0.86, size=0.07, z=NEAR + 0.5, main="near"),
        Element(kind="lake", x=roll.uniform(0.4, 0.6), y=0.82, size=0.42, z=NEAR + 1),
        Element(kind="river", y=horizon + 0.17, z=NEAR + 1),
        Element(kind="road", y=0.83, z=NEAR + 2),
        Element(kind="meadow", y=0.86, z=NEAR + 3),
    )
    return request.varied([*elements, *(element for element in lying if request.has(element.kind))])


def _weather(request: SceneryRequest) -> list[Element]:
    roll = request.roll
    weather = (
        Element(kind="rain", z=70),
        Element(kind="snow", z=70),
        Element(kind="fog", y=0.66, z=40),
        Element(kind="rainbow", y=0.64, size=0.5, z=4),
        Element(kind="lightning", x=roll.uniform(0.3, 0.7), y=0.42, size=0.3, z=6),
        Element(kind="fireworks", x=0.25, y=roll.uniform(0.24, 0.36), size=0.14, z=6),
        Element(kind="fireworks", x=0.52, y=roll.uniform(0.24, 0.36), size=0.19, z=6),
        Element(kind="fireworks", x=0.78, y=roll.uniform(0.24, 0.36), size=0.13, z=6),
    )
    return request.varied([element for element in weather if request.has(element.kind)])


def _space(request: SceneryRequest) -> list[Element]:
    """Return a planet and a moon among stars, and ground for what stands."""
    roll = request.roll
    side = roll.choice((0.26, 0.74))
    elements = [
        Element(kind="stars", size=1.3, z=1),
        Element(kind="planet", x=side, y=roll.uniform(0.3, 0.42), size=roll.uniform(0.15, 0.21), z=2),
        Element(kind="moon", x=1 - side, y=roll.uniform(0.16, 0.26), size=roll.uniform(0.05, 0.07), z=2),
    ]
    if request.needs_ground:
        elements.append(Element(kind="hills", y=0.95, size=0.08, z=NEAR, main="near"))
    return request.varied(elements)


def _deep(request: SceneryRequest) -> list[Element]:
    """Return the bottom of the sea."""
    hills = Element(kind="hills", y=0.82, size=0.12, z=10, main="far")
    dunes = Element(kind="dunes", y=0.93, size=0.08, z=20, main="mid")
    return request.varied([hills, dunes, Element(kind="reef", z=30)])


def _still(request: SceneryRequest) -> list[Element]:
    """Return a table before a disc or a niche, and perhaps a block to stand on."""
    roll = request.roll
    if roll.random() < 0.5:  # noqa: PLR2004 - half of them have a niche
        behind = Element(kind="arch", y=0.76, size=roll.uniform(0.5, 0.62), z=2, main="far")
    else:
        behind = Element(kind="spot", x=roll.uniform(0.38, 0.62), y=0.44, size=roll.uniform(0.29, 0.34), z=2)
    elements = [behind, Element(kind="table", y=0.76, z=4, main="mid")]
    if roll.random() < 0.55:  # noqa: PLR2004 - about half have a block
        elements.append(Element(kind="plinth", y=0.79, size=0.5, z=NEAR, main="light"))
    return elements


def _portrait(request: SceneryRequest) -> list[Element]:
    """Return a disc behind the head, and perhaps leaves beside it."""
    roll = request.roll
    elements = [Element(kind="spot", x=roll.uniform(0.44, 0.56), y=0.46, size=roll.uniform(0.36, 0.42), z=2)]
    if roll.random() < 0.7:  # noqa: PLR2004 - most have leaves
        for side, tone in ((-1, "mid"), (1, "far")):
            x, size = 0.5 + side * roll.uniform(0.3, 0.36), roll.uniform(0.34, 0.5)
            elements.append(Element(kind="leaf", x=x, y=1.04, size=size, z=6, main=tone))
    return elements


def _abstract(request: SceneryRequest) -> list[Element]:
    kind = next((name for name in ("tiles", "arches", "orbits") if name in request.names), "")
    kind = kind or request.roll.choice(("tiles", "tiles", "arches", "orbits"))
    return [Element(kind=kind, size=request.roll.uniform(0.85, 1.1), z=8, seed=request.seed())]


_PLANS: Mapping[Plan, Callable[[SceneryRequest], list[Element]]] = {
    "outdoors": _outdoors,
    "space": _space,
    "deep": _deep,
    "still": _still,
    "portrait": _portrait,
    "abstract": _abstract,
}
