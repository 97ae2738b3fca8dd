"""Look into media files: open images, read video frames, measure dimensions and durations.

Pillow and PyAV are imported when a file is first looked into.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, cast

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile


_READERS: Mapping[str, tuple[str, str]] = {
    "image/png": ("PIL.PngImagePlugin", "PngImageFile"),
    "image/jpeg": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "image/webp": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "image/gif": ("PIL.GifImagePlugin", "GifImageFile"),
}


IMAGE_MIMES = tuple(_READERS)
"""The types that `open_picture` opens."""


_DEMUXERS: Mapping[str, str] = {
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/aac": "aac",
    "audio/mp4": "mp4",
}


VIDEO_MIMES = tuple(mime for mime in _DEMUXERS if mime.startswith("video/"))
"""The types that `frames` reads."""


_WAV_HEADER = 44  # bytes before the sound in the usual form


def open_image(file: BinaryIO, mime: str) -> ImageFile:
    """A still picture, opened with Pillow as the type it was sniffed to be; only its header is read. Blocking.

    Its size is not limited: check it before loading the pixels. ValueError for a type that Pillow is not used for;
    broken files raise what Pillow raises, SyntaxError and others.
    """
    if mime not in _READERS:
        raise ValueError(f"{mime or 'An unknown type'} is not a picture that can be opened.")
    module, reader = _READERS[mime]
    return getattr(importlib.import_module(module), reader)(file)


def video_frames(file: BinaryIO, mime: str, side: int) -> Iterator[tuple[float, Image]]:
    """The pictures of a film from its start, each with the second that it is shown at. Blocking.

    They are upright, in RGB, and have at most `side` pixels on each side. KeyError for a type that is no film; broken
    files raise what PyAV raises, sooner or later.
    """
    with _demuxed(file, mime) as container:
        for frame in container.decode(container.streams.video[0]):
            scale = min(1.0, side / max(frame.width, frame.height))
            width, height = (max(1, round(length * scale)) for length in (frame.width, frame.height))
            picture: Image = cast("Any", frame).to_image(width=width, height=height)  # PyAV does not say so
            yield frame.time or 0.0, _upright(picture, frame)


def _demuxed(file: BinaryIO, mime: str) -> InputContainer:
    """The streams of a file, read from its start as what it was sniffed to be: other formats may name other files."""
    import av  # noqa: PLC0415 - heavy: PyAV

    file.seek(0)
    return av.open(file, "r", format=_DEMUXERS[mime], metadata_errors="ignore")


def _upright(picture: Image, frame: VideoFrame) -> Image:
    from PIL.Image import Transpose  # noqa: PLC0415 - heavy: Pillow

    turns = {90: Transpose.ROTATE_90, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_270}
    turn = turns.get(frame.rotation % 360)
    return picture if turn is None else picture.transpose(turn)


def dimensions(file: BinaryIO, mime: str) -> tuple[int, int] | None:
    """Width and height in pixels by the header of a picture or a film, as it is shown.

    None for other types and broken files. Blocking.
    """
    try:
        return _film_size(file, mime) if mime in VIDEO_MIMES else open_image(file, mime).size
    except Exception:  # noqa: BLE001 - a broken file may raise anything
        return None


def _film_size(file: BinaryIO, mime: str) -> tuple[int, int] | None:
    with _demuxed(file, mime) as container:
        film = container.streams.video[0]
        width, height = film.width, film.height
        with suppress(Exception):  # what cannot be decoded has its size all the same
            if next(container.decode(film)).rotation % 180:
                width, height = height, width
    return (width, height) if width and height else None


def duration(file: BinaryIO, mime: str) -> float | None:
    """Seconds that sound or a film plays; None for other types and broken files. Blocking."""
    try:
        if mime == "audio/wav":
            return _wav_duration(file)
        return _played(file, mime) if mime in _DEMUXERS else None
    except Exception:  # noqa: BLE001 - a broken file may raise anything
        return None


def _wav_duration(file: BinaryIO) -> float | None:
    import os  # noqa: PLC0415 - late: few calls need it
    import wave  # noqa: PLC0415 - late: few calls need it

    try:
        with wave.open(file, "rb") as reader:
            # The header of a stream may claim no length or any, so the file's own counts too.
            data = file.seek(0, os.SEEK_END) - _WAV_HEADER
            there = data // (reader.getnchannels() * reader.getsampwidth())
            return round(min(reader.getnframes() or there, there) / reader.getframerate(), 3)
    except wave.Error:  # its samples are coded
        file.seek(0)
        return _played(file, "audio/wav")


def _played(file: BinaryIO, mime: str) -> float | None:
    with _demuxed(file, mime) as container:
        # Bare AAC says nothing of its length, which is only guessed; a stream may not know its own.
        known = None if mime == "audio/aac" else container.duration
        seconds = known / 1_000_000 if known else _counted(container)
    return round(seconds, 3) if seconds > 0 else None


def _counted(container: InputContainer) -> float:
    """Seconds from the start to the end of the packet that ends last."""
    ends = (
        float((packet.pts + (packet.duration or 0)) * packet.time_base)
        for packet in container.demux()
        if packet.pts is not None
    )
    return max(ends, default=0.0) - (container.start_time or 0) / 1_000_000
