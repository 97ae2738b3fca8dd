"""Palettes: curated ones for moods, and how a prompt's own colours are worked into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from mediasmith_sketch.drawing.colour import chroma, clearest, contrast, is_sunlike, lighter, lightness, mix
from mediasmith_sketch.scene import Palette

_NAMES = ("sky", "low", "disc", "far", "mid", "near", "water", "accent", "light", "dark")
_MOODS: Mapping[str, str] = {
    "mono": "d9d9d6 efeeea ffffff a9a9a6 6f6f6d 3a3a3a 8b8b89 1e1e1e fafaf7 151515",
    "neon": "1b0c3d ff2e8a ff4fb0 47208c 2c1263 14082f 23177a 13f1f5 f7ecff 0b0421",
    "space": "12122e 3a2d68 f4e3b5 33295f 251e49 151230 2a2f6b ff7d5a f4effb 08081a",
    "reef": "1f7a93 7fd0cf ffd166 2a8ca0 1c6480 123f5c 17688a ff7f5c eefaf5 0a2238",
    "night": "17233f 35507a f6ecd0 283a63 1c2a4b 101a32 21365c f2b950 f6f0e0 0b1122",
    "dusk": "41507f f4a862 ffc45f 705f90 4a4170 272747 586aa0 f0705c fdf1de 171b33",
    "dawn": "f7cdb9 fdebd3 f2816a c9a0ac 8f7595 4d486c b48fa9 e3524a fff5e8 2b2945",
    "storm": "6f8290 b4c1c4 f0d58a 566b7a 40535f 2a3842 4a6472 e0a13c f1f0ea 1a232b",
    "winter": "cbdfea f2f5f3 f8d9ae a7c2d3 84a6bc eef4f6 7ba4bc c9523c fdfdfb 22384b",
    "pastel": "cde7f1 fde6e8 ffd6a3 c8c5eb b4dccb f2b6c4 a9d4e8 f4909f fffbf4 4a4a6c",
    "retro": "f1deb7 f8ecd1 da593a 91a995 507d79 29434b 5f9792 e3a140 fcf4e1 213039",
    "autumn": "f3dfc0 faeedb e2803f cb8f5e aa5830 6d2f23 7c9a98 c4432b fdf4e3 2e1a17",
    "desert": "f5dab2 fcecd2 e6572e dba56c c5733f 8b3e2a 5fa9a1 2f807a fff4e1 3a1d1a",
    "forest": "dbe6d3 f3f2e1 f3c34f 9eb9a2 56846d 1f4b3e 7fb4af da663f fbf8ec 12291f",
    "spring": "d8ecd6 f7f4dc f7c948 a5cfae 74b186 3d7f62 83c1c4 f0809a fffaf0 24413a",
    "sea": "cfe9ea f6f1df ffc857 8fc3c7 3f97a3 14596b 1f7a8c ef6f53 fdf8ec 0e2a38",
    "day": "a8d8e6 e8f3ee ffd166 86b9bd 5b9e8a 2d6a5c 3c8ca6 ef6a50 fcf6e8 1b2b3a",
    "warm": "f6d3a8 fcebd2 f26a3d d69c72 b96245 6e2f33 a9796b d13f3a fff5e6 331820",
    "cool": "d7e6f0 f1f6f8 ffc66b 9dbbd0 5f8cae 274c6f 4f8bb5 f26b5b fbfcfd 14263a",
}
"""The colours of each mood, in the order of `_NAMES`. Of several moods, the first one here decides."""

_PLAIN = ("day", "dawn", "dusk", "retro", "sea", "spring", "forest", "warm", "cool", "desert", "autumn", "pastel")
"""The moods that suit a prompt that names none."""

_TONES = {"light": ("#ffffff", 0.3), "warm": ("#f08a3c", 0.2), "cool": ("#3c7df0", 0.2), "muted": ("#98948c", 0.35)}
"""What is mixed into all colours for a tone, and how much of it."""

REGIONS: Mapping[str, str] = {"sky": "sky", "ground": "near", "water": "water", "caption": "band"}
"""Parts of a picture that are a colour of its palette."""


def strongest(moods: Sequence[str]) -> str:
    """Return the one of several moods that decides about the colours; "" for none."""
    return next((mood for mood in _MOODS if mood in moods), "")


def of_mood(mood: str, roll: Random) -> Palette:
    """Return the palette of a mood; without one, any that suits most pictures."""
    colours = (f"#{value}" for value in _MOODS[mood or roll.choice(_PLAIN)].split())
    return _with_band(dict(zip(_NAMES, colours, strict=True)))


def _with_band(colours: Mapping[str, str]) -> Palette:
    """Return the palette of these colours, with a paper tone for the caption that belongs to them."""
    light = colours["light"]
    return Palette(**{**colours, "band": mix(light, "#f7f1e4", 0.5) if lightness(light) > 0.9 else light})  # noqa: PLR2004


def with_colours(palette: Palette, colours: Sequence[str], mood: str) -> Palette:
    """Return the palette rebuilt around colours that the prompt names, each of which is used as it is.

    The first two make sky and sun, at night the darkest is the sky; the land follows in tones of them.
    """
    if not colours:
        return palette
    ordered = sorted(colours, key=lightness) if mood in {"night", "space", "neon"} else list(colours)
    sky, *others = ordered
    suns = (colour for colour in others if is_sunlike(colour) and contrast(colour, sky) > 1.15)  # noqa: PLR2004 - to be seen
    second = next(suns, clearest(sky, palette.disc, palette.accent, palette.light))
    rest = [colour for colour in others if colour != second]
    # Nearly black, with a tint of the darkest colour that has one.
    tint = min((colour for colour in ordered if chroma(colour) > 0.02), key=lightness, default=sky)  # noqa: PLR2004
    dark = mix(tint, "#0d1220", 0.78)
    base = max(ordered, key=chroma) if lightness(sky) > 0.9 or chroma(sky) < 0.02 else sky  # noqa: PLR2004 - white or grey
    land = rest[0] if rest else base
    changed = {
        "sky": sky,
        "low": mix(sky, second, 0.42) if chroma(second) > 0.02 else mix(sky, palette.light, 0.5),  # noqa: PLR2004
        "disc": second,
        "far": mix(sky, mix(land, dark, 0.3), 0.42),
        "mid": rest[0] if rest else mix(base, dark, 0.42),
        "near": mix(land, dark, 0.7),
        "water": rest[1] if len(rest) > 1 else mix(base, dark, 0.24),
        "accent": clearest(sky, *rest[2:3], second, palette.accent, palette.light),
        "light": mix(palette.light, second, 0.06),
        "dark": dark,
    }
    return _with_band({**palette.model_dump(), **changed})


def with_regions(palette: Palette, colours: Sequence[tuple[str, str]]) -> Palette:
    """Return the palette with the colours of its regions changed."""
    changed = {REGIONS[what]: colour for what, colour in colours if what in REGIONS}
    if changed.get("sky", palette.sky) != palette.sky:
        changed["low"] = mix(changed["sky"], palette.low, 0.4)
    return palette.model_copy(update=changed)


def toned(palette: Palette, tone: str) -> Palette:
    """Return the whole palette darker, lighter, warmer, cooler, more vivid or more muted."""
    return Palette(**{name: _toned(colour, tone) for name, colour in palette.model_dump().items()})


def _toned(colour: str, tone: str) -> str:
    if tone == "dark":
        return lighter(colour, -0.13)
    if tone in _TONES:
        return mix(colour, *_TONES[tone])
    return mix(mix("#000000", "#ffffff", lightness(colour)), colour, 1.35)
