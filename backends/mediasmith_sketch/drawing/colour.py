"""Colour arithmetic on `#rrggbb` text, in OKLab so that mixing and shading look even to the eye."""

from __future__ import annotations

from functools import lru_cache

RGB = tuple[int, int, int]

_STRAIGHT = 0.0031308  # below this, sRGB's curve is a straight line


def rgb(colour: str) -> RGB:
    """Red, green and blue (0 to 255) of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def distance(one: str, other: str) -> float:
    """How far apart two colours are in plain RGB, from 0 to about 442."""
    return sum((a - b) ** 2 for a, b in zip(rgb(one), rgb(other), strict=True)) ** 0.5


@lru_cache(maxsize=4096)
def mix(one: str, other: str, share: float) -> str:
    """The colour `share` (0 to 1) of the way from one to the other."""
    pairs = zip(_oklab(one), _oklab(other), strict=True)
    lightness, a, b = (x + (y - x) * share for x, y in pairs)
    return _text(lightness, a, b)


@lru_cache(maxsize=4096)
def lighter(colour: str, step: float) -> str:
    """The same hue with its lightness (0 to 1) moved by `step`; a negative step darkens."""
    lightness, a, b = _oklab(colour)
    moved = min(0.98, max(0.08, lightness + step))
    return _text(moved, a * 0.92, b * 0.92)


def lightness(colour: str) -> float:
    """How light a colour looks, from 0 (black) to 1 (white)."""
    return _oklab(colour)[0]


def chroma(colour: str) -> float:
    """How far a colour is from grey: 0 for grey, about 0.3 for the purest."""
    _, a, b = _oklab(colour)
    return (a * a + b * b) ** 0.5


def is_sunlike(colour: str) -> bool:
    """Whether a colour makes a sun: a light or a warm one does."""
    light, red, _ = _oklab(colour)
    return light > 0.62 or (light > 0.4 and red > 0.05)  # noqa: PLR2004 - by eye


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two colours, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def clearest(ground: str, *candidates: str) -> str:
    """The candidate that stands out best from `ground`; the first one wins whenever it is clear enough."""
    enough = 2.6
    return max(candidates, key=lambda colour: (min(contrast(ground, colour), enough), -candidates.index(colour)))


def _linear(channel: int) -> float:
    value = channel / 255
    return value / 12.92 if value <= _STRAIGHT * 12.92 else ((value + 0.055) / 1.055) ** 2.4


def _luminance(colour: str) -> float:
    red, green, blue = map(_linear, rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=4096)
def _oklab(colour: str) -> tuple[float, float, float]:
    red, green, blue = map(_linear, rgb(colour))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _text(lightness: float, a: float, b: float) -> str:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    channels = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{_channel(value):02x}" for value in channels)


def _channel(value: float) -> int:
    value = min(1.0, max(0.0, value))
    encoded = 12.92 * value if value <= _STRAIGHT else 1.055 * value ** (1 / 2.4) - 0.055
    return round(encoded * 255)
