"""The colours that prompts name: every CSS name, and common words of painters, printers and shops."""

from __future__ import annotations

from collections.abc import Mapping

from PIL.ImageColor import colormap, getrgb

from mediasmith_sketch.drawing.colour import toned_down

_COMMON = """
amber ffbf00 ochre cc7722 ocher cc7722 terracotta e2725b mint 98ff98 peach ffcba4 apricot fbceb1 mustard e1ad01
burgundy 800020 scarlet ff2400 vermilion e34234 vermillion e34234 ruby e0115f cherry d2042d rust b7410e copper
b87333 bronze cd7f32 brass b5a642 caramel c68e17 cinnamon d2691e mocha 967969 espresso 4b3621 umber 635147 sepia
704214 chestnut 954535 mahogany c04000 sand e4c9a0 cream fffdd0 vanilla f3e5ab lemon fff44f saffron f4c430 marigold
eaa221 tangerine f28500 cobalt 0047ab ultramarine 3f00ff cerulean 007ba7 sapphire 0f52ba denim 1560bd petrol 005f6a
periwinkle ccccff lilac c8a2c8 mauve e0b0ff amethyst 9966cc aubergine 472c4c eggplant 614051 mulberry c54b8c
raspberry e30b5d rosegold b76e79 blush de5d83 fuschia ff00ff cyclamen f56fa1 emerald 50c878 jade 00a86b sage 9caf88
moss 8a9a5b fern 4f7942 pistachio 93c572 avocado 568203 celadon ace1af viridian 40826d malachite 0bda51 bottlegreen
006a4e pinegreen 01796f charcoal 36454f graphite 41424c anthracite 383e42 slate 708090 onyx 353839 taupe 483c32
champagne f7e7ce pearl eae0c8 ecru c2b280 offwhite faf9f6 eggshell f0ead6 babyblue 89cff0 iceblue 99ffff
electricblue 7df9ff neongreen 39ff14 neonpink ff6ec7 bloodred 660000 brickred cb4154 dustypink d8a7b1 roseate f7cac9
golden ffd700 navyblue 000080 oceanblue 4f42b5 royalpurple 7851a9 seafoam 93e9be aquablue 00ffff oxblood 4a0000
"""

# What a screen calls by these names is no colour of any palette.
_PAINTED = """
red e0392b blue 2350c8 yellow f4d738 lime 74d94c magenta d944c6 fuchsia d944c6 fuschia d944c6 cyan 2ed0e0 aqua 2ed0e0
aquablue 2ed0e0 green 2e8745 purple 773289
"""


def _pairs(text: str) -> Mapping[str, str]:
    words = text.split()
    return {name: f"#{value}" for name, value in zip(words[::2], words[1::2], strict=True)}


# In a prompt, snow is weather. The values of `colormap` change their type once they are used, so they are parsed here.
_CSS = {name: f"#{bytes(getrgb(name)).hex()}" for name in list(colormap) if name != "snow"}
COLOURS: Mapping[str, str] = {
    **{name: toned_down(colour) for name, colour in {**_pairs(_COMMON), **_CSS}.items()},
    **_pairs(_PAINTED),
}
"""`#rrggbb` by name, in lower case and without spaces or hyphens.

The purest colours of a screen would scream in any palette, so they are toned down. A code in a prompt is exact.
"""
