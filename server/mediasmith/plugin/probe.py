"""Look into media files: read video frames, measure dimensions and durations. All of it blocks.

Pillow and PyAV are imported on first use.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from mediasmith.plugin import pictures

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from PIL.Image import Image

_DEMUXERS: Mapping[str, str] = {
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/quicktime": "mov",
    "video/x-matroska": "matroska",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/aac": "aac",
    "audio/mp4": "mp4",
    "audio/webm": "webm",
    "audio/x-matroska": "matroska",
    "audio/aiff": "aiff",
    "audio/x-caf": "caf",
    "audio/amr": "amr",
}

VIDEO_MIMES = tuple(mime for mime in _DEMUXERS if mime.startswith("video/"))
"""The types that `video_frames` reads."""

AUDIO_MIMES = tuple(mime for mime in _DEMUXERS if mime.startswith("audio/"))
"""The types that `audio_samples` reads."""

_TAIL = 65_536  # bytes at the end of a file in which its end mark is looked for
_WAV_HEADER = 44  # bytes before the samples, as a rule


def video_frames(file: BinaryIO, mime: str, side: int) -> Iterator[tuple[float, Image]]:
    """Yield the frames of a video from its start, each with the second at which it is shown.

    They are upright, in RGB, and scaled down to at most `side` pixels on each side.

    Raises:
        KeyError: the type is none of `VIDEO_MIMES`.
        Exception: the file is broken; PyAV raises FFmpegError and others, at any frame.
    """
    with _open(file, mime) as container:
        for frame in container.decode(container.streams.video[0]):
            scale = min(1.0, side / max(frame.width, frame.height))
            width, height = (max(1, round(length * scale)) for length in (frame.width, frame.height))
            image: Image = cast("Any", frame).to_image(width=width, height=height)  # PyAV gives it no type
            yield frame.time or 0.0, _upright(image, frame)


def audio_samples(file: BinaryIO, mime: str, rate: int) -> Iterator[bytes]:
    """Yield the sound of a file in pieces, as 16-bit samples of one channel at this rate, in the machine's byte order.

    Raises:
        KeyError: the type is not known.
        Exception: as `video_frames`.
    """
    with _open(file, mime) as container:
        from av.audio.resampler import AudioResampler  # noqa: PLC0415 - heavy: PyAV

        resampler = AudioResampler(format="s16", layout="mono", rate=rate)
        for frame in chain(container.decode(container.streams.audio[0]), [None]):
            for piece in resampler.resample(frame):
                yield bytes(piece.planes[0])[: piece.samples * 2]


def _open(file: BinaryIO, mime: str) -> InputContainer:
    """Open a file from its start as this type only: some other formats would open further files that they name."""
    import av  # noqa: PLC0415 - heavy: PyAV

    file.seek(0)
    return av.open(file, "r", format=_DEMUXERS[mime], metadata_errors="ignore")


def _upright(image: Image, frame: VideoFrame) -> Image:
    from PIL.Image import Transpose  # noqa: PLC0415 - heavy: Pillow

    turns = {90: Transpose.ROTATE_90, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_270}
    turn = turns.get(frame.rotation % 360)
    return image if turn is None else image.transpose(turn)


def dimensions(file: BinaryIO, mime: str) -> tuple[int, int] | None:
    """Return width and height in pixels of an image or a video as it is shown, or None if they are unknown.

    Only the header of an image is read.
    """
    try:
        if mime in VIDEO_MIMES:
            return _video_dimensions(file, mime)
        return pictures.shown_size(pictures.open_image(file, mime))
    except Exception:  # noqa: BLE001 - a broken file may raise anything
        return None


def ends_early(file: BinaryIO, mime: str) -> bool:
    """Return whether a PNG, JPEG, WebP or GIF lacks its end, so that parts of it are missing; nothing is decoded."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    match mime:
        case "image/png":
            return b"IEND" not in tail
        case "image/jpeg":
            return b"\xff\xd9" not in tail
        case "image/gif":
            return not tail.rstrip(b"\0").endswith(b";")
        case "image/webp":
            file.seek(4)
            return size < int.from_bytes(file.read(4), "little") + 8  # bytes before those that it counts
        case _:
            return False


def _video_dimensions(file: BinaryIO, mime: str) -> tuple[int, int] | None:
    with _open(file, mime) as container:
        video = container.streams.video[0]
        width, height = video.width, video.height
        with suppress(Exception):  # a video that cannot be decoded has its dimensions all the same
            if next(container.decode(video)).rotation % 180:
                width, height = height, width
    return (width, height) if width and height else None


def duration(file: BinaryIO, mime: str) -> float | None:
    """Return how many seconds audio or a video plays, or None if that is unknown."""
    try:
        if mime == "audio/wav":
            return _wav_duration(file)
        return _container_duration(file, mime) if mime in _DEMUXERS else None
    except Exception:  # noqa: BLE001 - a broken file may raise anything
        return None


def _wav_duration(file: BinaryIO) -> float | None:
    import os  # noqa: PLC0415 - late: few calls need it
    import wave  # noqa: PLC0415 - late: few calls need it

    try:
        with wave.open(file, "rb") as reader:
            # The header of a streamed file may claim any length, so the size of the file counts as well.
            data = file.seek(0, os.SEEK_END) - _WAV_HEADER
            frames = data // (reader.getnchannels() * reader.getsampwidth())
            return round(min(reader.getnframes() or frames, frames) / reader.getframerate(), 3)
    except wave.Error:  # its samples are compressed
        file.seek(0)
        return _container_duration(file, "audio/wav")


def _container_duration(file: BinaryIO, mime: str) -> float | None:
    with _open(file, mime) as container:
        # Bare AAC has no header, so its duration would be a guess; a streamed file may not state one.
        known = None if mime == "audio/aac" else container.duration
        seconds = known / 1_000_000 if known else _last_end(container)
    return round(seconds, 3) if seconds > 0 else None


def _last_end(container: InputContainer) -> float:
    """Return the seconds from the start to the end of the packet that ends last."""
    ends = (
        float((packet.pts + (packet.duration or 0)) * packet.time_base)
        for packet in container.demux()
        if packet.pts is not None
    )
    return max(ends, default=0.0) - (container.start_time or 0) / 1_000_000
