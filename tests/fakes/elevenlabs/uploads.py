"""Recordings and films that forms bring: they must be what their names and types say."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fakes.elevenlabs.errors import refusal
from loopback.faults import Fault, Problem
from loopback.forms import File

_MEGABYTE = 1_000_000
_RAW_RATE = 16_000  # samples a second of what is sent as pcm_s16le_16

_TYPES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "mp3": {"audio/mpeg": ("mp3",), "audio/mp3": ("mp3",)},
    "wav": {"audio/wav": ("wav",), "audio/x-wav": ("wav",)},
    "ogg": {"audio/ogg": ("ogg", "oga", "opus"), "audio/opus": ("opus",)},
    "flac": {"audio/flac": ("flac",), "audio/x-flac": ("flac",)},
    "aac": {"audio/aac": ("aac",)},
    "mov,mp4,m4a,3gp,3g2,mj2": {
        "audio/mp4": ("m4a", "mp4"),
        "audio/x-m4a": ("m4a",),
        "video/mp4": ("mp4", "m4v"),
        "video/quicktime": ("mov",),
    },
    "matroska,webm": {"audio/webm": ("webm",), "video/webm": ("webm",), "video/x-matroska": ("mkv",)},
}
"""What a file of each container may be called in a form: its type, and the extensions of its name."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What was sent: what holds it, its length in seconds, its pixels if it is a film, and the bytes."""

    container: str
    seconds: float
    size: tuple[int, int] | None
    data: bytes


def one(files: Sequence[File], field: str, *, megabytes: int) -> File:
    """The only file of a form, in this field and not larger; refuse anything else."""
    first, *more = several(files, field, megabytes=megabytes)
    if more:
        raise _fault("too_long", "Input should be one file", field)
    return first


def several(files: Sequence[File], field: str, *, megabytes: int) -> Sequence[File]:
    """The files of a form, all in this field, and none larger; refuse anything else."""
    if not files:
        raise _fault("missing", "Field required", field)
    for file in files:
        if file.field != field:
            raise _fault("extra_forbidden", "Extra inputs are not permitted", file)
        if len(file.body) > megabytes * _MEGABYTE:
            raise refusal(400, "upload_file_size_exceeded", f"The file {file.name} is larger than {megabytes} MB.")
    return files


def recording(file: File) -> Recording:
    """What can be heard or seen in a file; refuse what is no medium, or another than its name and type say."""
    heard = hear(file.body, file.name)
    extensions = _TYPES.get(heard.container, {}).get(file.mime, ())
    if file.name.rpartition(".")[2].lower() not in extensions:
        message = f"{heard.container} is not sent as {file.name} of the type {file.mime or 'none'}"
        raise _fault("value_error", message, file)
    return heard


@lru_cache(maxsize=4)
def hear(data: bytes, name: str) -> Recording:
    """What can be heard or seen in these bytes; refuse what is no medium."""
    import av  # noqa: PLC0415 - heavy: a provider that was sent nothing starts without it
    from av.error import FFmpegError  # noqa: PLC0415 - heavy: as above

    try:
        opened: Any = av.open(io.BytesIO(data), metadata_errors="ignore")  # its types are only partly known
        with opened as container:
            seconds, size = _length(container), _pixels(container)
            return Recording(container=container.format.name, seconds=seconds, size=size, data=data)
    except FFmpegError as error:
        raise refusal(400, "invalid_content", f"{name} is no audio or video that can be read.") from error


def raw(file: File) -> Recording:
    """A recording without a header: 16 bits, one channel."""
    samples, odd = divmod(len(file.body), 2)
    if odd or not samples:
        raise refusal(400, "invalid_content", "The audio is not 16-bit PCM.")
    return Recording(container="", seconds=samples / _RAW_RATE, size=None, data=file.body)


def _length(container: Any) -> float:
    """Seconds of sound; of a silent film, seconds of it."""
    if container.streams.audio:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return samples / stream.rate
    return (container.duration or 0) / 1_000_000


def _pixels(container: Any) -> tuple[int, int] | None:
    # The picture on the cover of a recording makes no film of it.
    films = [stream for stream in container.streams.video if "attached_pic" not in (stream.disposition.name or "")]
    return (films[0].width, films[0].height) if films else None


def _fault(code: str, message: str, file: File | str) -> Fault:
    field = file if isinstance(file, str) else file.field
    return Fault("body", Problem(place=(field,), code=code, message=message))
