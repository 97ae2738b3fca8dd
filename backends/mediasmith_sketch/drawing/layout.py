"""Where picture and words go, so that nothing overlaps and nothing is cut."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil

from mediasmith_sketch.drawing.stage import unit_of
from mediasmith_sketch.drawing.typesetting import Block, Space, fit
from mediasmith_sketch.scene import Scene, Style

Rect = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""

_LABEL = "DRAFT"
_WIDE = 2.1  # from this ratio on the caption stands beside the picture
_TINY = 200  # pictures with a shorter side below this do without a caption that would have to be cut
_TALLEST, _WIDEST = 0.42, 0.36  # the shares that a caption may take below and beside the picture
_PANELS = (0.7, 0.85, 1.0, 1.3, 1.7, 2.3, 3.2)  # widths of a panel beside the picture to try, in heights


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


@dataclass
class _Measures:
    """The sizes that everything else is derived from, in pixels; `head` is the room for the label above a caption.

    The caption of a wide picture stands `beside` it rather than below.
    """

    width: int
    height: int
    style: Style | None
    label: Block = field(init=False)

    def __post_init__(self) -> None:
        self.unit = unit_of(self.width, self.height)
        self.margin = max(4.0, 0.045 * self.unit)
        self.beside = self.width >= _WIDE * self.height
        self.centred = self.style == "poster" and not self.beside
        self.smallest = max(9.0, 0.0165 * self.unit)
        size = max(8.0, 0.0155 * self.unit)
        self.label = Block(lines=(_LABEL,), size=size, tracking=size * 0.2)
        self.head = size * 2.3

    def space(self, width: float, height: float) -> Space:
        """Return the space for a caption in a panel of this size, which also holds the margins and the label."""
        return Space(
            width=width - 2 * self.margin,
            height=height - (2 if self.beside else 1.43) * self.margin - self.head,
            largest=max(9.0, 0.05 * self.unit * (1.4 if self.beside else 1.25 if self.centred else 1)),
            smallest=self.smallest,
            lines=4 if self.beside else max(1.0, 0.9 * self.height / self.width),
        )

    def is_readable(self, block: Block | None) -> bool:
        """Return whether a caption is fit to be set: in a tiny picture only if it need not be cut."""
        return block is not None and not (block.cut and min(self.width, self.height) < _TINY)


def shape_of(size: tuple[int, int], band: float, *, beside: bool) -> tuple[float, float]:
    """Return width and height of a picture without its caption, in units."""
    width = size[0] * (1 - band if beside else 1)
    height = size[1] * (1 if beside else 1 - band)
    unit = unit_of(width, height)
    return width / unit, height / unit


def band_for(width: int, height: int, caption: str, style: Style | None) -> tuple[float, bool]:
    """Return the share of the picture that a caption needs (0 for none), and whether it stands beside the picture."""
    size = _Measures(width, height, style)
    if not caption:
        return 0, size.beside
    if not size.beside:
        most = size.space(width, _TALLEST * height)
        block = fit(caption, most)
        if block is None or not size.is_readable(block):
            return 0, False
        return min(_TALLEST, ceil(block.height + _TALLEST * height - most.height + 1) / height), False
    for panel in (height * share for share in _PANELS if height * share <= _WIDEST * width):
        space = size.space(panel, height)
        block = fit(caption, space)
        if block is not None and not block.cut and block.height < 0.6 * space.height:
            return panel / width, True
    return (_WIDEST if size.is_readable(fit(caption, size.space(_WIDEST * width, height))) else 0), True


def caption_fits(scene: Scene, caption: str) -> bool:
    """Return whether the scene's panel has room for all of a caption, or there is none to be filled."""
    panel = _panel(scene)
    if panel is None:
        return True
    block = fit(caption, _Measures(scene.width, scene.height, scene.style).space(*panel[2:]))
    return block is not None and not block.cut


def lay_out(scene: Scene) -> Layout:
    """Return the layout of a scene; a poster has a margin around the picture."""
    size = _Measures(scene.width, scene.height, scene.style)
    panel = _panel(scene)
    left = panel[2] if panel and size.beside else 0.0
    bottom = panel[1] if panel and not size.beside else float(size.height)
    frame = round(size.margin) if size.style == "poster" else 0
    below = frame if panel is None or size.beside else 0
    stage = (left + frame, float(frame), size.width - left - 2 * frame, bottom - frame - below)
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


def _panel_words(scene: Scene, size: _Measures, panel: Rect) -> list[PlacedText]:
    """Place the label and below it the caption; beside a picture, the caption stands at the foot."""
    left, top, width, height = panel
    x, y = left + size.margin, top + size.margin * (1.0 if size.beside else 0.68)
    space = size.space(width, height)
    wide = space.width if size.centred else 0
    words = [_placed("label", size.label, (x, y), wide)]
    block = fit(scene.caption, space)
    if block is not None:
        wide = space.width if size.centred or block.leftwards else 0
        start = top + height - size.margin - block.height if size.beside else y + size.head
        words.append(replace(_placed("caption", block, (x, start), wide), centred=size.centred))
    return words


def _placed(name: str, block: Block, at: tuple[float, float], centred_in: float = 0) -> PlacedText:
    """Place type from an upper left corner on, or in the middle of a width."""
    right = ceil(at[0] + (centred_in or block.width) + 1)
    box = (int(at[0]), int(at[1]), right, int(at[1]) + ceil(block.height))
    return PlacedText(name=name, block=block, box=box, centred=bool(centred_in))


def _corner_label(size: _Measures, stage: Rect) -> PlacedText:
    """Place the label on its own, in the lower right corner of the picture."""
    gap = max(4.0, 0.6 * size.margin) + size.label.size * 0.5
    right, bottom = stage[0] + stage[2] - gap, stage[1] + stage[3] - gap
    return _placed("label", size.label, (right - size.label.width - 1, bottom - size.label.height))


def _title(scene: Scene, size: _Measures, stage: Rect) -> PlacedText | None:
    """Place lettering in the upper third of the picture."""
    left, top, width, height = stage
    space = Space(width=width * 0.86, height=height * 0.3, largest=max(9.0, 0.16 * size.unit), smallest=size.smallest)
    block = fit(scene.title, space)
    return block and _placed("title", block, (left + width * 0.07, top + height * 0.07), space.width)
