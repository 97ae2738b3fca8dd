"""Finding a font for a text: the sketch's own, or else one of this machine that has all of the text's letters.

The own one is Literata Medium (see fonts/OFL.txt), cut down to Latin, Greek and Cyrillic. Others are looked for only
when a text needs one; of each file just the character map is read.
"""

from __future__ import annotations

import os
import struct
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from PIL import ImageFont, features

_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
    "~/AppData/Local/Microsoft/Windows/Fonts",
)
_MOST_FILES = 5000
_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")
_USELESS = ("lastresort", "emoji", "symbol", "dingbat", "blank", "barcode", "math", "icon", "braille")
"""Parts of the names of fonts whose letters are boxes or pictures."""

_ODD = ("mono", "bold", "italic", "oblique", "condensed", "thin", "light", "black", "heavy", "unifont", "fallback")
"""Parts of the names of fonts that suit a caption less."""

_WEIGHT = 500.0


@dataclass(frozen=True, kw_only=True)
class Face:
    """One font of a file; without a path it is the sketch's own. `ranges` are its characters, first and last."""

    path: str = ""
    index: int = 0
    ranges: tuple[tuple[int, int], ...] = field(repr=False, compare=False)

    def has(self, char: str) -> bool:
        """Return whether there is a glyph for a character."""
        at = bisect_right(self.ranges, (ord(char), sys.maxunicode)) - 1
        return at >= 0 and ord(char) <= self.ranges[at][1]


@lru_cache(maxsize=1)
def _file() -> bytes:
    return files("mediasmith_sketch").joinpath("fonts/Literata-Medium.ttf").read_bytes()


@lru_cache(maxsize=1)
def own_face() -> Face:
    """Return the sketch's own font."""
    return Face(ranges=tuple(sorted(_ranges(BytesIO(_file()), 0))))


@lru_cache(maxsize=128)
def face_for(text: str) -> Face | None:
    """Return a font that has all letters, marks and digits of a text; None if there is none on this machine."""
    needed = sorted(filter(_is_needed, set(text)))
    if all(own_face().has(char) for char in needed):
        return own_face()
    if any(map(_is_shaped, needed)) and not (features.check("raqm") and features.check("fribidi")):
        return None  # its letters would stand apart, and in the wrong order
    return next((face for path in _font_files() for face in _faces(path) if all(map(face.has, needed))), None)


@lru_cache(maxsize=64)
def load_font(face: Face, pixels: int) -> ImageFont.FreeTypeFont:
    """Return a font in a size."""
    if not face.path:
        return ImageFont.truetype(BytesIO(_file()), pixels)
    font: Any = ImageFont.truetype(face.path, pixels, index=face.index)
    with suppress(OSError, NotImplementedError):  # that it is no variable font
        axes = font.get_variation_axes()
        weights = [min(axis["maximum"], max(axis["minimum"], _WEIGHT)) for axis in axes]
        named = zip(axes, weights, strict=True)
        font.set_variation_by_axes([weight if axis["name"] == b"Weight" else axis["default"] for axis, weight in named])
    return font


def forget() -> None:
    """Look for this machine's fonts again at the next text."""
    for cached in (face_for, _font_files, _faces):
        cached.cache_clear()


def _is_needed(char: str) -> bool:
    """Return whether a text means something else without this; what only chooses another form of a letter is not."""
    selects = unicodedata.name(char, "").startswith("VARIATION SELECTOR")
    return unicodedata.category(char)[0] in "LMN" and unicodedata.category(char) != "Me" and not selects


def _is_shaped(char: str) -> bool:
    """Return whether a letter's form or place depends on those around it, or it is written from right to left."""
    code = ord(char)
    joined = 0x0900 <= code <= 0x109F or 0x1780 <= code <= 0x18AF  # noqa: PLR2004 - from Devanagari to Mongolian
    return joined or unicodedata.bidirectional(char) in {"R", "AL", "AN"}


@lru_cache(maxsize=1)
def _font_files() -> tuple[str, ...]:
    """Return the font files of this machine, those first that suit a caption best."""
    found = islice((path for folder in _FOLDERS for path in _files_below(folder)), _MOST_FILES)
    usable = [path for path in found if not any(part in Path(path).stem.lower() for part in _USELESS)]
    return tuple(sorted(usable, key=_suitability))


def _files_below(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(os.path.expanduser(folder)):  # noqa: PTH111 - Path raises without a home
        folders.sort()
        yield from (os.path.join(parent, name) for name in sorted(names) if name.lower().endswith(_ENDINGS))  # noqa: PTH118


def _suitability(path: str) -> tuple[int, bool, str]:
    name = Path(path).stem.lower()
    return sum(part in name for part in _ODD), "serif" not in name or "sans" in name, name


@lru_cache(maxsize=16)
def _faces(path: str) -> Sequence[Face]:
    """Return the fonts of a file; none if it cannot be read as one."""
    with suppress(OSError, struct.error, ValueError), Path(path).open("rb") as file:
        starts = [0]
        if file.read(4) == b"ttcf":
            _, count = struct.unpack(">LL", file.read(8))
            starts = list(struct.unpack(f">{min(count, 64)}L", file.read(4 * min(count, 64))))
        faces = (
            Face(path=path, index=index, ranges=tuple(sorted(_ranges(file, start))))
            for index, start in enumerate(starts)
        )
        return [face for face in faces if face.ranges]
    return []


def _ranges(file: BinaryIO, start: int) -> Iterator[tuple[int, int]]:
    """Yield the characters that a font has glyphs for, as it lists them in its `cmap` table."""
    file.seek(start + 4)
    (count,) = struct.unpack(">H", file.read(2))
    file.seek(start + 12)
    tables = {name: at for name, _, at, _ in struct.iter_unpack(">4sLLL", file.read(16 * count))}
    if b"cmap" not in tables:
        return
    file.seek(tables[b"cmap"])
    _, count = struct.unpack(">HH", file.read(4))
    encodings = {(platform, kind): at for platform, kind, at in struct.iter_unpack(">HHL", file.read(8 * count))}
    for encoding in ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3)):  # Unicode, the whole of it first
        if encoding in encodings:
            file.seek(tables[b"cmap"] + encodings[encoding])
            yield from _subtable(file)
            return


def _subtable(file: BinaryIO) -> Iterator[tuple[int, int]]:
    (kind,) = struct.unpack(">H", file.read(2))
    if kind == 4:  # noqa: PLR2004 - the format's own number
        _, _, double, *_ = struct.unpack(">6H", file.read(12))
        ends = struct.unpack(f">{double // 2}H", file.read(double))
        file.read(2)
        firsts = struct.unpack(f">{double // 2}H", file.read(double))
        yield from ((first, min(end, 0xFFFE)) for first, end in zip(firsts, ends, strict=True) if first < 0xFFFF)  # noqa: PLR2004
    elif kind == 12:  # noqa: PLR2004 - as above
        _, _, _, count = struct.unpack(">HLLL", file.read(14))
        yield from ((first, last) for first, last, _ in struct.iter_unpack(">LLL", file.read(12 * count)))
