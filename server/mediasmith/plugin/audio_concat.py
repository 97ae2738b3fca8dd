"""Concatenate audio files of one format without a second loss of quality. PyAV is imported on first use."""

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
    """Return audio files of one type and format, one after another in a single file. Blocking.

    Lossy audio is not compressed again: its frames are copied under one header.

    Raises:
        ValueError: the type is not supported, or the files are of another type or of different formats.
    """
    concat = _CONCATS.get(mime)
    if concat is None:
        raise ValueError(f"{mime or 'Audio of an unknown type'} cannot be concatenated.")
    from av.error import FFmpegError  # noqa: PLC0415 - heavy: PyAV

    try:
        return concat(parts)
    except (FFmpegError, IndexError, EOFError) as error:
        raise ValueError(f"A file is not {mime} that can be read.") from error


def _concat_wav(parts: Sequence[bytes]) -> bytes:
    """Concatenate WAV, with the true length in the header: that of a streamed file may claim any."""
    import wave  # noqa: PLC0415 - late: few calls need it

    formats: list[tuple[int, int, int]] = []
    samples = bytearray()
    for part in parts:
        try:
            with wave.open(io.BytesIO(part), "rb") as reader:
                formats.append((reader.getframerate(), reader.getnchannels(), reader.getsampwidth()))
                samples += reader.readframes(reader.getnframes())
        except wave.Error as error:
            raise ValueError("A file is not WAV that can be read.") from error
    rate, channels, width = _same_format(formats)
    return wav(bytes(samples), rate=rate, channels=channels, width=width)


def _concat_frames(demuxer: str, muxer: str, parts: Sequence[bytes]) -> bytes:
    """Copy the frames of all parts as they are, without the header frames and tags of each."""
    with ExitStack() as stack:
        sources = [stack.enter_context(_open(part, demuxer)) for part in parts]
        _same_format(map(_format, sources))
        file = io.BytesIO()
        with _create(file, muxer) as output:
            stream = output.add_stream_from_template(sources[0].streams.audio[0])
            at = due = 0  # in ticks of the stream: where the next frame begins, and where it would without padding
            for number, source in enumerate(sources):
                frames = _frames(source)
                start, end = _padding(source, frames)
                if number == 0:
                    at = due = -start  # the header says that this is not played
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
    """Return the frames of a part, each as long as it decodes to: of the last one, Ogg counts only what is played."""
    frames = [frame for frame in source.demux(source.streams.audio[0]) if frame.pts is not None]
    if source.format.name == "ogg":
        frames[-1].duration = (frames[-1].duration or 0) + _padding(source, frames)[1]
    return frames


def _padding(source: InputContainer, frames: Sequence[_Frame]) -> tuple[int, int]:
    """Return the ticks at the start and end of a part that are not played: delay and filling."""
    data = [frame.get_sidedata("skip_samples") for frame in frames if frame.has_sidedata("skip_samples")]
    skips = [struct.unpack_from("<II", skip) for skip in data]  # samples at the start of the frame, and at its end
    stream = source.streams.audio[0]
    ticks = 1 / (stream.rate * (stream.time_base or 1))
    return round(sum(start for start, _ in skips) * ticks), round(sum(end for _, end in skips) * ticks)


def _without_padding(frames: Sequence[_Frame], ticks: int) -> Iterator[_Frame]:
    """Yield the frames of this many ticks, for what fills the last frame of each part would add up to pauses."""
    at = 0
    for frame in frames:
        if at + (frame.duration or 0) / 2 > ticks:
            return
        at += frame.duration or 0
        yield frame


def _concat_flac(parts: Sequence[bytes]) -> bytes:
    """Compress FLAC again, without loss: its frames are numbered, and its header has a checksum of the samples."""
    with ExitStack() as stack:
        sources = [stack.enter_context(_open(part, "flac")) for part in parts]
        rate, _, sample_format, layout = _same_format(map(_format, sources))
        file = io.BytesIO()
        with _create(file, "flac") as output:
            stream = output.add_stream("flac", rate, layout=layout, format=sample_format)
            for source in sources:
                for frame in source.decode(audio=0):
                    frame.pts = None
                    output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        return file.getvalue()


def _open(part: bytes, demuxer: str) -> Any:
    """Open a file for reading as this type only. Its tags are not decoded."""
    import av  # noqa: PLC0415 - heavy: PyAV

    return av.open(io.BytesIO(part), "r", format=demuxer, metadata_errors="ignore")


def _create(file: io.BytesIO, muxer: str) -> Any:
    """Open a file for writing; the flag keeps a random number out of Ogg, so that equal audio gives equal bytes."""
    import av  # noqa: PLC0415 - heavy: PyAV

    return av.open(file, "w", format=muxer, container_options={"fflags": "+bitexact"})


def _format(source: InputContainer) -> tuple[int, str, str, str]:
    """Return what must be the same in all parts: sample rate, codec, sample format, channels."""
    audio = source.streams.audio[0].codec_context
    if not audio.sample_rate:
        raise ValueError("A file has no audio.")
    return audio.sample_rate, audio.name, audio.format.name, audio.layout.name


def _same_format(formats: Iterable[Any]) -> Any:
    """Return the format that all parts have."""
    different: set[Hashable] = set(formats)
    if len(different) != 1:
        raise ValueError("Only audio of one format can be concatenated.")
    return different.pop()


_CONCATS: Mapping[str, Callable[[Sequence[bytes]], bytes]] = {
    "audio/mpeg": partial(_concat_frames, "mp3", "mp3"),
    "audio/aac": partial(_concat_frames, "aac", "adts"),
    "audio/ogg": partial(_concat_frames, "ogg", "ogg"),
    "audio/flac": _concat_flac,
    "audio/wav": _concat_wav,
}
