"""Real videos to answer with: their colours follow from everything that was asked."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256, shake_256
from typing import Any

from loopback.sounds import RATE, sing, tone

_FRAMES_A_SECOND = 1
_QUICK = {"preset": "ultrafast", "tune": "stillimage"}


@lru_cache(maxsize=16)
def film(seed: bytes, size: tuple[int, int], seconds: int, *, audio: bool = False) -> bytes:
    """An MP4 in H.264 of this size and length, one frame a second; with `audio` a tone in AAC."""
    import av  # noqa: PLC0415 - heavy: a provider that was not asked for a video starts without it

    file = io.BytesIO()
    opened: Any = av.open(file, "w", format="mp4")  # its types are only partly known
    with opened as output:
        stream = output.add_stream("libx264", rate=_FRAMES_A_SECOND, options=_QUICK)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        sound = output.add_stream("aac", rate=RATE, layout="mono") if audio else None
        levels = shake_256(seed).digest(3 * seconds * _FRAMES_A_SECOND)
        for number in range(seconds * _FRAMES_A_SECOND):
            frame = av.VideoFrame(*size, "yuv420p")
            for plane, level in zip(frame.planes, levels[3 * number :], strict=False):
                plane.update(bytes([level]) * plane.buffer_size)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if sound:
            sing(output, sound, tone(seed, seconds))
    return file.getvalue()


@dataclass(frozen=True, kw_only=True)
class Clip:
    """What a video is: its size as WIDTHxHEIGHT, its length, and what its content follows from."""

    size: str
    seconds: int
    seed: bytes = b""


def clip(data: bytes) -> Clip | None:
    """What the video in a file is, or None when there is none."""
    import av  # noqa: PLC0415 - heavy: a provider that was not asked for a video starts without it

    try:
        opened: Any = av.open(io.BytesIO(data))  # its types are only partly known
    except (OSError, ValueError):
        return None
    with opened:
        if not opened.streams.video:
            return None
        video = opened.streams.video[0]
        seconds = round(opened.duration / 1_000_000)
        return Clip(size=f"{video.width}x{video.height}", seconds=seconds, seed=sha256(data).digest())
