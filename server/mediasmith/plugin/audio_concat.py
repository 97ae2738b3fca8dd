"""Speech in pieces: where a long text is cut, how the pieces are said in turn, and how their sound becomes one file.

PyAV is imported only when something is joined.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from mediasmith.plugin.media import wav

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

    _Frame: TypeAlias = Packet[AudioStream]


def concat_audio(parts: Sequence[bytes], mime: str) -> bytes:
    """Sound files of one type and form, one after the other in a single file. Blocking.

    What is compressed with loss is not compressed again: its frames are put together under one header. ValueError
    for a type that is not joined, and for files that are not of it or differ in form.
    """
    join = _JOINS.get(mime)
    if join is None:
        raise ValueError(f"{mime or 'An unknown type'} cannot be joined.")
    from av.error import FFmpegError  # noqa: PLC0415 - heavy: PyAV

    try:
        return join(parts)
    except (FFmpegError, IndexError, EOFError) as error:
        raise ValueError(f"This is no {mime} that can be read.") from error


def _wav(parts: Sequence[bytes]) -> bytes:
    """With the true length in the header; that of a stream claims any."""
    import wave  # noqa: PLC0415 - late: few calls need it

    forms: list[tuple[int, int, int]] = []
    sound = bytearray()
    for part in parts:
        try:
            with wave.open(io.BytesIO(part), "rb") as reader:
                forms.append((reader.getframerate(), reader.getnchannels(), reader.getsampwidth()))
                sound += reader.readframes(reader.getnframes())
        except wave.Error as error:
            raise ValueError("This is no WAV file that can be read.") from error
    rate, channels, width = _one(forms)
    return wav(bytes(sound), rate=rate, channels=channels, width=width)


def _packets(reading: str, writing: str, parts: Sequence[bytes]) -> bytes:
    """The frames of all parts as they are; the header frames and tags of each are left behind."""
    with ExitStack() as stack:
        sources = [stack.enter_context(_opened(part, reading)) for part in parts]
        _one(_form(source) for source in sources)
        file = io.BytesIO()
        with _written(file, writing) as output:
            stream = output.add_stream_from_template(sources[0].streams.audio[0])
            at = due = 0  # in ticks of the stream: where the next frame begins, and where it would without padding
            for number, source in enumerate(sources):
                frames = _frames(source)
                start, end = _padding(source, frames)
                if number == 0:
                    at = due = -start  # the header says that it is not played
                due += sum(frame.duration or 0 for frame in frames) - start - end
                if number == len(sources) - 1:
                    frames[-1].duration = (frames[-1].duration or 0) - end
                else:
                    frames = _without_padding(frames, due - at)
                for frame in frames:
                    frame.pts = frame.dts = at
                    frame.stream = stream
                    at += frame.duration or 0
                    output.mux(frame)
        return file.getvalue()


def _frames(source: InputContainer) -> Sequence[_Frame]:
    """The frames of a part, each as long as it decodes to: Ogg counts of the last one only what is played."""
    frames = [frame for frame in source.demux(source.streams.audio[0]) if frame.pts is not None]
    if source.format.name == "ogg":
        frames[-1].duration = (frames[-1].duration or 0) + _padding(source, frames)[1]
    return frames


def _padding(source: InputContainer, frames: Sequence[_Frame]) -> tuple[int, int]:
    """Ticks at the start and at the end of a part that are not played: a decoder begins there, or a frame is filled."""
    told = [frame.get_sidedata("skip_samples") for frame in frames if frame.has_sidedata("skip_samples")]
    skips = [struct.unpack_from("<II", one) for one in told]  # samples at the start of the frame, and at its end
    sound = source.streams.audio[0]
    ticks = 1 / (sound.rate * (sound.time_base or 1))
    return round(sum(start for start, _ in skips) * ticks), round(sum(end for _, end in skips) * ticks)


def _without_padding(frames: Sequence[_Frame], ticks: int) -> Iterator[_Frame]:
    """The frames of this many ticks. A pause at every joint, of what fills up frames, would add up."""
    at = 0
    for frame in frames:
        if at + (frame.duration or 0) / 2 > ticks:
            return
        at += frame.duration or 0
        yield frame


def _flac(parts: Sequence[bytes]) -> bytes:
    """Compressed anew, which loses nothing: frames of FLAC are numbered, and the header sums up what they hold."""
    with ExitStack() as stack:
        sources = [stack.enter_context(_opened(part, "flac")) for part in parts]
        rate, _, form, layout = _one(_form(source) for source in sources)
        file = io.BytesIO()
        with _written(file, "flac") as output:
            stream = output.add_stream("flac", rate, layout=layout, format=form)
            for source in sources:
                for frame in source.decode(audio=0):
                    frame.pts = None
                    output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        return file.getvalue()


def _opened(part: bytes, form: str) -> Any:
    """A file to read, as what it is said to be. Its tags are not decoded."""
    import av  # noqa: PLC0415 - heavy: PyAV

    return av.open(io.BytesIO(part), "r", format=form, metadata_errors="ignore")


def _written(file: io.BytesIO, form: str) -> Any:
    """A file to write. The same sound gives the same bytes: without this flag an Ogg stream bears a random number."""
    import av  # noqa: PLC0415 - heavy: PyAV

    return av.open(file, "w", format=form, container_options={"fflags": "+bitexact"})


def _form(source: InputContainer) -> tuple[int, str, str, str]:
    """What must be alike in all parts: rate, codec, form of the samples, channels."""
    sound = source.streams.audio[0].codec_context
    if not sound.sample_rate:
        raise ValueError("There is no sound in this.")
    return sound.sample_rate, sound.name, sound.format.name, sound.layout.name


def _one(forms: Iterable[Any]) -> Any:
    """The form that all parts have."""
    different: set[Hashable] = set(forms)
    if len(different) != 1:
        raise ValueError("Only sound of one form can be joined.")
    return different.pop()


_JOINS: Mapping[str, Callable[[Sequence[bytes]], bytes]] = {
    "audio/mpeg": partial(_packets, "mp3", "mp3"),
    "audio/aac": partial(_packets, "aac", "adts"),
    "audio/ogg": partial(_packets, "ogg", "ogg"),
    "audio/flac": _flac,
    "audio/wav": _wav,
}
