"""Where picture and words go, so that nothing overlaps and nothing is cut."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from mediasmith_sketch.drawing.stage import unit_of
from mediasmith_sketch.drawing.typesetting import Block, Space, fit
from mediasmith_sketch.scene import Scene, Style

LABEL = "DRAFT"

Rect = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""


@dataclass(frozen=True, kw_only=True)
class PlacedText:
    """Type in its place. `box` is its rectangle in whole pixels: left, top, right, bottom."""

    name: str
    block: Block
    box: tuple[int, int, int, int]
    centred: bool = False


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The picture's rectangle, the caption's panel (if there is one), and every piece of type."""

    stage: Rect
    panel: Rect | None
    words: tuple[PlacedText, ...]
    unit: float


@dataclass(frozen=True, kw_only=True)
class _Measures:
    """The sizes that everything else is derived from, in pixels."""

    width: int
    height: int
    style: Style | None

    @property
    def unit(self) -> float:
        return unit_of(self.width, self.height)

    @property
    def margin(self) -> float:
        return max(4.0, 0.045 * self.unit)

    @property
    def beside(self) -> bool:
        """Whether the caption stands beside the picture rather than below it."""
        return self.width >= _WIDE * self.height

    @property
    def centred(self) -> bool:
        return self.style == "poster" and not self.beside

    @property
    def label(self) -> Block:
        size = max(8.0, 0.0155 * self.unit)
        return Block(lines=(LABEL,), size=size, tracking=size * 0.2)

    @property
    def head(self) -> float:
        """The room for the label above a caption."""
        return self.label.size * 2.3

    def space(self, width: float, height: float) -> Space:
        """The space for a caption in a panel of this size, which also holds the margins and the label."""
        return Space(
            width=width - 2 * self.margin,
            height=height - (2 if self.beside else 1.43) * self.margin - self.head,
            largest=max(9.0, 0.05 * self.unit * (1.4 if self.beside else 1.25 if self.centred else 1)),
            smallest=max(9.0, 0.0165 * self.unit),
            lines=4 if self.beside else max(1.0, 0.9 * self.height / self.width),
        )


_WIDE = 2.1  # from this ratio on the caption stands beside the picture
_TINY = 200  # pictures with a shorter side below this do without a caption that would have to be cut
_TALLEST, _WIDEST = 0.42, 0.36  # the shares that a caption may take below and beside the picture


def shape_of(size: tuple[int, int], band: float, *, beside: bool) -> tuple[float, float]:
    """Width and height of a picture without its caption, in units."""
    width = size[0] * (1 - band if beside else 1)
    height = size[1] * (1 if beside else 1 - band)
    unit = unit_of(width, height)
    return width / unit, height / unit


def band_for(width: int, height: int, caption: str, style: Style | None) -> tuple[float, bool]:
    """The share of the picture that a caption needs, and whether it stands beside the picture; 0 for no caption."""
    size = _Measures(width=width, height=height, style=style)
    if not caption:
        return 0, size.beside
    return (_share_beside(size, caption) if size.beside else _share_below(size, caption)), size.beside


def _share_below(size: _Measures, caption: str) -> float:
    most = size.space(size.width, _TALLEST * size.height)
    block = fit(caption, most)
    if block is None or _unreadable(size, block):
        return 0
    pads = _TALLEST * size.height - most.height
    return min(_TALLEST, ceil(block.height + pads + 1) / size.height)


def _share_beside(size: _Measures, caption: str) -> float:
    """The narrowest panel that holds the caption well; the widest one where none does."""
    widths = [size.height * share for share in (0.7, 0.85, 1.0, 1.3, 1.7, 2.3, 3.2)]
    for width in widths:
        space = size.space(width, size.height)
        block = fit(caption, space) if width <= _WIDEST * size.width else None
        if block is not None and not block.cut and block.height < 0.6 * space.height:
            return width / size.width
    block = fit(caption, size.space(_WIDEST * size.width, size.height))
    return 0 if block is None or _unreadable(size, block) else _WIDEST


def _unreadable(size: _Measures, block: Block) -> bool:
    return block.cut and min(size.width, size.height) < _TINY


def lay_out(scene: Scene) -> Layout:
    """The layout of a scene."""
    size = _Measures(width=scene.width, height=scene.height, style=scene.style)
    panel = _panel(scene)
    stage = _stage(size, panel)
    words = _panel_words(scene, size, panel) if panel else [_corner_label(size, stage)]
    if scene.title and (title := _title(scene, size, stage)):
        words.append(title)
    return Layout(stage=stage, panel=panel, words=tuple(words), unit=size.unit)


def _panel(scene: Scene) -> Rect | None:
    if not scene.band:
        return None
    if scene.beside:
        return 0, 0, round(scene.band * scene.width), scene.height
    tall = round(scene.band * scene.height)
    return 0, scene.height - tall, scene.width, tall


def _stage(size: _Measures, panel: Rect | None) -> Rect:
    """What the caption leaves; a poster has a margin around it."""
    left = panel[2] if panel and size.beside else 0.0
    bottom = panel[1] if panel and not size.beside else float(size.height)
    if size.style != "poster":
        return left, 0.0, size.width - left, bottom
    frame = round(size.margin)
    below = frame if panel is None or size.beside else 0
    return left + frame, frame, size.width - left - 2 * frame, bottom - frame - below


def _panel_words(scene: Scene, size: _Measures, panel: Rect) -> list[PlacedText]:
    """The label and below it the caption; beside a picture, the caption stands at the foot."""
    left, top, width, height = panel
    x, y = left + size.margin, top + size.margin * (1.0 if size.beside else 0.68)
    space = size.space(width, height)
    wide = space.width if size.centred else 0
    words = [_words("label", size.label, (x, y), wide)]
    block = fit(scene.caption, space)
    if block is not None:
        start = top + height - size.margin - block.height if size.beside else y + size.head
        words.append(_words("caption", block, (x, start), wide))
    return words


def _words(name: str, block: Block, at: tuple[float, float], centred_in: float = 0) -> PlacedText:
    """Type from an upper left corner on, or in the middle of a width."""
    right = ceil(at[0] + (centred_in or block.width) + 1)
    box = (int(at[0]), int(at[1]), right, int(at[1]) + ceil(block.height))
    return PlacedText(name=name, block=block, box=box, centred=bool(centred_in))


def _corner_label(size: _Measures, stage: Rect) -> PlacedText:
    """The label on its own, in the lower right corner of the picture."""
    gap = max(4.0, 0.6 * size.margin) + size.label.size * 0.5
    right, bottom = stage[0] + stage[2] - gap, stage[1] + stage[3] - gap
    return _words("label", size.label, (right - size.label.width - 1, bottom - size.label.height))


def _title(scene: Scene, size: _Measures, stage: Rect) -> PlacedText | None:
    """Lettering in the upper third of the picture."""
    left, top, width, height = stage
    smallest = max(9.0, 0.0165 * size.unit)
    space = Space(width=width * 0.86, height=height * 0.3, largest=max(9.0, 0.16 * size.unit), smallest=smallest)
    block = fit(scene.title, space)
    if block is None:
        return None
    return _words("title", block, (left + width * 0.07, top + height * 0.07), space.width)
