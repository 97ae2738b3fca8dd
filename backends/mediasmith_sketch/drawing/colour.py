"""Colour arithmetic on `#rrggbb` text. Mixing and shading happen in OKLab, where equal steps look equal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

# Björn Ottosson's matrices: linear sRGB to cone responses, their cube roots to OKLab, and the way back.
_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_FROM_LAB = ((1, 0.3963377774, 0.2158037573), (1, -0.1055613458, -0.0638541728), (1, -0.0894841775, -1.2914855480))
_FROM_CONES = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
_PURE = 0.175  # the chroma from which on a colour glares beside those of the palettes
_STRAIGHT = 0.0031308  # below this, sRGB's curve is a straight line


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue (0 to 255) of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def distance(one: str, other: str) -> float:
    """Return how far apart two colours are in plain RGB, from 0 to about 442."""
    return sum((a - b) ** 2 for a, b in zip(rgb(one), rgb(other), strict=True)) ** 0.5


@lru_cache(maxsize=4096)
def mix(one: str, other: str, share: float) -> str:
    """Return the colour `share` (0 to 1) of the way from one to the other."""
    return _text([x + (y - x) * share for x, y in zip(_oklab(one), _oklab(other), strict=True)])


@lru_cache(maxsize=4096)
def lighter(colour: str, step: float) -> str:
    """Return the same hue with its lightness (0 to 1) moved by `step`; a negative step darkens."""
    light, a, b = _oklab(colour)
    return _text([min(0.98, max(0.08, light + step)), a * 0.92, b * 0.92])


def lightness(colour: str) -> float:
    """Return how light a colour looks, from 0 (black) to 1 (white)."""
    return _oklab(colour)[0]


def chroma(colour: str) -> float:
    """Return how far a colour is from grey: 0 for grey, about 0.3 for the purest."""
    _, a, b = _oklab(colour)
    return (a * a + b * b) ** 0.5


@lru_cache(maxsize=4096)
def toned_down(colour: str) -> str:
    """Return a colour in the same hue that is hardly purer than those of the palettes."""
    light, a, b = _oklab(colour)
    pure = chroma(colour)
    if pure <= _PURE:
        return colour
    excess = pure - _PURE
    share = (_PURE + 0.42 * excess) / pure
    # Darker as well, as a pigment is: with less purity alone it would look washed out.
    return _text([light - 0.5 * excess * (light - 0.25), a * share, b * share])


def is_sunlike(colour: str) -> bool:
    """Return whether a colour makes a sun: a light or a warm one does."""
    light, red, _ = _oklab(colour)
    return light > 0.62 or (light > 0.4 and red > 0.05)  # noqa: PLR2004 - by eye


def contrast(one: str, other: str) -> float:
    """Return the WCAG contrast ratio of two colours, from 1 to 21."""
    low, high = sorted(_weighted((0.2126, 0.7152, 0.0722), _linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def clearest(ground: str, *candidates: str) -> str:
    """Return the candidate that stands out best from `ground`; the first one wins if it is clear enough."""
    enough = 2.6
    return max(candidates, key=lambda colour: (min(contrast(ground, colour), enough), -candidates.index(colour)))


def _weighted(weights: Sequence[float], values: Sequence[float]) -> float:
    return weights[0] * values[0] + weights[1] * values[1] + weights[2] * values[2]


def _linear(colour: str) -> list[float]:
    """Return red, green and blue as amounts of light, from 0 to 1."""
    encoded = [channel / 255 for channel in rgb(colour)]
    return [value / 12.92 if value <= _STRAIGHT * 12.92 else ((value + 0.055) / 1.055) ** 2.4 for value in encoded]


@lru_cache(maxsize=4096)
def _oklab(colour: str) -> tuple[float, float, float]:
    light = _linear(colour)
    cones = [_weighted(row, light) ** (1 / 3) for row in _TO_CONES]
    lightness, a, b = (_weighted(row, cones) for row in _TO_LAB)
    return lightness, a, b


def _text(oklab: Sequence[float]) -> str:
    cones = [_weighted(row, oklab) ** 3 for row in _FROM_LAB]
    light = [min(1.0, max(0.0, _weighted(row, cones))) for row in _FROM_CONES]
    curved = [12.92 * value if value <= _STRAIGHT else 1.055 * value ** (1 / 2.4) - 0.055 for value in light]
    return "#" + "".join(f"{round(value * 255):02x}" for value in curved)
