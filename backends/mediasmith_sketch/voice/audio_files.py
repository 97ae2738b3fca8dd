"""Sound as a file: MP3, WAV or Ogg Opus. Blocking: call it in a worker thread."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mediasmith_sketch.voice.espeak import Sound

if TYPE_CHECKING:
    from av import AudioFrame

Format: TypeAlias = Literal["mp3", "wav", "ogg"]
"""The types of file that can be made."""

MIMES: Mapping[Format, str] = {"mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg"}
"""Their MIME types."""

_LEAD = 0.05
"""Seconds of silence before the first sound, which some players swallow."""

_FADE = 0.005
"""Seconds over which a sound comes that begins at full level, so that there is no click."""


@dataclass(frozen=True, kw_only=True)
class _Coding:
    """How sound is written. `rate` is in hertz, that of the sound itself without one; `bits` is for a second."""

    codec: str
    rate: int | None = None
    bits: int | None = None
    options: Mapping[str, str] = field(default_factory=dict[str, str])


# The options are for a short wait: several times as fast as their best, and not to be heard with such a voice.
_CODINGS: Mapping[Format, _Coding] = {
    "mp3": _Coding(codec="libmp3lame", bits=64_000, options={"compression_level": "7"}),
    "wav": _Coding(codec="pcm_s16le"),
    "ogg": _Coding(codec="libopus", rate=48_000, bits=32_000, options={"compression_level": "5", "vbr": "constrained"}),
}


def soften(sound: Sound) -> None:
    """Give a sound a soft beginning, with a moment of silence before. Its end is soft already."""
    with memoryview(sound.pcm).cast("h") as samples:
        length = min(round(_FADE * sound.rate), len(samples))
        for step in range(length):
            samples[step] = samples[step] * step // length
    sound.pcm[:0] = bytes(2 * round(_LEAD * sound.rate))


def encode(sound: Sound, form: Format) -> bytes:
    """The sound as a file; it is resampled where the codec wants another rate. The same sound gives the same bytes."""
    import av  # noqa: PLC0415 - heavy: PyAV

    coding = _CODINGS[form]
    file = io.BytesIO()
    # Without this flag an Ogg stream bears a random number.
    opened: Any = av.open(file, "w", format=form, container_options={"fflags": "+bitexact"})  # only partly typed
    with opened as output:
        stream = output.add_stream(coding.codec, coding.rate or sound.rate, dict(coding.options), layout="mono")
        if coding.bits:
            stream.bit_rate = coding.bits
        for frame in _frames(sound):
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def _frames(sound: Sound) -> Iterator[AudioFrame]:
    """The sound by the second."""
    from av import AudioFrame  # noqa: PLC0415 - heavy: PyAV

    second = 2 * sound.rate
    for start in range(0, len(sound.pcm), second):
        piece = bytes(sound.pcm[start : start + second])
        frame = AudioFrame(format="s16", layout="mono", samples=len(piece) // 2)
        frame.planes[0].update(piece)
        frame.sample_rate = sound.rate
        frame.pts = start // 2
        yield frame
