"""Real sound in every format: a tone for each voice, and a faint one above it that follows from all that was asked."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping
from functools import lru_cache
from hashlib import shake_256
from typing import Any, NamedTuple

from fakes.elevenlabs.formats import Coding

_LOOPS = 10  # a second: every tone is so high that it fits into each
_LOUD, _FAINT = 8000, 1000
_ABOVE, _CHOICES = 1500, 150  # Hz, and how many tones a loop apart there are from there on
_CONTAINERS: Mapping[str, tuple[str, str]] = {
    "mp3": ("mp3", "libmp3lame"),
    "wav": ("wav", "pcm_s16le"),
    "pcm": ("s16le", "pcm_s16le"),
    "ulaw": ("mulaw", "pcm_mulaw"),
    "alaw": ("alaw", "pcm_alaw"),
    "opus": ("ogg", "libopus"),
}


class Note(NamedTuple):
    """A tone: how high, and for how many seconds."""

    hertz: int
    seconds: float


@lru_cache(maxsize=32)
def sounding(notes: tuple[Note, ...], seed: bytes, form: str, channels: int = 1) -> bytes:
    """These tones one after the other, in this format. MP3 has a tag and a frame that says how long it is."""
    import av  # noqa: PLC0415 - heavy: a provider that was not asked for sound starts without it

    coding = Coding.of(form)
    container, codec = _CONTAINERS[coding.codec]
    layout = "mono" if channels == 1 else "stereo"
    file = io.BytesIO()
    opened: Any = av.open(file, "w", format=container)  # its types are only partly known
    with opened as output:
        stream = output.add_stream(codec, rate=coding.rate, layout=layout)
        if coding.bits:
            stream.bit_rate = coding.bits
        frame = _frame(samples(notes, seed, coding.rate), coding.rate)
        context = stream.codec_context
        resampler = av.AudioResampler(context.format, context.layout, coding.rate, context.frame_size or None)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return file.getvalue()


def samples(notes: tuple[Note, ...], seed: bytes, rate: int) -> bytes:
    """The samples alone, 16 bits each, of one channel."""
    choice = int.from_bytes(shake_256(seed).digest(4), "big") % _CHOICES
    return b"".join(_tone(note, _ABOVE + _LOOPS * choice, rate) for note in notes)


def _tone(note: Note, above: int, rate: int) -> bytes:
    length = rate // _LOOPS
    turns = [math.tau * at / rate for at in range(length)]
    wave = [int(_LOUD * math.sin(note.hertz * turn) + _FAINT * math.sin(above * turn)) for turn in turns]
    count = int(note.seconds * rate)
    return (struct.pack(f"<{length}h", *wave) * (count // length + 1))[: 2 * count]


def _frame(data: bytes, rate: int) -> Any:
    import av  # noqa: PLC0415 - heavy: a provider that was not asked for sound starts without it

    frame = av.AudioFrame(format="s16", layout="mono", samples=len(data) // 2)
    frame.sample_rate = rate
    frame.planes[0].update(data + bytes(frame.planes[0].buffer_size - len(data)))
    return frame
