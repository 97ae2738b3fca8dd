"""Convert sizes between a tier, such as 1K or 720p, with an aspect ratio, and pixels."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from mediasmith.plugin.contract import JSON
from mediasmith.plugin.media import fit_ratio

_TIER = re.compile(r"([0-9.]{1,4})([Kp]?)")
_PIXELS = re.compile(r"([0-9]{2,5})x([0-9]{2,5})")
_SQUARES: Mapping[int, str] = {512: "512", 1024: "1K", 2048: "2K", 4096: "4K"}
_LINES = (360, 480, 540, 720, 1080, 1440, 2160)


def same_sizes(words: Mapping[str, JSON]) -> Iterator[Mapping[str, JSON]]:
    """Yield the words with their size in its other form: pixels for a tier, a tier for pixels."""
    size, ratio = words.get("size"), words.get("aspect_ratio")
    if not isinstance(size, str):
        return
    if pixels := _in_pixels(size, str(ratio or "")):
        yield {**{name: value for name, value in words.items() if name != "aspect_ratio"}, "size": pixels}
    for tier, shape in _as_tiers(size):
        if ratio in {None, shape}:
            yield {**words, "size": tier, "aspect_ratio": shape}


def _in_pixels(size: str, ratio: str) -> str:
    """Return the pixels of a tier, or "": 1K is a square of 1,024 or as many pixels, 720p a shorter side of 720."""
    found = _TIER.fullmatch(size)
    try:
        number = float(found[1]) if found else 0.0
        if not found or not number:
            return ""
        if found[2] == "p":
            wide, high = map(float, (ratio or "16:9").split(":"))
            longer = round(number * max(wide / high, high / wide) / 2) * 2
            width, height = (longer, int(number)) if wide >= high else (int(number), longer)
        else:
            side = number * 1024 if found[2] == "K" else number
            width, height = fit_ratio(ratio or "1:1", pixels=round(side * side), multiple=16)
    except (ValueError, ZeroDivisionError):
        return ""
    return f"{width}x{height}"


def _as_tiers(size: str) -> Iterator[tuple[str, str]]:
    """Yield the tiers that have exactly these pixels, each with its ratio."""
    found = _PIXELS.fullmatch(size)
    if not found:
        return
    width, height = int(found[1]), int(found[2])
    shared = math.gcd(width, height)
    if width == height and width in _SQUARES:
        yield _SQUARES[width], "1:1"
    elif min(width, height) in _LINES:
        ratio = f"{width // shared}:{height // shared}"
        yield f"{min(width, height)}p", ratio
        if min(width, height) == _LINES[-1]:
            yield "4K", ratio
