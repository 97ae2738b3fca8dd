"""Speech in pieces: where a long text is cut, how the pieces are said in turn, and how their sound becomes one file.

PyAV is imported only when something is joined.
"""

from __future__ import annotations

import io
import re
import struct
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

# Where a text may be cut, the best first: after a paragraph, a sentence, a line, a mark that may end a sentence, a part
# of one, a word. No sentence ends after an initial, a small number or a short form, nor before a word in lower case.
# Marks of Chinese and Japanese need no space behind them. What opens a quotation in one language closes it in another.
_SHORT = (
    r"\w|\d\d|[djms]r|m[rs]s|ms|prof|st|mt|ft|capt|col|gen|gov|hon|lt|pres|rep|rev|sen|sgt|vs|cf|viz|al|nos?|nr|vol|ch"
    r"|figs?|sec|pp|approx|ca|est|inc|ltd|co|corp|dept|bzw|[ds]ra|sig|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_LOWER = "".join(filter(str.islower, map(chr, range(0x590))))  # of Latin, Greek, Cyrillic and Armenian
_QUOTES = r"\"'\u2018-\u201f\u00ab\u00bb\u2039\u203a"
_STOPS = r".!?\u2026\u0589\u061f\u06d4\u0964\u0965"
_MARK = rf"(?<![\w'\u2019{_STOPS}])(?:(?!(?i:{_SHORT})\.)[\w'\u2019]++)?[{_STOPS}]++[{_QUOTES})\]]*+(?=\s)"
_PARAGRAPH = re.compile(r"\S(?=[^\S\n]*\n\s*\n)")
_SENTENCE = re.compile(
    rf"{_MARK}(?!\s++[{_QUOTES}(\[]*+[{_LOWER}])"
    rf"|[\u3002\uff01\uff1f\uff0e\uff61]+[\u300d\u300f\u2019\u201d\uff09]*|{_PARAGRAPH.pattern}"
)
_LINE = re.compile(r"\S(?=[^\S\n]*\n)")
_STOP = re.compile(_MARK)
_CLAUSE = re.compile(r"[,;:\u2013\u2014](?=\s)|[\u3001\uff0c\uff1b\uff1a]")
_WORD = re.compile(r"\S(?=\s)")
_JOINTS = (_SENTENCE, _LINE, _STOP, _CLAUSE, _WORD)
_AHEAD = 100  # characters behind a piece that show how the text goes on


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
    """Where the first piece ends: at a paragraph's end, when the piece is not much shorter for it, or else a joint."""
    head = text[: limit + _AHEAD]
    end = _last(_PARAGRAPH, head, limit)
    if end > limit // 2:
        return end
    return next(filter(None, (_last(joint, head, limit) for joint in _JOINTS)), limit)


def _last(joint: re.Pattern[str], text: str, limit: int) -> int:
    """Where the last of these joints within the limit ends; 0 when there is none."""
    return max((end for found in joint.finditer(text) if (end := found.end()) <= limit), default=0)


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
