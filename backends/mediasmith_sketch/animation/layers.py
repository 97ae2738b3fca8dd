"""Layers: a scene cut up by depth, so that near things can move past far ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from math import ceil, floor, inf

from PIL import Image, ImageChops, ImageOps

from mediasmith_sketch.animation.camera import Camera, View
from mediasmith_sketch.animation.sway import MOST, REST, Sway, sway_of
from mediasmith_sketch.drawing.renderer import draw, draw_sky, in_order
from mediasmith_sketch.drawing.stage import Stage, unit_of
from mediasmith_sketch.drawing.surface import Box, Surface, resized
from mediasmith_sketch.scene import Element, Scene

_NEARNESS = (
    (1.5, 0.0),  # stars
    (4.5, 0.06),  # sun, moon, planets, what is behind a still life
    (7.0, 0.14),  # clouds
    (9.0, 0.2),
    (14.0, 0.3),  # the distance
    (19.0, 0.45),
    (29.0, 0.6),  # the middle distance
    (32.0, 0.4),  # the sea, which reaches far
    (45.0, 0.6),  # boats
    (47.0, 0.72),  # waves
    (55.0, 0.85),  # the nearest ground, and what stands and lies on it
    (59.0, 1.0),  # what flies
    (69.0, 0.85),  # what stands on a table
    (inf, 1.0),  # weather
)
"""How near things are, from 0 to 1, by the depth (`Element.z`) that they stay below."""

_SUN = 3.0  # the depth of the sun
_SEAM = 2  # pixels around things that edges fade out in
_DETAIL = 1.12  # pixels drawn for each that is shown: with a few more, grain looks the same wherever it comes to lie


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Things that move together: a picture, premultiplied if it is transparent, of a part of the whole.

    `left` and `top` say where in the whole it lies, which is `width` by `height` pixels.
    """

    picture: Image.Image
    left: int
    top: int
    width: int
    height: int
    nearness: float
    sway: Sway

    def paste(self, frame: Image.Image, area: Box, view: View, seconds: float) -> None:
        """Paint what is in view into an area of a frame, as it is after so many seconds."""
        right, down = (way * unit_of(self.width, self.height) for way in self.sway.at(seconds))
        if not self.sway.endless:
            self._paste(frame, area, view, (right, down))
            return
        right, down = right % self.width, down % self.height
        for x in (right - self.width, right):
            for y in (down - self.height, down):
                self._paste(frame, area, view, (x, y))

    def _paste(self, frame: Image.Image, area: Box, view: View, moved: tuple[float, float]) -> None:
        across, down = view[0] * self.width - self.left - moved[0], view[1] * self.height - self.top - moved[1]
        left, right, *columns = _shown(area[2] - area[0], view[2] * self.width, across, self.picture.width)
        top, bottom, *rows = _shown(area[3] - area[1], view[2] * self.height, down, self.picture.height)
        if left < right and top < bottom:
            box = (columns[0], rows[0], columns[1], rows[1])
            piece = resized(self.picture, (right - left, bottom - top), Image.Resampling.HAMMING, box)
            piece = piece if piece.mode == "RGB" else piece.convert("RGBA")
            frame.paste(piece, (area[0] + left, area[1] + top), None if piece.mode == "RGB" else piece)


def _shown(count: int, extent: float, middle: float, length: int) -> tuple[int, int, float, float]:
    """Return which pixels of a row (from, to) show which part of a picture (from, to).

    The row has `count` pixels and shows `extent` pixels of the picture, which has `length`, around its `middle`.
    """
    scale, start = extent / count, middle - extent / 2
    # Rounded, so that the edge of the whole is that of the area.
    first = max(0, ceil(round(-start / scale, 6)))
    last = min(count, floor(round((length - start) / scale, 6)))
    begin, end = (min(float(length), max(0.0, start + pixel * scale)) for pixel in (first, last))
    return first, last, begin, end


def layers(scene: Scene, size: tuple[int, int], camera: Camera) -> Iterator[Layer]:
    """Yield the layers of a scene whose picture takes so many pixels, from the nearest to the sky."""
    ordered = groupby(in_order(scene), lambda element: (_nearness(element), sway_of(element)))
    groups = [(nearness, sway, list(group)) for (nearness, sway), group in ordered]
    if not groups or groups[0][:2] != (0.0, REST):
        groups.insert(0, (0.0, REST, []))
    nearest = max(nearness for nearness, _, _ in groups) or 1.0
    opaque: list[tuple[float, float]] = []
    for number, (nearness, sway, elements) in reversed([*enumerate(groups)]):
        near = nearness / nearest
        detail = _DETAIL / camera.closest(near)
        whole = (round(size[0] * detail), round(size[1] * detail))
        pad = 0 if sway is REST or sway.endless else ceil(MOST * unit_of(*whole))  # room to sway in
        hidden = min((camera.lowest(row, other, near) for other, row in opaque), default=1.0)
        bottom = min(whole[1] + pad, ceil(hidden * whole[1]) + _SEAM)
        surface = Surface((whole[0] + 2 * pad, bottom + pad), None if number else scene.palette.sky, scene.grain)
        stage = Stage(surface, pad, pad, *whole, scene.palette)
        if number == 0:
            draw_sky(stage)
        draw(stage, elements, scene)
        image = surface.image
        if sway is REST and image.mode == "RGBA":
            # From a row on, nothing may show through: what is behind need not be drawn there.
            gaps = ImageChops.invert(image.getchannel("A")).getbbox() or (0, 0, 0, 0)
            opaque += [(near, gaps[3] / whole[1])] if gaps[3] < image.height else []
        if box := image.getbbox():
            left, top = max(0, box[0] - _SEAM), max(0, box[1] - _SEAM)
            picture = image.crop((left, top, min(image.width, box[2] + _SEAM), min(image.height, box[3] + _SEAM)))
            yield Layer(
                picture=picture.convert("RGBa") if picture.mode == "RGBA" else picture,
                left=left - pad,
                top=top - pad,
                width=whole[0],
                height=whole[1],
                nearness=near,
                sway=sway,
            )


def picture_layer(file: bytes, size: tuple[int, int], camera: Camera) -> Layer:
    """Return a picture as the only layer, cropped to the shape of so many pixels."""
    detail = _DETAIL / camera.closest(1)
    width, height = round(size[0] * detail), round(size[1] * detail)
    with Image.open(BytesIO(file)) as picture:
        fitted = ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
    return Layer(picture=fitted, left=0, top=0, width=width, height=height, nearness=1, sway=REST)


def _nearness(element: Element) -> float:
    """Return how near an element is. What shines on the water goes along with the sun."""
    z = _SUN if element.kind == "shine" else element.z
    return next(nearness for below, nearness in _NEARNESS if z < below)
