"""Long sounds, quick to make: a tone comes round again, so what was encoded once can be there many times."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from fakes.elevenlabs.formats import Coding
from fakes.elevenlabs.sounding import Note, samples, sounding

_ROUNDS = 10  # a second: how often a tone of whole tens of Hz is where it began
_SETTLED = 8  # frames, after which the encoder makes the same of the same
_ENDING = 8  # frames at least, after what is there many times


@lru_cache(maxsize=16)
def lasting(note: Note, seed: bytes, form: str) -> bytes:
    """This tone in stereo: as `sounding` makes it but, if it is MP3, at a cost that hardly grows with its length."""
    coding = Coding.of(form)
    if coding.codec != "mp3":
        return sounding((note,), seed, form, 2)
    import av  # noqa: PLC0415 - heavy: a provider that was not asked for sound starts without it

    file = io.BytesIO()
    opened: Any = av.open(file, "w", format="mp3")  # its types are only partly known
    with opened as output:
        # A frame that borrows no bits from the one before can stand behind any.
        options = {"reservoir": "0", "compression_level": "9"}
        stream = output.add_stream("libmp3lame", rate=coding.rate, layout="stereo", options=options)
        stream.bit_rate = coding.bits
        stream.codec_context.open()
        frame = stream.codec_context.frame_size
        whole = math.lcm(coding.rate // _ROUNDS, frame)
        spare = max(0, (round(note.seconds * coding.rate) - (_SETTLED + _ENDING) * frame) // whole - 1)
        short = Note(note.hertz, note.seconds - spare * whole / coding.rate)
        packets = _encoded(stream, samples((short,), seed, coding.rate))
        output.mux(_stretched(packets, stream, whole // frame, spare))
    return file.getvalue()


def _encoded(stream: Any, data: bytes) -> list[Any]:
    import av  # noqa: PLC0415 - heavy: a provider that was not asked for sound starts without it

    frame = av.AudioFrame(format="s16", layout="mono", samples=len(data) // 2)
    frame.sample_rate = stream.rate
    frame.planes[0].update(data + bytes(frame.planes[0].buffer_size - len(data)))
    context = stream.codec_context
    resampler = av.AudioResampler(context.format, context.layout, stream.rate, context.frame_size)
    pieces = (*resampler.resample(frame), *resampler.resample(None), None)
    return [packet for piece in pieces for packet in stream.encode(piece)]


def _stretched(packets: list[Any], stream: Any, length: int, spare: int) -> Iterator[Any]:
    """The packets, and those of one time round so many times more."""
    import av  # noqa: PLC0415 - heavy: a provider that was not asked for sound starts without it

    yield from packets[:_SETTLED]
    for packet in packets[_SETTLED : _SETTLED + length] * spare:
        again = av.Packet(bytes(packet))
        again.stream, again.time_base, again.duration = stream, packet.time_base, packet.duration
        yield again
    yield from packets[_SETTLED:]
