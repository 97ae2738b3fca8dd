"""Real sound to answer with: a tone whose pitch follows from everything that was asked."""

from __future__ import annotations

import io
import math
import struct
from functools import lru_cache
from hashlib import shake_256
from typing import Any

RATE = 24_000
"""Samples a second; one channel, 16 bits each."""

SOUND_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
"""The MIME type of each format."""

_ENCODED = {"mp3": ("mp3", "libmp3lame"), "opus": ("ogg", "libopus"), "aac": ("adts", "aac"), "flac": ("flac", "flac")}
_UNKNOWN = 0xFFFFFFFF  # The length in the header of a WAV that was being made when its header was sent.
_PERIODS = range(40, 240)  # samples: 100 to 600 Hz


@lru_cache(maxsize=64)
def sound(seed: bytes, seconds: float, form: str) -> bytes:
    """A sound of this length. WAV is as a stream has it: its header says that its length is unknown."""
    samples = tone(seed, seconds)
    if form == "pcm":
        return samples
    return _header() + samples if form == "wav" else _encoded(samples, *_ENCODED[form])


def tone(seed: bytes, seconds: float) -> bytes:
    """The samples alone."""
    period = _PERIODS[int.from_bytes(shake_256(seed).digest(4), "big") % len(_PERIODS)]
    wave = [int(8000 * math.sin(math.tau * at / period)) for at in range(period)]
    count = int(seconds * RATE)
    return (struct.pack(f"<{period}h", *wave) * (count // period + 1))[: 2 * count]


def _header() -> bytes:
    form = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    parts = (b"RIFF", _UNKNOWN, b"WAVEfmt ", len(form), form, b"data", _UNKNOWN)
    return b"".join(struct.pack("<I", part) if isinstance(part, int) else part for part in parts)


def _encoded(samples: bytes, container: str, codec: str) -> bytes:
    import av  # noqa: PLC0415 - heavy: a provider that was not asked for sound starts without it

    file = io.BytesIO()
    opened: Any = av.open(file, "w", format=container)  # its types are only partly known
    with opened as output:
        sing(output, output.add_stream(codec, rate=RATE, layout="mono"), samples)
    return file.getvalue()


def sing(output: Any, stream: Any, samples: bytes) -> None:
    """Put samples into the sound of an opened file."""
    import av  # noqa: PLC0415 - heavy: a provider that was not asked for sound starts without it

    frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
    frame.sample_rate = RATE
    frame.planes[0].update(samples + bytes(frame.planes[0].buffer_size - len(samples)))
    context = stream.codec_context
    resampler = av.AudioResampler(context.format, context.layout, RATE, context.frame_size or None)
    for piece in (*resampler.resample(frame), *resampler.resample(None)):
        output.mux(stream.encode(piece))
    output.mux(stream.encode(None))
