"""Setting text: only in glyphs the font has, wrapped into balanced lines, fitted to a box.

The font is Literata Medium (see fonts/OFL.txt), cut down to Latin, Greek and Cyrillic.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from itertools import chain

from PIL import Image, ImageDraw, ImageFont

_SHARP = 4  # type is drawn so many times larger, for even spacing, and scaled down
_EXACT = 1000  # the size at which type is measured; the font has no hints, so its widths grow evenly
_RISE, _FALL = 0.95, 0.29  # how far most letters reach above and below the base line, of their size
_LEADING = 1.24


@dataclass(frozen=True, kw_only=True)
class Block:
    """Lines of type. `size` is in pixels, `tracking` is added after each letter; `cut` says that text was left out."""

    lines: tuple[str, ...]
    size: float
    tracking: float = 0
    cut: bool = False

    @property
    def width(self) -> float:
        """The longest line in pixels, with accents that stick out to the left."""
        return self.indent + max(length(line, self.size, self.tracking) for line in self.lines)

    @property
    def height(self) -> float:
        """From the top of the first line's accents to the bottom of the last line's tails, in pixels."""
        return self.rise + self.size * _FALL + self.leading * (len(self.lines) - 1)

    @property
    def rise(self) -> float:
        """From the first base line to the top, in pixels: more than usual for letters that carry two accents."""
        return self.size * max(_RISE, *(_measured(line)[2] for line in self.lines))

    @property
    def leading(self) -> float:
        """From base line to base line, in pixels."""
        return max(self.size * _LEADING, self.rise + self.size * _FALL)

    @property
    def indent(self) -> float:
        """How far accents stick out to the left of the first letter, in pixels."""
        return self.size * max(0.0, *(_measured(line)[1] for line in self.lines))


@lru_cache(maxsize=1)
def _file() -> bytes:
    return files("mediasmith_sketch").joinpath("fonts/Literata-Medium.ttf").read_bytes()


@lru_cache(maxsize=64)
def _font(pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(BytesIO(_file()), pixels)


@lru_cache(maxsize=1)
def glyphs() -> frozenset[str]:
    """Return every character the font has a glyph for, read from its own character map."""
    data = _file()
    tables = {data[at : at + 4]: struct.unpack_from(">L", data, at + 8)[0] for at in range(12, 12 + 16 * data[5], 16)}
    start = tables[b"cmap"] + struct.unpack_from(">L", data, tables[b"cmap"] + 8)[0]
    count = struct.unpack_from(">H", data, start + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", data, start + 14)
    firsts = struct.unpack_from(f">{count}H", data, start + 16 + 2 * count)
    codes = (range(first, min(end, 0xFFFE) + 1) for first, end in zip(firsts, ends, strict=True))
    return frozenset(char for char in map(chr, chain(*codes)) if char.isprintable())


def settable(text: str) -> str:
    """Return the part of a text that the font can set, composed and on one line; "" if no word of it is left."""
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    kept = " ".join("".join(char for char in composed if char in glyphs()).split())
    return kept if any(char.isalnum() for char in kept) else ""


def length(text: str, size: float, tracking: float = 0) -> float:
    """Return how wide a line is, in pixels."""
    if not tracking:
        return _measured(text)[0] * size
    return sum(length(char, size) + tracking for char in text) - tracking


@lru_cache(maxsize=8192)
def _measured(line: str) -> tuple[float, float, float]:
    """Return a line's length, and how far it reaches left of its start and above its base line, all for size 1."""
    font = _font(_EXACT)
    left, top, _, _ = font.getbbox(line, anchor="ls")
    return font.getlength(line) / _EXACT, -left / _EXACT, -top / _EXACT


@dataclass(frozen=True, kw_only=True)
class Space:
    """Room for type, in pixels: a box, the sizes to choose from, and how many lines it takes compared to a wide box."""

    width: float
    height: float
    largest: float
    smallest: float
    lines: float = 1


def fit(text: str, space: Space) -> Block | None:
    """Return the text as large as it goes into a space: the more lines, the smaller. None if not even one line fits.

    A text too long for the smallest size is cut with an ellipsis.
    """
    widest = max((length(word, 1) for word in text.split()), default=1)
    size = min(space.largest, space.width / widest)  # words are broken only in the smallest size
    while size > space.smallest:
        block = Block(lines=_wrap(text, space.width / size), size=size)
        few = (2.3 + 3 * (space.largest / size - 1)) * space.lines
        if len(block.lines) <= few and block.height <= space.height:
            return block
        size *= 0.94
    return _cut(text, space)


def _cut(text: str, space: Space) -> Block | None:
    """Return the text in the smallest size, without what does not fit."""
    size = space.smallest
    whole = Block(lines=_wrap(text, space.width / size), size=size)
    most = int((space.height - whole.rise - size * _FALL) / whole.leading + 1.001)
    if most < 1 or space.width < size:
        return None
    if len(whole.lines) <= most:
        return whole
    last = whole.lines[most - 1]
    while last and length(f"{last}…", size) > space.width:
        last = last[:-1]
    return Block(lines=(*whole.lines[: most - 1], last.rstrip(" ,.;:-") + "…"), size=size, cut=True)


def _wrap(text: str, width: float) -> tuple[str, ...]:
    """Return lines no wider than `width` in size 1, and of about the same length."""
    words = [piece for word in text.split() for piece in _pieces(word, width)]
    lines = _greedy(words, width)
    low, high = 0.4 * width, width
    for _ in range(7):
        middle = (low + high) / 2
        narrower = _greedy(words, middle)
        if len(narrower) == len(lines):
            lines, high = narrower, middle
        else:
            low = middle
    return tuple(" ".join(line) for line in lines)


def _pieces(word: str, width: float) -> Sequence[str]:
    """Return a word in pieces that fit a line each; most words are one piece."""
    if length(word, 1) <= width:
        return (word,)
    pieces, used = [""], 0.0
    for char in word:
        used += length(char, 1)
        if pieces[-1] and used > width:
            used = length(char, 1)
            pieces.append("")
        pieces[-1] += char
    return pieces


def _greedy(words: Sequence[str], width: float) -> list[list[str]]:
    """Return words in lines, each filled as far as it goes. A word wider than a line has one to itself."""
    lines: list[list[str]] = [[]]
    used, space = 0.0, length(" ", 1)
    for word in words:
        wide = length(word, 1)
        if lines[-1] and used + space + wide > width:
            lines.append([])
        used = used + space + wide if lines[-1] else wide
        lines[-1].append(word)
    return lines


def mask(block: Block, box: tuple[int, int], *, centred: bool = False) -> Image.Image:
    """Return the block as grey levels, on a ground of `box` pixels."""
    whole = Image.new("L", (box[0] * _SHARP, box[1] * _SHARP), 0)
    draw = ImageDraw.Draw(whole)
    font = _font(round(block.size * _SHARP))
    for number, line in enumerate(block.lines):
        y = (block.rise + block.leading * number) * _SHARP
        spare = box[0] - block.indent - length(line, block.size, block.tracking)
        x = (block.indent + (spare / 2 if centred else 0)) * _SHARP
        for piece in line if block.tracking else (line,):
            draw.text((x, y), piece, fill=255, font=font, anchor="ls")
            x += font.getlength(piece) + block.tracking * _SHARP
    return whole.reduce(_SHARP)
