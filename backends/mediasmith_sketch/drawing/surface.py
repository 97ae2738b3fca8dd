"""The drawing surface: flat shapes with smooth edges, grainy shading, pictures; Pillow below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from mediasmith_sketch.drawing.colour import rgb
from mediasmith_sketch.drawing.paths import Point, Polygon
from mediasmith_sketch.random_seed import seeded

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, the last two outside."""

_GRAIN = 512  # pixels on each side of the piece of noise that is repeated over the surface
_GRAIN_PER = 1300  # on pictures with a longer "shorter side", grains are larger, so that they look the same


@dataclass
class Surface:
    """A picture that shapes are laid on, each with smooth edges and in its exact colour.

    Without a ground colour it starts out transparent. `clip` limits what shapes may touch.
    """

    size: tuple[int, int]
    ground: str | None
    grain: int
    image: Image.Image = field(init=False)
    clip: Box = field(init=False)

    def __post_init__(self) -> None:
        transparent = self.ground is None
        self.image = Image.new("RGBA" if transparent else "RGB", self.size, rgb(self.ground or "#000000"))
        if transparent:
            self.image.putalpha(0)
        self.clip = (0, 0, *self.size)
        # Edges of large pictures are smooth enough with fewer samples, and take less memory.
        self._samples = 4 if max(self.size) <= 640 else 3 if max(self.size) <= 2048 else 2  # noqa: PLR2004
        self._noise: Image.Image | None = None

    def fill(self, polygons: Sequence[Polygon], colour: str, opacity: float = 1) -> None:
        """Lay shapes of one colour; where they overlap each other they count once."""
        if (box := self._around(polygons)) is not None:
            mask = self._mask(polygons, box)
            self._lay(colour, box, mask if opacity >= 1 else _levels(mask, lambda level: level * opacity))

    def grade(self, polygons: Sequence[Polygon], colour: str, start: Point, end: Point, strength: float = 1) -> None:
        """Shade shapes with grains of a colour: none at `start`, thickest at `end`, up to `strength` (0 to 1)."""
        if (box := self._around(polygons)) is not None:
            slope = _slope(box, start, end, strength)
            over = ImageChops.subtract(slope, self._whole_noise().crop(box))
            grains = _levels(over, lambda level: min(255, level * 16))
            self._lay(colour, box, ImageChops.multiply(grains, self._mask(polygons, box)))

    def shadow(self, polygons: Sequence[Polygon], blur: float, opacity: float) -> None:
        """A soft dark shadow of shapes."""
        if (box := self._around(polygons, margin=round(3 * blur))) is not None:
            mask = self._mask(polygons, box).filter(ImageFilter.GaussianBlur(blur))
            self._lay("#000000", box, _levels(mask, lambda level: level * opacity))

    def picture(self, image: Image.Image, polygon: Polygon) -> None:
        """Put a picture of RGBA mode, already of the right size, into a shape; its upper left is the shape's."""
        left, top = round(min(x for x, _ in polygon)), round(min(y for _, y in polygon))
        box = (left, top, left + image.width, top + image.height)
        mask = ImageChops.multiply(self._mask([polygon], box), image.getchannel("A"))
        self._compose(image.convert("RGB"), box, mask)

    def stamp(self, mask: Image.Image, at: tuple[int, int], colour: str) -> None:
        """Lay a colour through a ready mask, such as set type."""
        self._lay(colour, (*at, at[0] + mask.width, at[1] + mask.height), mask)

    def _around(self, polygons: Sequence[Polygon], margin: int = 0) -> Box | None:
        """The pixels that shapes may touch, within the clip; None when there are none."""
        xs = [x for polygon in polygons for x, _ in polygon]
        ys = [y for polygon in polygons for _, y in polygon]
        if not xs:
            return None
        left, top, right, bottom = self.clip
        box = (
            max(left, int(min(xs) // 1) - margin),
            max(top, int(min(ys) // 1) - margin),
            min(right, int(max(xs) // 1) + 2 + margin),
            min(bottom, int(max(ys) // 1) + 2 + margin),
        )
        return box if box[0] < box[2] and box[1] < box[3] else None

    def _mask(self, polygons: Sequence[Polygon], box: Box) -> Image.Image:
        samples = self._samples
        mask = Image.new("L", ((box[2] - box[0]) * samples, (box[3] - box[1]) * samples), 0)
        draw = ImageDraw.Draw(mask)
        for polygon in polygons:
            # Half a sample less: Pillow's polygons include the pixels on their edge.
            draw.polygon([((x - box[0]) * samples - 0.5, (y - box[1]) * samples - 0.5) for x, y in polygon], fill=255)
        return mask.reduce(samples)

    def _whole_noise(self) -> Image.Image:
        """Noise for the whole surface, so that shapes of one colour share their grains."""
        if self._noise is None:
            coarse = max(1, round(min(self.size) / _GRAIN_PER))
            piece = Image.frombytes("L", (_GRAIN, _GRAIN), seeded(self.grain).randbytes(_GRAIN * _GRAIN))
            if coarse > 1:  # smooth grains rather than square ones; smoothing takes contrast away, so give it back
                piece = resized(piece, (_GRAIN * coarse, _GRAIN * coarse), Image.Resampling.BICUBIC)
                piece = _levels(piece, lambda level: min(255, max(0, 127.5 + (level - 127.5) * 1.25)))
            self._noise = Image.new("L", self.size)
            for x in range(0, self.size[0], piece.width):
                for y in range(0, self.size[1], piece.height):
                    self._noise.paste(piece, (x, y))
        return self._noise

    def _lay(self, colour: str, box: Box, mask: Image.Image) -> None:
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
    """The picture, or what is in a box of it, in another size."""
    return image.resize(size, how, box)  # pyright: ignore[reportUnknownMemberType] - Pillow's types name NumPy's


def _levels(mask: Image.Image, change: Callable[[int], float]) -> Image.Image:
    """The mask with each grey level changed."""
    table = [round(change(level)) for level in range(256)]
    return mask.point(table)  # pyright: ignore[reportUnknownMemberType] - Pillow's types name NumPy's


def _slope(box: Box, start: Point, end: Point, strength: float) -> Image.Image:
    """Grey levels that rise from one point to the other, along whichever axis they lie further apart."""
    upright = abs(end[1] - start[1]) >= abs(end[0] - start[0])
    axis = 1 if upright else 0
    near, far, length = start[axis], end[axis], box[axis + 2] - box[axis]
    span = (far - near) or 1.0
    shares = (((box[axis] + step + 0.5) - near) / span for step in range(length))
    levels = bytes(round(255 * strength * min(1.0, max(0.0, share))) for share in shares)
    line = Image.frombytes("L", (1, length) if upright else (length, 1), levels)
    return resized(line, (box[2] - box[0], box[3] - box[1]), Image.Resampling.NEAREST)
