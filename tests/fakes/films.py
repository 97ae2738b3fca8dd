"""Small films and recordings of every type that is looked into."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Any, cast

import av
from PIL import Image

_av = cast("Any", av)  # PyAV's own types leave too much unsaid

VIDEO_MIMES = {"video/mp4": ("mp4", "libx264"), "video/quicktime": ("mov", "libx264"), "video/webm": ("webm", "libvpx")}
"""Container and codec of each type of film."""

SOUNDS = {
    "audio/mpeg": ("mp3", "libmp3lame"),
    "audio/ogg": ("ogg", "libopus"),
    "audio/flac": ("flac", "flac"),
    "audio/aac": ("adts", "aac"),
    "audio/mp4": ("ipod", "aac"),
}
"""Container and codec of each type of sound."""


def film(
    pictures: Sequence[Image.Image], mime: str = "video/mp4", *, rate: int = 24, turned: int = 0, streamed: bool = False
) -> bytes:
    """A film of these pictures, all of one size.

    Players are to turn it left by `turned` degrees. One that was `streamed` does not know how long it is.
    """
    form, codec = VIDEO_MIMES.get(mime, ("matroska", "libx264"))
    file = io.BytesIO()
    with _av.open(file, "w", format=form, options={"live": "1"} if streamed else {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height = pictures[0].size
        stream.pix_fmt = "yuv420p"
        if turned:
            stream.set_display_rotation(turned)
        for picture in pictures:
            container.mux(stream.encode(_av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return file.getvalue()


def sound(mime: str, seconds: float, *, form: str = "", rate: int = 48_000) -> bytes:
    """Silence, and then noise, so that the first bytes say nothing of the length. `form` is an unusual container."""
    usual, codec = SOUNDS[mime]
    return recording(form or usual, codec, seconds=seconds, rate=rate)


def recording(
    form: str, codec: str, *, seconds: float = 0.1, rate: int = 48_000, options: Mapping[str, str] = {}
) -> bytes:
    """The same in any container and codec."""
    file = io.BytesIO()
    with _av.open(file, "w", format=form, options=dict(options)) as container:
        stream = container.add_stream(codec, rate=rate)
        resampler = _av.AudioResampler(format=stream.format.name, layout=stream.layout.name, rate=rate)
        whole = _av.AudioFrame(format="s16", layout="mono", samples=round(seconds * rate))
        room = whole.planes[0].buffer_size
        whole.planes[0].update(bytes(room // 2) + Random(1).randbytes(room - room // 2))
        whole.sample_rate, whole.pts, whole.time_base = rate, 0, Fraction(1, rate)
        fifo = _av.AudioFifo()
        for frame in resampler.resample(whole):
            fifo.write(frame)
        while frame := fifo.read(stream.codec_context.frame_size or 1024, partial=True):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()
