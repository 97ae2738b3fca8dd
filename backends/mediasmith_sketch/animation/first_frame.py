"""The picture that a video starts on, read from what was given and made small enough to be kept."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps

from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.files import Source
from mediasmith.plugin.probe import video_frames
from mediasmith_sketch.drawing.reference_pictures import load

MOST_BYTES = 400_000
"""Bytes of a picture that is kept, at most: it is part of its video's handle."""

_SIDE = 2560  # pixels of the longest side that are looked at
_CLOSER = 1.2  # the camera comes nearer, so there are more pixels than a frame has
_QUALITIES = (92, 84, 72, 60)


def read_picture(source: Source) -> Image.Image:
    """Return a picture, upright, in RGB; what is transparent becomes white. InvalidRequest for a broken file."""
    picture = load(source.open(), source.mime, source.name, _SIDE)
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, (0, 0), picture)
    return ground


def read_first_frame(source: Source) -> Image.Image:
    """Return the first picture of a video. InvalidRequest for a broken file."""
    try:
        with source.open() as file:
            return next(video_frames(file, source.mime, _SIDE))[1]
    except Exception as error:
        message = f"{source.name} is broken: no picture can be read from it as {source.mime}."
        raise InvalidRequest(message, billed="no") from error


def compressed(picture: Image.Image, size: tuple[int, int]) -> bytes:
    """Return the picture as a JPEG in the shape of a video of this size, cropped evenly."""
    scale = min(_CLOSER, picture.width / size[0], picture.height / size[1])
    fitted = ImageOps.fit(picture, (max(1, round(size[0] * scale)), max(1, round(size[1] * scale))))
    while True:
        for quality in _QUALITIES:
            file = BytesIO()
            fitted.save(file, "JPEG", quality=quality, subsampling=0)
            if file.tell() <= MOST_BYTES:
                return file.getvalue()
        fitted = fitted.reduce(2)
