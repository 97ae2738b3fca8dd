"""Check that a picture is whole: PNG by its checksums, JPEG and WebP by decoding them to their end."""

from __future__ import annotations

import io
import os
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from random import Random
from typing import BinaryIO

from mediasmith.config.settings import Settings
from mediasmith.plugin import pictures, png
from mediasmith.plugin.errors import InvalidRequest

_SMALL = 8
"""The part of the width and height in which a picture is decoded to see whether it is whole."""

_END = b"\xff\xd9"
"""The end mark of a JPEG."""

_NOISE = bytes(Random(1).choices(range(1, 255), k=4096))  # noqa: S311 - any bytes do, and no mark may be among them
_MOST_WITHOUT_END = 64_000_000  # bytes


@contextmanager
def damage_named(label: str, mime: str) -> Generator[None]:
    """Turn any error of reading a damaged picture into an `InvalidRequest` that calls it `label`."""
    try:
        yield
    except InvalidRequest:
        raise
    except Exception as error:
        message = f"{label} begins as {mime} but is damaged, truncated or too large to open."
        raise InvalidRequest(message, "Use an intact copy of the file, or another one.") from error


def check_picture(file: BinaryIO, mime: str, label: str, settings: Settings) -> tuple[int, int]:
    """Return width and height of a whole picture, as it is shown; blocking.

    Raises:
        InvalidRequest: it has too many pixels.
        Exception: it is damaged.
    """
    picture = pictures.open_image(file, mime)
    width, height = picture.size
    if width * height > settings.max_pixels:
        raise InvalidRequest(
            f"{label} is {width:,} x {height:,} pixels; at most {settings.max_pixels:,} in all are accepted."
        )
    shown = pictures.shown_size(picture)
    match mime:
        case "image/png":
            png.check_chunks(file)
        case "image/jpeg":
            _check_jpeg(file)
        case "image/webp":
            _decode(file, mime, _SMALL)
        case _:  # all other types are decoded when they are converted
            pass
    return shown


def _check_jpeg(file: BinaryIO) -> None:
    try:
        _decode(file, "image/jpeg", _SMALL)
    except OSError:
        if not _lacks_only_its_end(file):
            raise


def _lacks_only_its_end(file: BinaryIO) -> bool:
    """Return whether a JPEG that ends too early has its whole picture.

    With an end mark it can be decoded in any case. Noise before that mark changes the picture where data is missing.
    """
    if file.seek(0, os.SEEK_END) > _MOST_WITHOUT_END:
        return False
    file.seek(0)
    data = file.read().rstrip(_END[:1])  # what may be half a mark
    whole, noisy = (_decode(io.BytesIO(data + tail), "image/jpeg", 2) for tail in (_END, _NOISE + _END))
    return whole == noisy


def _decode(file: BinaryIO, mime: str, factor: int) -> bytes:
    """Decode a picture to its end, at one `factor`-th of its width and height, and return a digest of it."""
    picture = pictures.open_image(file, mime)
    with pictures.decoding(picture.size):
        return sha256(pictures.reduced(file, picture, mime, factor).tobytes()).digest()
