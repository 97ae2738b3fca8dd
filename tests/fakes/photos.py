"""Small pictures as phones, cameras and programs write them."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

from PIL import Image

RED, BLUE = (200, 30, 30), (30, 30, 200)


def halves(size: tuple[int, int] = (64, 32)) -> Image.Image:
    """A picture that is red on the left and blue on the right."""
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (size[0] // 2, 0, *size))
    return picture


def encoded(picture: Image.Image, form: str = "PNG", *, orientation: int = 1, **options: Any) -> bytes:
    """The picture as a file; `orientation` is what EXIF says of how the camera was held."""
    if orientation != 1:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def of_several(first: Image.Image, *more: Image.Image) -> bytes:
    """A JPEG with further pictures behind it (MPO), as phones write it."""
    return encoded(first, "MPO", save_all=True, append_images=list(more))


def opened(data: bytes) -> Image.Image:
    """The picture in a file."""
    return Image.open(io.BytesIO(data))


def chunk(name: bytes, data: bytes, *, intact: bool = True) -> bytes:
    """A chunk of a PNG."""
    checksum = zlib.crc32(name + data) ^ (not intact)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)


def is_about(picture: Image.Image, place: tuple[float, float], colour: tuple[int, ...]) -> bool:
    """Whether a picture has about this colour in this place, given in parts of its width and height."""
    spot = int(place[0] * picture.width), int(place[1] * picture.height)
    found = picture.convert("RGB").crop((*spot, spot[0] + 1, spot[1] + 1)).tobytes()
    return max(abs(a - b) for a, b in zip(found, colour, strict=True)) < 24


HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAA"
    "AAAERAAAEAAQAAAAABoQABAAAAAAAAAGEAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAA"
    "AADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkA"
    "AAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAA"
    "AAAoY2xhcAAAAEAAAAABAAAAIAAAAAEAAAAAAAAAAv///+AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAAG"
    "ltZGF0AAAAXSgBrxOA9SeBP//gpUf/utZ4fg8NMT/+88Yj+gax/+L1d24DHYsoDCeJRFN4ju5YyxTWGlKz3AqVo6vSar2TaFL+E2j/4CPCeB8g"
    "Q94nsb48Udt6v1rvqjKULjKHbg=="
)
"""The picture of `halves` as an iPhone writes it."""
