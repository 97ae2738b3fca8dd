"""Open still pictures, turn them upright, and read them at a smaller size in little memory. All of it blocks.

Pillow, PyAV and pillow-heif are imported on first use.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from mediasmith.plugin import png

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_READERS: Mapping[str, tuple[str, str]] = {
    "image/png": ("PIL.PngImagePlugin", "PngImageFile"),
    "image/jpeg": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "image/webp": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "image/gif": ("PIL.GifImagePlugin", "GifImageFile"),
    "image/avif": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "image/heic": ("pillow_heif", "HeifImageFile"),
    "image/tiff": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "image/bmp": ("PIL.BmpImagePlugin", "BmpImageFile"),
}

IMAGE_MIMES = tuple(_READERS)
"""The types that can be opened: HEIC where pillow-heif is installed, AVIF where Pillow was built with it."""

_LARGE = 4_000_000
"""Pixels of a picture that is not decoded together with another one: it takes up to 16 bytes for each."""

_BANDED = 12_000_000
"""Pixels of a picture that is decoded in parts, or by other means, where that takes less memory."""

_LARGEST: Mapping[str, int] = {
    "image/webp": 72_000_000,
    "image/heic": 50_000_000,  # as phones make them
    **dict.fromkeys(("image/avif", "image/tiff", "image/bmp"), 32_000_000),
}
"""Pixels of the largest picture of a type that can only be decoded as a whole, in four to ten bytes for each."""

_MOST_SAMPLES = 150_000_000
"""Samples of the largest progressive JPEG: all of them are in memory, two bytes each, however small it is decoded."""

_BAND_PIXELS = 2_000_000
_ORIENTATION = 0x0112  # the EXIF tag
_SUBFILE, _IS_REDUCED = 254, 1  # the TIFF tag of a picture's purpose, and its bit for a smaller version of another
_SIDEWAYS = 5  # the lowest orientation that exchanges width and height

_one_at_a_time = Lock()


def can_open(mime: str) -> bool:
    """Return whether pictures of this type can be opened here."""
    if mime == "image/heic":
        return importlib.util.find_spec("pillow_heif") is not None
    if mime == "image/avif":
        from PIL import features  # noqa: PLC0415 - heavy: Pillow

        return features.check("avif") is True  # it can be built without
    return mime in _READERS


def open_image(file: BinaryIO, mime: str) -> ImageFile:
    """Return a still image, opened as this type; only its header is read.

    Its size is not limited: check it before the pixels are loaded.

    Raises:
        ValueError: this type cannot be opened.
        Exception: the file is broken; Pillow raises SyntaxError and others.
    """
    if not can_open(mime):
        raise ValueError(f"{mime or 'This type'} is not an image that can be opened.")
    module, reader = _READERS[mime]
    file.seek(0)
    picture = getattr(importlib.import_module(module), reader)(png.essential(file) if mime == "image/png" else file)
    if mime == "image/tiff" and picture.tag_v2.get(_SUBFILE, 0) & _IS_REDUCED:
        raise ValueError("This is the raw picture of a camera.")
    return picture


def orientation(picture: ImageFile) -> int:
    """Return how an opened image is to be turned: its EXIF orientation from 1, upright, to 8."""
    if picture.format == "TIFF":
        return 1  # Pillow turns it when it is decoded, and its size is that of the upright picture
    if "exif" not in picture.info and picture.format == "PNG":
        return 1  # Pillow would decode the whole picture to look for it
    try:
        found = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - EXIF data may be broken in any way
        return 1
    return found if found in range(1, 9) else 1


def shown_size(picture: ImageFile) -> tuple[int, int]:
    """Return width and height of an opened image as it is shown."""
    width, height = picture.size
    return (height, width) if orientation(picture) >= _SIDEWAYS else (width, height)


def turned(image: Image, turn: int) -> Image:
    """Return the image as this EXIF orientation shows it."""
    from PIL.Image import Transpose  # noqa: PLC0415 - heavy: Pillow

    if turn == 1:
        return image
    turns = (
        *(Transpose.FLIP_LEFT_RIGHT, Transpose.ROTATE_180, Transpose.FLIP_TOP_BOTTOM),
        *(Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90),
    )
    return image.transpose(turns[turn - 2])


def small_image(file: BinaryIO, mime: str, side: int) -> Image:
    """Return an image upright, in RGB or RGBA, and at most `side` pixels long on each side, in little memory.

    Raises:
        ValueError: this type cannot be opened, or the image is too large to be decoded.
        Exception: the file is broken.
    """
    with decoding(open_image(file, mime).size):
        return _small_image(file, mime, side)


def _small_image(file: BinaryIO, mime: str, side: int) -> Image:
    picture = open_image(file, mime)
    turn = orientation(picture)
    small = to_rgb(reduced(file, picture, mime, max(1, max(picture.size) // side)))
    small.thumbnail((side, side), reducing_gap=1.0)
    return turned(small, turn)


@contextmanager
def decoding(size: tuple[int, int]) -> Generator[None]:
    """Wait until no other large image is decoded, if one of this size is large."""
    with _one_at_a_time if math.prod(size) > _LARGE else nullcontext():
        yield


def reduced(file: BinaryIO, picture: ImageFile, mime: str, factor: int) -> Image:
    """Return the first picture of an opened image, not yet turned, at one `factor`-th of its width and height.

    A factor of 1 returns the image itself, decoded, in its own mode. Call it within `decoding`.

    Raises:
        ValueError: the image is too large to be decoded.
        Exception: the file is broken.
    """
    pixels = math.prod(picture.size)
    if pixels > _LARGEST.get(mime, pixels) or (mime == "image/jpeg" and _samples(picture) > _MOST_SAMPLES):
        raise ValueError(f"{pixels:,} pixels are more than can be decoded")
    if mime == "image/webp" and pixels > _BANDED and factor > 1:
        return _scaled(file, "webp_pipe", (max(1, picture.width // factor), max(1, picture.height // factor)))
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    if mime == "image/jpeg":  # it can be decoded at a half, a quarter or an eighth of its size
        width = picture.width
        picture.draft(None, (max(1, picture.width // factor), max(1, picture.height // factor)))
        factor //= -(-width // picture.width)
    if factor <= 1:
        picture.load()
        return picture
    return _joined(_bands(file, picture, mime, factor), picture.size, mode, factor)


def _samples(picture: Any) -> int:
    """Return how many samples a progressive JPEG holds for all its components; 0 for any other."""
    if not picture.info.get("progressive"):
        return 0
    shares = [across * down for _, across, down, _ in picture.layer]
    return math.prod(picture.size) * sum(shares) // max(shares)


def _bands(file: BinaryIO, picture: ImageFile, mime: str, factor: int) -> Iterator[Image]:
    """Yield the picture from top to bottom in parts whose heights are multiples of the factor."""
    width, height = picture.size
    rows = factor * max(1, _BAND_PIXELS // (width * factor))
    if mime == "image/png" and width * height > _BANDED and png.can_read_bands(picture):
        yield from png.bands(file, picture, rows)
        return
    picture.load()
    if rows >= height:
        yield picture
        return
    for top in range(0, height, rows):
        yield picture.crop((0, top, width, min(top + rows, height)))


def _joined(parts: Iterator[Image], size: tuple[int, int], mode: str, factor: int) -> Image:
    """Return the parts, each reduced, as one image."""
    from PIL import Image  # noqa: PLC0415 - heavy: Pillow

    whole = Image.new(mode, (-(-size[0] // factor), -(-size[1] // factor)))
    top = 0
    for part in parts:
        plain = _from_grey_16(part)
        small = (plain if plain.mode == mode else plain.convert(mode)).reduce(factor)
        whole.paste(small, (0, top))
        top += small.height
    return whole


def _scaled(file: BinaryIO, demuxer: str, size: tuple[int, int]) -> Image:
    """Return the picture in this size, decoded by FFmpeg, which takes a quarter of the memory that Pillow takes."""
    import av  # noqa: PLC0415 - heavy: PyAV
    from PIL import Image  # noqa: PLC0415 - heavy: Pillow

    file.seek(0)
    with av.open(file, "r", format=demuxer) as container:
        frame = next(container.decode(container.streams.video[0]))
        small = cast("Any", frame).reformat(width=size[0], height=size[1], format="rgba")  # PyAV gives it no type
    del frame  # it is as large as the rest together
    plane = small.planes[0]  # of which no copy is made, either
    return to_rgb(Image.frombuffer("RGBA", size, cast("Any", memoryview(plane)), "raw", "RGBA", plane.line_size, 1))


def to_rgb(image: Image) -> Image:
    """Return an image as RGBA if parts of it are transparent, else as RGB."""
    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            return image
    image = _from_grey_16(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_grey_16(image: Image) -> Image:
    """Return an image of 16-bit grey with eight bits; Pillow alone would cut its values off at 255."""
    if image.mode not in {"I;16", "I;16B"}:
        return image
    if image.mode == "I;16B":
        image = image.convert("I").convert("I;16")
    return image.point(lambda value: value * (1 / 256)).convert("L")
