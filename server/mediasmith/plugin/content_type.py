"""Find out what a whole file is: by its first bytes, past the tags before them, and by the tracks in a container."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, TypeAlias

from mediasmith.plugin.media import HEAD, sniff, sniff_tagged, tag_size

_MOST_TAGS = 8
_MOST_PARTS = 10_000  # that are looked at in one box or element: a hostile file may hold millions

_SOUND_ALONE: Mapping[str, str] = {
    "video/mp4": "audio/mp4",
    "video/quicktime": "audio/mp4",
    "video/webm": "audio/webm",
    "video/x-matroska": "audio/x-matroska",
}
"""By the type of a container: its type when it has sound and no pictures."""

_Part: TypeAlias = tuple[bytes, int, int]
"""A box or an element: its name, and where its content begins and ends."""

_Walk: TypeAlias = Callable[[BinaryIO, int, int], Iterator[_Part]]

_HANDLERS = (b"moov", b"trak", b"mdia", b"hdlr")
_TRACK_TYPES = (b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae", b"\x83")
"""Where Matroska says what a track holds: segment, tracks, track entry, track type."""

_PICTURES, _SOUND = {b"vide", b"\x01"}, {b"soun", b"\x02"}
"""What a track can hold, in the words of MP4 and of Matroska."""


def content_type(file: BinaryIO) -> str:
    """Return the MIME type of an open file by its content, or "" for a type that is not known; blocking.

    A file with sound and no pictures is audio, whatever its brand or name says. Only headers are read.
    """
    start = _end_of_tags(file)
    file.seek(start)
    head = file.read(HEAD)
    if start:
        return sniff_tagged(head)
    mime = sniff(head)
    if mime not in _SOUND_ALONE:
        return mime
    held = _tracks(file, mime)
    return _SOUND_ALONE[mime] if held & _SOUND and not held & _PICTURES else mime


def _end_of_tags(file: BinaryIO) -> int:
    end = 0
    for _ in range(_MOST_TAGS):
        file.seek(end)
        size = tag_size(file.read(16))
        if not size:
            break
        end += size
    return end


def _tracks(file: BinaryIO, mime: str) -> set[bytes]:
    """Return what the tracks of a container hold."""
    end = file.seek(0, os.SEEK_END)
    matroska = mime in {"video/webm", "video/x-matroska"}
    walk, path, skip = (_elements, _TRACK_TYPES, 0) if matroska else (_boxes, _HANDLERS, 8)
    held: set[bytes] = set()
    for start, stop in _find(file, walk, path, 0, end):
        file.seek(start + skip)
        held.add(file.read(min(4, stop - start - skip)))
    return held


def _find(file: BinaryIO, walk: _Walk, path: Sequence[bytes], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the parts at this path of names begin and end."""
    for name, inside, stop in walk(file, start, end):
        if name == path[0] and len(path) > 1:
            yield from _find(file, walk, path[1:], inside, stop)
        elif name == path[0]:
            yield inside, stop


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Part]:
    """Yield the boxes of MP4 and QuickTime between two places."""
    for _ in range(_MOST_PARTS):
        file.seek(start)
        header = file.read(16)
        if start >= end or len(header) < 8:  # noqa: PLR2004 - a size and a name, of four bytes each
            return
        size, inside = int.from_bytes(header[:4], "big"), start + 8
        if size == 1:  # a longer size follows the name
            size, inside = int.from_bytes(header[8:], "big"), start + 16
        stop = start + size if size else end
        if stop < inside:
            return
        yield header[4:8], inside, min(stop, end)
        start = stop


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[_Part]:
    """Yield the elements of Matroska and WebM between two places. One of unknown size goes on to the end."""
    for _ in range(_MOST_PARTS):
        file.seek(start)
        header = file.read(12)
        name_length = _length(header[:1])
        size_length = _length(header[name_length : name_length + 1])
        inside = start + name_length + size_length
        if start >= end or not name_length or not size_length:
            return
        bits = int.from_bytes(header[name_length : name_length + size_length], "big") & (1 << 7 * size_length) - 1
        stop = end if bits == (1 << 7 * size_length) - 1 else inside + bits
        yield header[:name_length], inside, min(stop, end)
        start = stop


def _length(first: bytes) -> int:
    """Return how many bytes a number of Matroska takes, by its first one; 0 if there is none."""
    return 9 - first[0].bit_length() if first and first[0] else 0
