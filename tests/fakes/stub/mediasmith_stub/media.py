"""Real files to answer with: their content follows from everything that was asked."""

from __future__ import annotations

import io
import math
import wave
from functools import lru_cache
from hashlib import shake_256
from typing import Any

from loopback.pictures import large_picture

__all__ = ["SPOKEN", "film", "large_picture", "picture", "pixels", "speech"]

_BLOCKS = 8
_RATIOS = {"1:1": (256, 256), "16:9": (320, 180), "9:16": (180, 320)}
_RATE = 8000

SPOKEN = {"wav": "audio/wav", "mp3": "audio/mpeg"}
"""The MIME type of each format of speech."""


def pixels(size: str, ratio: str) -> tuple[int, int]:
    """Width and height of a picture of this size, or of this ratio when no size was given."""
    if not size:
        return _RATIOS[ratio or "1:1"]
    width, _, height = size.partition("x")
    return int(width), int(height)


@lru_cache(maxsize=64)
def picture(seed: bytes, size: tuple[int, int], form: str) -> bytes:
    """A PNG or JPEG of coloured blocks that differ for every seed."""
    from PIL import Image  # noqa: PLC0415 - heavy: a provider that draws nothing starts without it

    file = io.BytesIO()
    Image.frombytes("RGB", size, _blocks(seed, *size)).save(file, form)
    return file.getvalue()


def _blocks(seed: bytes, width: int, height: int) -> bytes:
    colours = shake_256(seed).digest(_BLOCKS * _BLOCKS * 3)
    cells = [colours[at : at + 3] for at in range(0, len(colours), 3)]
    rows = [cells[at : at + _BLOCKS] for at in range(0, len(cells), _BLOCKS)]
    lines = [b"".join(row[x * _BLOCKS // width] for x in range(width)) for row in rows]
    return b"".join(lines[y * _BLOCKS // height] for y in range(height))


@lru_cache
def film(length: int) -> bytes:
    """A second of MP4 video, and the head of a box that players pass over. Zeros that follow bring it to its length."""
    import av  # noqa: PLC0415 - heavy: see above

    file = io.BytesIO()
    opened: Any = av.open(file, "w", format="mp4")  # its types are only partly known
    with opened as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([20 * number]) * plane.buffer_size)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue() + (length - file.tell()).to_bytes(4, "big") + b"free"


def speech(seed: bytes, seconds: float, form: str) -> bytes:
    """A tone in WAV whose pitch follows from the seed, or silence in MP3 whose title does."""
    return _mp3(seed, seconds) if form == "mp3" else _wav(seed, seconds)


def _wav(seed: bytes, seconds: float) -> bytes:
    pitch = 100 + int.from_bytes(shake_256(seed).digest(4), "big") / 2**32 * 900
    tone = (8000 * math.sin(math.tau * pitch * at / _RATE) for at in range(int(seconds * _RATE)))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, _RATE, 0, "NONE", ""))
        writer.writeframes(b"".join(int(value).to_bytes(2, "little", signed=True) for value in tone))
    return file.getvalue()


def _mp3(seed: bytes, seconds: float) -> bytes:
    title = b"\0" + shake_256(seed).hexdigest(16).encode()
    frame = b"TIT2" + len(title).to_bytes(4, "big") + b"\0\0" + title
    tag = b"ID3\x03\0\0" + len(frame).to_bytes(4, "big") + frame
    silence = b"\xff\xfb\x90\xc4" + bytes(413)  # One MPEG-1 layer III frame: 128 kbit/s, 44.1 kHz, mono, 26 ms.
    return tag + silence * math.ceil(seconds / 0.026)
