"""Setting text: only in glyphs that a font has, wrapped into balanced lines, fitted to a box."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from PIL import Image, ImageDraw

from mediasmith_sketch.drawing.fonts import Face, face_for, load_font, own_face

_SHARP = 4  # type is drawn so many times larger, for even spacing, and scaled down
_EXACT = 1000  # the size at which type is measured; the font has no hints, so its widths grow evenly
_RISE, _FALL = 0.95, 0.29  # how far most letters reach above and below the base line, of their size
_LEADING = 1.24
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "FULLWIDTH")  # how the names of their letters begin
_FIRST_IDEOGRAPH = "\u2e80"
_OPENING, _CLOSING = {"Ps", "Pi"}, {"Pe", "Pf", "Po", "Lm", "Mn", "Mc", "Pd"}


@dataclass(frozen=True, kw_only=True)
class Block:
    """Lines of type. `size` is in pixels, `tracking` is added after each letter; `cut` says that text was left out."""

    lines: tuple[str, ...]
    size: float
    face: Face = field(default_factory=own_face)
    tracking: float = 0
    cut: bool = False

    @property
    def leftwards(self) -> bool:
        """Whether it is read from right to left, as its first letter says."""
        kinds = map(unicodedata.bidirectional, self.lines[0])
        return next((kind != "L" for kind in kinds if kind in {"L", "R", "AL"}), False)

    @property
    def width(self) -> float:
        """The longest line in pixels, with accents that stick out to the left."""
        return self.indent + max(length(line, self.size, self.face, self.tracking) for line in self.lines)

    @property
    def height(self) -> float:
        """From the top of the first line's accents to the bottom of the last line's tails, in pixels."""
        return self.rise + self.fall + self.leading * (len(self.lines) - 1)

    @property
    def rise(self) -> float:
        """From the first base line to the top, in pixels: more than usual for letters that carry two accents."""
        return self.size * max(_RISE, *(_measured(line, self.face)[2] for line in self.lines))

    @property
    def fall(self) -> float:
        """From the last base line to the bottom, in pixels."""
        return self.size * max(_FALL, *(_measured(line, self.face)[3] for line in self.lines))

    @property
    def leading(self) -> float:
        """From base line to base line, in pixels."""
        return max(self.size * _LEADING, self.rise + self.fall)

    @property
    def indent(self) -> float:
        """How far accents stick out to the left of the first letter, in pixels."""
        return self.size * max(0.0, *(_measured(line, self.face)[1] for line in self.lines))


def settable(text: str) -> str:
    """Return a text as it can be set, composed and on one line, without what is neither a letter nor in the font.

    Return "" if no font has all of its letters, or if there are none.
    """
    composed = " ".join(unicodedata.normalize("NFC", text).split())
    face = face_for(composed)
    if face is None:
        return ""
    kept = " ".join("".join(char for char in composed if char.isprintable() and face.has(char)).split())
    return kept if any(char.isalnum() for char in kept) else ""


def length(text: str, size: float, face: Face, tracking: float = 0) -> float:
    """Return how wide a line is, in pixels."""
    if not tracking:
        return _measured(text, face)[0] * size
    return sum(length(char, size, face) + tracking for char in text) - tracking


@lru_cache(maxsize=8192)
def _measured(line: str, face: Face) -> tuple[float, float, float, float]:
    """Return a line's length, and how far it reaches left of its start, above and below its base line, for size 1."""
    font = load_font(face, _EXACT)
    left, top, _, bottom = font.getbbox(line, anchor="ls")
    return font.getlength(line) / _EXACT, -left / _EXACT, -top / _EXACT, bottom / _EXACT


@dataclass(frozen=True, kw_only=True)
class Space:
    """Room for type, in pixels: a box, the sizes to choose from, and how many lines it takes compared to a wide box."""

    width: float
    height: float
    largest: float
    smallest: float
    lines: float = 1


def fit(text: str, space: Space) -> Block | None:
    """Return the text as large as it goes into a space: the more lines, the smaller.

    A text too long for the smallest size is cut with an ellipsis. None if not even one line fits, or if there is no
    font for it.
    """
    face = face_for(text)
    if face is None:
        return None
    words = tuple(_words(text))
    widest = max((length(word.text, 1, face) for word in words), default=1)
    size = min(space.largest, space.width / widest)  # words are broken only in the smallest size
    while size > space.smallest:
        block = Block(lines=_wrap(words, space.width / size, face), size=size, face=face)
        few = (2.3 + 3 * (space.largest / size - 1)) * space.lines
        if len(block.lines) <= few and block.height <= space.height:
            return block
        size *= 0.94
    return _cut(words, space, face)


def _cut(words: Sequence[_Word], space: Space, face: Face) -> Block | None:
    """Return the text in the smallest size, without what does not fit."""
    size = space.smallest
    whole = Block(lines=_wrap(words, space.width / size, face), size=size, face=face)
    most = int((space.height - whole.rise - whole.fall) / whole.leading + 1.001)
    if most < 1 or space.width < size:
        return None
    if len(whole.lines) <= most:
        return whole
    last = whole.lines[most - 1]
    while last and length(f"{last}…", size, face) > space.width:
        last = last[:-1]
    return Block(lines=(*whole.lines[: most - 1], last.rstrip(" ,.;:-") + "…"), size=size, face=face, cut=True)


@dataclass(frozen=True, kw_only=True)
class _Word:
    """What is not parted by the end of a line. `spaced`: there is a space before it."""

    text: str
    spaced: bool = True


def _words(text: str) -> Iterator[_Word]:
    """Yield the words of a text. In scripts without spaces, a line may end after most letters."""
    for word in text.split():
        start = 0
        for at in range(1, len(word)):
            if _may_part(word[at - 1], word[at]):
                yield _Word(text=word[start:at], spaced=start == 0)
                start = at
        yield _Word(text=word[start:], spaced=start == 0)


def _may_part(before: str, after: str) -> bool:
    """Return whether a line may end between these letters: between Chinese or Japanese ones, but not before a comma."""
    if max(before, after) < _FIRST_IDEOGRAPH:
        return False
    ideographic = any(unicodedata.name(char, "").startswith(_UNSPACED) for char in (before, after))
    return ideographic and unicodedata.category(before) not in _OPENING and unicodedata.category(after) not in _CLOSING


def _wrap(words: Sequence[_Word], width: float, face: Face) -> tuple[str, ...]:
    """Return lines no wider than `width` in size 1, and of about the same length."""
    pieces = [piece for word in words for piece in _pieces(word, width, face)]
    lines = _greedy(pieces, width, face)
    low, high = 0.4 * width, width
    for _ in range(7):
        middle = (low + high) / 2
        narrower = _greedy(pieces, middle, face)
        if len(narrower) == len(lines):
            lines, high = narrower, middle
        else:
            low = middle
    return tuple("".join(f" {word.text}" if word.spaced else word.text for word in line).strip() for line in lines)


def _pieces(word: _Word, width: float, face: Face) -> Sequence[_Word]:
    """Return a word in pieces that fit a line each; most words are one piece."""
    if length(word.text, 1, face) <= width:
        return (word,)
    pieces, used = [""], 0.0
    for char in word.text:
        used += length(char, 1, face)
        if pieces[-1] and used > width:
            used = length(char, 1, face)
            pieces.append("")
        pieces[-1] += char
    return [_Word(text=piece, spaced=word.spaced) for piece in pieces]


def _greedy(words: Sequence[_Word], width: float, face: Face) -> list[list[_Word]]:
    """Return words in lines, each filled as far as it goes. A word wider than a line has one to itself."""
    lines: list[list[_Word]] = [[]]
    used, gap = 0.0, length(" ", 1, face)
    for word in words:
        wide, space = length(word.text, 1, face), gap if word.spaced else 0.0
        if lines[-1] and used + space + wide > width:
            lines.append([])
        used = used + space + wide if lines[-1] else wide
        lines[-1].append(word)
    return lines


def mask(block: Block, box: tuple[int, int], *, centred: bool = False) -> Image.Image:
    """Return the block as grey levels, on a ground of `box` pixels."""
    whole = Image.new("L", (box[0] * _SHARP, box[1] * _SHARP), 0)
    draw = ImageDraw.Draw(whole)
    font = load_font(block.face, round(block.size * _SHARP))
    for number, line in enumerate(block.lines):
        y = (block.rise + block.leading * number) * _SHARP
        spare = box[0] - block.indent - length(line, block.size, block.face, block.tracking)
        x = (block.indent + (spare / 2 if centred else spare if block.leftwards else 0)) * _SHARP
        for piece in line if block.tracking else (line,):
            draw.text((x, y), piece, fill=255, font=font, anchor="ls")
            x += font.getlength(piece) + block.tracking * _SHARP
    return whole.reduce(_SHARP)
