"""Speech in pieces: where a long text is cut, how the pieces are said in turn, and how their sound becomes one file.

PyAV is imported only when something is joined.
"""

from __future__ import annotations

import io
import re
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from mediasmith.contract import Call, Pending
from mediasmith.errors import MediaError
from mediasmith.media import wav

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

    _Frame: TypeAlias = Packet[AudioStream]

P = TypeVar("P")
R = TypeVar("R")

# Where a text may be cut, the best first: after a paragraph, a sentence, a part of a sentence, a word. A title or an
# initial ends no sentence. Marks of Chinese and Japanese need no space behind them; \u2019 and \u201d close quotations.
_PARAGRAPH = re.compile(r"\S(?=[^\S\n]*\n\s*\n)")
_SENTENCE = re.compile(
    r"(?<!\b[A-Z])(?<!\b[DMJS]r)(?<!\bM[rs]s)(?<!\bMs)(?<!\bSt)(?<!\bProf)[.!?\u2026]+[\"'\u2019\u201d\u00bb)\]]*(?=\s)"
    r"|[\u3002\uff01\uff1f]+[\u300d\u300f\u2019\u201d\uff09]*|\S(?=[^\S\n]*\n)"
)
_CLAUSE = re.compile(r"[,;:\u2013\u2014](?=\s)|[\u3001\uff0c\uff1b\uff1a]")
_WORD = re.compile(r"\S(?=\s)")


def pieces(text: str, limit: int) -> list[str]:
    """A text in pieces of at most `limit` characters, cut between sentences where there are any to cut between.

    Nothing is lost but white space at the cuts.
    """
    found: list[str] = []
    rest = text.strip()
    while len(rest) > limit:
        end = _cut(rest, limit)
        found.append(rest[:end])
        rest = rest[end:].lstrip()
    return [*found, rest] if rest else found


def _cut(text: str, limit: int) -> int:
    """Where the first piece ends. A paragraph's end counts only when the piece is not much shorter for it."""
    for joint, least in ((_PARAGRAPH, limit // 2), (_SENTENCE, 0), (_CLAUSE, 0), (_WORD, 0)):
        ends = [found.end() for found in joint.finditer(text, 0, limit + 1) if least < found.end() <= limit]
        if ends:
            return ends[-1]
    return limit


async def in_turn(
    call: Call[Any, Any],
    parts: Sequence[P],
    say: Callable[[P], Awaitable[R]],
    *,
    words: Callable[[P], str],
    explain: Callable[[Exception], MediaError | None],
) -> list[R]:
    """What each part became. `say` is one paid request, `words` are what is said in a part, `explain` is the backend's.

    Raises:
        Exception: the first request failed. When a later one does, there is a warning, and what was made is returned.
    """
    made: list[R] = []
    for part in parts:
        try:
            made.append(await say(part))
        except Exception as error:
            known = error if isinstance(error, MediaError) else explain(error)
            if known is None or not made:
                raise
            call.warn(
                f"Only the first {len(made)} of {len(parts)} parts of the text were said, which were paid for: "
                f'{known.message} What is missing begins with "{words(part)[:60]}".'
            )
            break
        call.report(Pending(progress=len(made) / len(parts)))
    return made


def joined(parts: Sequence[bytes], mime: str) -> bytes:
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
                frames = [frame for frame in source.demux(source.streams.audio[0]) if frame.pts is not None]
                due += _ticks(source, frames)
                last = number == len(sources) - 1
                for frame in frames if last else _without_padding(frames, due - at):
                    frame.pts = frame.dts = at
                    frame.stream = stream
                    at += frame.duration or 0
                    output.mux(frame)
        return file.getvalue()


def _ticks(source: InputContainer, frames: Sequence[_Frame]) -> int:
    """How long a part really plays: an MP3 may say how much of it is only there to fill frames."""
    whole = sum(frame.duration or 0 for frame in frames)
    if not source.start_time or source.format.name != "mp3" or source.duration is None:
        return whole
    return round(source.duration / 1_000_000 / _tick(source))


def _tick(source: InputContainer) -> float:
    return float(source.streams.audio[0].time_base or 0)


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
