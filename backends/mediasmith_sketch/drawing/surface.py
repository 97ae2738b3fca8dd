"""The drawing surface: flat shapes with smooth edges, grainy shading, pictures; Pillow below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from mediasmith_sketch.drawing.colour import rgb
from mediasmith_sketch.drawing.paths import Point, Polygon
from mediasmith_sketch.random_seed import seeded

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, the last two outside."""

_GRAIN = 512  # pixels on each side of the piece of noise that is repeated over the surface
_THICKNESS = [min(255, 16 * level) for level in range(256)]  # how thick each grain is, by how far it is above the noise
_GRAIN_PER = 1300  # on pictures with a longer "shorter side", grains are larger, so that they look the same


@dataclass
class Surface:
    """A picture that shapes are painted on, each with smooth edges and in its exact colour.

    Without a ground colour it starts out transparent. `clip` limits what shapes may touch.
    """

    size: tuple[int, int]
    ground: str | None
    grain: int
    image: Image.Image = field(init=False)
    clip: Box = field(init=False)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", self.size, rgb(self.ground or "#000000"))
        if self.ground is None:
            self.image.putalpha(0)
        self.clip = (0, 0, *self.size)
        # Edges of large pictures are smooth enough with fewer samples, and take less memory.
        self._samples = 4 if max(self.size) <= 640 else 3 if max(self.size) <= 2048 else 2  # noqa: PLR2004

    def fill(self, polygons: Sequence[Polygon], colour: str, opacity: float = 1) -> None:
        """Paint shapes in one colour; where they overlap each other they count once."""
        if (box := self._around(polygons)) is not None:
            mask = self._mask(polygons, box)
            self._paint(colour, box, mask if opacity >= 1 else _levels(mask, lambda level: level * opacity))

    def grade(self, polygons: Sequence[Polygon], colour: str, start: Point, end: Point, strength: float) -> None:
        """Shade shapes with grains of a colour: none at `start`, thickest at `end`, up to `strength` (0 to 1)."""
        if (box := self._around(polygons)) is not None:
            over = ImageChops.subtract(_slope(box, start, end, strength), self._noise.crop(box))
            grains = over.point(_THICKNESS)
            self._paint(colour, box, ImageChops.multiply(grains, self._mask(polygons, box)))

    def shadow(self, polygons: Sequence[Polygon], blur: float, opacity: float) -> None:
        """Paint a soft dark shadow of shapes."""
        if (box := self._around(polygons, margin=round(3 * blur))) is not None:
            mask = self._mask(polygons, box).filter(ImageFilter.GaussianBlur(blur))
            self._paint("#000000", box, _levels(mask, lambda level: level * opacity))

    def picture(self, image: Image.Image, polygon: Polygon) -> None:
        """Put a picture of RGBA mode, already of the right size, into a shape; its upper left is the shape's."""
        left, top = round(min(x for x, _ in polygon)), round(min(y for _, y in polygon))
        box = (left, top, left + image.width, top + image.height)
        mask = ImageChops.multiply(self._mask([polygon], box), image.getchannel("A"))
        self._compose(image.convert("RGB"), box, mask)

    def stamp(self, mask: Image.Image, at: tuple[int, int], colour: str) -> None:
        """Paint a colour through a ready mask, such as set type."""
        self._paint(colour, (*at, at[0] + mask.width, at[1] + mask.height), mask)

    def _around(self, polygons: Sequence[Polygon], margin: int = 0) -> Box | None:
        """Return the pixels that shapes may touch, within the clip; None if there are none."""
        xs = [x for polygon in polygons for x, _ in polygon]
        ys = [y for polygon in polygons for _, y in polygon]
        if not xs:
            return None
        left, top = int(min(xs) // 1) - margin, int(min(ys) // 1) - margin
        right, bottom = int(max(xs) // 1) + 2 + margin, int(max(ys) // 1) + 2 + margin
        clip = self.clip
        box = (max(clip[0], left), max(clip[1], top), min(clip[2], right), min(clip[3], bottom))
        return box if box[0] < box[2] and box[1] < box[3] else None

    def _mask(self, polygons: Sequence[Polygon], box: Box) -> Image.Image:
        samples = self._samples
        mask = Image.new("L", ((box[2] - box[0]) * samples, (box[3] - box[1]) * samples), 0)
        draw = ImageDraw.Draw(mask)
        for polygon in polygons:
            # Half a sample less: Pillow's polygons include the pixels on their edge.
            draw.polygon([((x - box[0]) * samples - 0.5, (y - box[1]) * samples - 0.5) for x, y in polygon], fill=255)
        return mask.reduce(samples)

    @cached_property
    def _noise(self) -> Image.Image:
        """Noise for the whole surface, so that shapes of one colour share their grains."""
        coarse = max(1, round(min(self.size) / _GRAIN_PER))
        piece = Image.frombytes("L", (_GRAIN, _GRAIN), seeded(self.grain).randbytes(_GRAIN * _GRAIN))
        if coarse > 1:  # smooth grains rather than square ones; smoothing takes contrast away, so give it back
            piece = resized(piece, (_GRAIN * coarse, _GRAIN * coarse), Image.Resampling.BICUBIC)
            piece = _levels(piece, lambda level: min(255, max(0, 127.5 + (level - 127.5) * 1.25)))
        noise = Image.new("L", self.size)
        for x in range(0, self.size[0], piece.width):
            for y in range(0, self.size[1], piece.height):
                noise.paste(piece, (x, y))
        return noise

    def _paint(self, colour: str, box: Box, mask: Image.Image) -> None:
        if self.image.mode == "RGB":
            self.image.paste(rgb(colour), box, mask)
        else:
            self._compose(Image.new("RGB", mask.size, rgb(colour)), box, mask)

    def _compose(self, image: Image.Image, box: Box, mask: Image.Image) -> None:
        if self.image.mode == "RGB":
            self.image.paste(image, box, mask)
        else:
            image.putalpha(mask)
            self.image.alpha_composite(image, box[:2])


def resized(
    image: Image.Image,
    size: tuple[int, int],
    how: Image.Resampling,
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    """Return the picture, or what is in a box of it, in another size."""
    return image.resize(size, how, box)


def _levels(mask: Image.Image, change: Callable[[int], float]) -> Image.Image:
    """Return the mask with each grey level changed."""
    table = [round(change(level)) for level in range(256)]
    return mask.point(table)


def _slope(box: Box, start: Point, end: Point, strength: float) -> Image.Image:
    """Return grey levels that rise from one point to the other, along the axis they lie further apart on."""
    axis = 1 if abs(end[1] - start[1]) >= abs(end[0] - start[0]) else 0
    near, length = start[axis], box[axis + 2] - box[axis]
    span = (end[axis] - near) or 1.0
    shares = (((box[axis] + step + 0.5) - near) / span for step in range(length))
    levels = bytes(round(255 * strength * min(1.0, max(0.0, share))) for share in shares)
    line = Image.frombytes("L", (1, length) if axis else (length, 1), levels)
    return resized(line, (box[2] - box[0], box[3] - box[1]), Image.Resampling.NEAREST)
