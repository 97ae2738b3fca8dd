"""Sound as a file: MP3, WAV or Ogg Opus. Blocking: call it in a worker thread."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from mediasmith_sketch.voice.espeak import Sound

Format: TypeAlias = Literal["mp3", "wav", "ogg"]
"""The types of file that can be written."""

MIMES: Mapping[Format, str] = {"mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg"}
"""Their MIME types."""

_LEAD = 0.05  # seconds of silence before the first sound, which some players swallow
_FADE = 0.005  # seconds over which a sound fades in that begins at full level, so that there is no click

# Codec, sample rate in hertz (None: the sound's own), bits per second and options, which are for a short wait:
# several times as fast as their best, with no difference to be heard in such a voice.
_CODECS: Mapping[Format, tuple[str, int | None, int | None, Mapping[str, str]]] = {
    "mp3": ("libmp3lame", None, 64_000, {"compression_level": "7"}),
    "wav": ("pcm_s16le", None, None, {}),
    "ogg": ("libopus", 48_000, 32_000, {"compression_level": "5", "vbr": "constrained"}),
}


def soften(sound: Sound) -> None:
    """Fade a sound in, after a moment of silence. Its end is soft already."""
    with memoryview(sound.pcm).cast("h") as samples:
        length = min(round(_FADE * sound.rate), len(samples))
        for step in range(length):
            samples[step] = samples[step] * step // length
    sound.pcm[:0] = bytes(2 * round(_LEAD * sound.rate))


def encode(pieces: Iterable[bytes | bytearray], rate: int, form: Format) -> bytes:
    """Return one channel of 16-bit samples, given in pieces, as a file. The same sound gives the same bytes.

    `rate` is in hertz; if the codec wants another one, the sound is resampled.
    """
    import av  # noqa: PLC0415 - heavy: PyAV

    codec, own_rate, bits, options = _CODECS[form]
    file = io.BytesIO()
    # Without this flag an Ogg stream has a random number.
    opened: Any = av.open(file, "w", format=form, container_options={"fflags": "+bitexact"})  # only partly typed
    with opened as output:
        stream = output.add_stream(codec, own_rate or rate, dict(options), layout="mono")
        if bits:
            stream.bit_rate = bits
        begin = 0
        for samples in _by_the_second(pieces, rate):
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
            frame.planes[0].update(samples)
            frame.sample_rate, frame.pts = rate, begin
            begin += frame.samples
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def _by_the_second(pieces: Iterable[bytes | bytearray], rate: int) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), 2 * rate):
            yield bytes(piece[start : start + 2 * rate])
