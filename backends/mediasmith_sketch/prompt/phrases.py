"""Finding colours and known phrases in a prompt's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mediasmith_sketch.drawing.colour import lighter, mix
from mediasmith_sketch.prompt.colour_names import COLOURS
from mediasmith_sketch.prompt.vocabulary import MOODS, NOUNS

_TOKEN = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})\b|[\w'\u0900-\u109f\u1780-\u17ff]+|[,.;:!?()]")
"""Besides \\w, words hold the vowel signs of scripts from Devanagari to Khmer."""

_SHADES = {"light": 0.5, "pale": 0.6, "soft": 0.45, "bright": 0.0, "vivid": 0.0, "deep": -0.12, "dark": -0.16}


def tokens_of(text: str) -> list[str]:
    """Return the words, colour codes and marks of a text, in lower case."""
    return _TOKEN.findall(text.lower().replace("-", " "))


def phrase_at(tokens: Sequence[str], at: int) -> tuple[str, int]:
    """Return the longest known phrase that starts here, in the singular, and its length in words; else the word."""
    for length in (3, 2, 1):
        if at + length <= len(tokens):
            for phrase in _singulars(" ".join(tokens[at : at + length])):
                if phrase in NOUNS or phrase in MOODS:
                    return phrase, length
    return tokens[at], 1


def _singulars(phrase: str) -> Iterator[str]:
    yield phrase
    if len(phrase) > 3:  # noqa: PLR2004 - "gas" and the like are no plurals
        for ending, instead in (("'s", ""), ("s", ""), ("es", ""), ("ies", "y")):
            if phrase.endswith(ending):
                yield phrase.removesuffix(ending) + instead


def colour_at(tokens: Sequence[str], at: int) -> tuple[str, int]:
    """Return the colour that is named here as `#rrggbb`, and its length in words; ("", 0) for none.

    A colour such as "dark red" is shaded if it has no name of its own.
    """
    colour, length = _named_at(tokens, at)
    if colour or tokens[at] not in _SHADES:
        return colour, length
    colour, length = _named_at(tokens, at + 1)
    shade = _SHADES[tokens[at]]
    if not colour or not shade:
        return colour, length + 1 if colour else 0
    return mix(colour, "#ffffff", shade) if shade > 0 else lighter(colour, shade), length + 1


def _named_at(tokens: Sequence[str], at: int) -> tuple[str, int]:
    """Return a colour by its name or its code. In "lavender field", lavender is none."""
    for length in (3, 2, 1):
        name = "".join(tokens[at : at + length])
        if at + length <= len(tokens) and name in COLOURS:
            phrase, longer = phrase_at(tokens, at)
            if longer <= length or phrase not in NOUNS:
                return COLOURS[name], length
    if at < len(tokens) and tokens[at].startswith("#"):
        digits = tokens[at][1:]
        return f"#{digits if len(digits) > 3 else ''.join(digit * 2 for digit in digits)}", 1  # noqa: PLR2004 - "#rgb"
    return "", 0
