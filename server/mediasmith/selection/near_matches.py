"""Handle names and values that are nearly right: suggest the right name, and find listed values in any spelling."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from mediasmith.plugin.params import IN_PIXELS

_T = TypeVar("_T")

_SIMILAR = 0.8
"""How similar a misspelt name must be to the right one, from 0 to 1; stability and quality have 0.63."""

SIMILAR_BACKEND = 0.65
"""The same for the names of backends, which are few and short."""

_FORMATS: Iterable[tuple[str, ...]] = (
    ("png", "x-png"),
    ("jpeg", "jpg", "jpe", "jfif", "pjpeg"),
    ("tiff", "tif"),
    ("svg", "svg+xml"),
    ("heic", "heif"),
    ("mp3", "mpeg", "mpga", "mpeg3"),
    ("ogg", "opus", "oga"),
    ("wav", "wave", "x-wav", "vnd.wave"),
    ("m4a", "mp4a"),
    ("aac", "x-aac"),
    ("flac", "x-flac"),
    ("mp4", "m4v"),
    ("mov", "quicktime"),
)

_SAME_FORMAT: Mapping[str, frozenset[str]] = {name: frozenset(same) for same in _FORMATS for name in same}

_MIME = re.compile(r"(?:image|audio|video)/([^;\s]+)(?:\s*;.*)?")


def suggest(name: str, names: Sequence[str], *, similar: float = _SIMILAR) -> str:
    """Return a hint with the name that was probably meant, or all of them."""
    near = closest(name, names, similar=similar)
    return f"Did you mean {near}?" if near else f"Known: {', '.join(names)}."


def closest(name: str, names: Sequence[str], *, similar: float = _SIMILAR) -> str:
    """Return the name that this is a misspelling of, or ""."""
    folded = {_fold(one): one for one in names}
    near = difflib.get_close_matches(_fold(name), folded, n=1, cutoff=similar)
    return folded[near[0]] if near else ""


def match_listed(value: _T, accepted: Sequence[object]) -> _T | str:
    """Return the value as it is listed: `4K` for `4k`, `jpeg` for `.jpg`. A size in pixels gets a small x.

    What is not listed is returned as it is.
    """
    if not isinstance(value, str) or value in accepted:
        return value
    if IN_PIXELS.fullmatch(value):
        return value.lower()
    listed = [one for one in accepted if isinstance(one, str)]
    folded = _fold(value)
    found = next((one for one in listed if _fold(one) == folded), None)
    return found or next((one for one in listed if is_same_format(one, value)), value)


def is_same_format(one: str, other: str) -> bool:
    """Return whether two names, extensions or MIME types mean the same file format: `.JPG` and `image/jpeg`."""
    a, b = _format(one), _format(other)
    return a == b or b in _SAME_FORMAT.get(a, ())


def _format(name: str) -> str:
    plain = name.strip().lower().removeprefix(".")
    found = _MIME.fullmatch(plain)
    return found[1] if found else plain


def _fold(text: str) -> str:
    """Return a name in lower case with underscores, as ours are written: `sound_effect` for `Sound-Effect`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text.strip())
    return re.sub(r"[-\s]+", "_", words).casefold()
