"""Read PNG files chunk by chunk: without what surrounds the pixels, and in bands where there are many of them."""

from __future__ import annotations

import io
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile
    from typing_extensions import Buffer

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AROUND = 12  # bytes of a chunk besides its data: length, name, checksum
_MOST_CHUNKS = 1_000_000
_PIECE = 1 << 20  # bytes that are read at a time
_MOST_EXIF = 65_535
_MOST_PROFILE = 1_000_000  # bytes of a colour profile that Pillow still reads

_BANDED = ("RGB", "RGBA", "LA")
"""The modes of 8 bits that `bands` reads: those of which Pillow takes four bytes for each pixel."""


class Chunk(NamedTuple):
    """A chunk: its name, where its data begins, and how long that is."""

    name: bytes
    start: int
    length: int


def chunks(file: BinaryIO) -> Iterator[Chunk]:
    """Yield the chunks of a PNG up to its end mark, or as far as the file goes.

    Raises:
        ValueError: it is not a PNG, or goes on with something else.
    """
    file.seek(0)
    if file.read(8) != _SIGNATURE:
        raise ValueError("not a PNG")
    start = 8
    for _ in range(_MOST_CHUNKS):
        file.seek(start)
        header = file.read(8)
        if len(header) < 8:  # noqa: PLR2004 - a length and a name, of four bytes each
            return
        if not header[4:].isalpha():
            raise ValueError("not a chunk")
        yield (chunk := Chunk(header[4:], start + 8, int.from_bytes(header[:4], "big")))
        if chunk.name == b"IEND":
            return
        start += chunk.length + _AROUND
    raise ValueError("too many chunks")


def check_chunks(file: BinaryIO) -> None:
    """Check that all chunks that the pixels need are present and intact. Texts and profiles may be damaged.

    Raises:
        ValueError: it is not.
    """
    names: set[bytes] = set()
    for chunk in chunks(file):
        critical = chunk.name[:1].isupper() or chunk.name == b"tRNS"
        if critical and not _intact(file, chunk):
            raise ValueError(f"damaged: {chunk.name!r}")
        names.add(chunk.name)
    if not {b"IHDR", b"IDAT", b"IEND"} <= names:
        raise ValueError("cut off")


def essential(file: BinaryIO) -> BinaryIO:
    """Return the PNG with only the chunks that decide how its first picture looks.

    Pillow refuses an intact picture because of an unreadable text or a large colour profile. The chunk with the
    orientation is moved before the pixels.
    """
    found = list(chunks(file))
    before = [one for one in found if one.name in {b"IHDR", b"PLTE", b"tRNS"} or _is_sound(file, one)]
    pixels = [one for one in found if one.name in {b"IDAT", b"IEND"}]
    parts = [(0, 8), *((one.start - 8, one.length + _AROUND) for one in [*before, *pixels])]
    return io.BufferedReader(_Parts(file, parts))


def can_read_bands(picture: ImageFile) -> bool:
    """Return whether `bands` can read this opened PNG."""
    rawmode = picture.tile[0].args if picture.tile else ""
    return picture.mode in _BANDED and rawmode == picture.mode and not picture.info.get("interlace")


def bands(file: BinaryIO, picture: ImageFile, rows: int) -> Iterator[Image]:
    """Yield the picture from top to bottom, so many rows at a time, with little of it in memory.

    `picture` is the same file, opened by Pillow, of which `can_read_bands` is true.

    Raises:
        Exception: the file is damaged.
    """
    from PIL import Image  # noqa: PLC0415 - heavy: Pillow

    width, height = picture.size
    stride = width * len(picture.getbands())
    pixels = _Inflated(file)
    above = bytes(stride)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        # The rows are stored as differences to the row above them, which Pillow is given as it is.
        stored = b"".join((b"\0", above, pixels.read(count * (stride + 1))))
        size = (width, count + 1)
        decoded = Image.frombytes(picture.mode, size, zlib.compress(stored, 0), "zip", picture.mode)
        band = decoded.crop((0, 1, *size))
        above = band.crop((0, count - 1, width, count)).tobytes()
        if "transparency" in picture.info:
            band.info["transparency"] = picture.info["transparency"]
        yield band


class _Inflated:
    """The rows of a PNG as they are stored, decompressed while they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._pieces = _image_data(file)
        self._inflater = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """Return so many bytes. EOFError if there are not as many."""
        data = bytearray()
        while len(data) < size:
            piece = self._inflater.unconsumed_tail or next(self._pieces, b"")
            if not piece:
                raise EOFError("the rows end early")
            data += self._inflater.decompress(piece, size - len(data))
        return bytes(data)


def _image_data(file: BinaryIO) -> Iterator[bytes]:
    for chunk in chunks(file):
        if chunk.name == b"IDAT":
            yield from _pieces(file, chunk)


def _pieces(file: BinaryIO, chunk: Chunk) -> Iterator[bytes]:
    file.seek(chunk.start)
    left = chunk.length
    while left and (piece := file.read(min(left, _PIECE))):
        left -= len(piece)
        yield piece


def _intact(file: BinaryIO, chunk: Chunk) -> bool:
    """Return whether the data of a chunk has its checksum."""
    checksum = zlib.crc32(chunk.name)
    for piece in _pieces(file, chunk):
        checksum = zlib.crc32(piece, checksum)
    file.seek(chunk.start + chunk.length)
    return file.read(4) == checksum.to_bytes(4, "big")


def _is_sound(file: BinaryIO, chunk: Chunk) -> bool:
    """Return whether a chunk says how to turn or colour the picture, in a form that Pillow reads."""
    if chunk.name == b"eXIf":
        return chunk.length <= _MOST_EXIF and _intact(file, chunk)
    if chunk.name != b"iCCP" or chunk.length > _MOST_PROFILE or not _intact(file, chunk):
        return False
    _, _, profile = b"".join(_pieces(file, chunk)).partition(b"\0")
    inflater = zlib.decompressobj()
    try:
        inflater.decompress(profile[1:], _MOST_PROFILE)
    except zlib.error:
        return False
    return inflater.eof


class _Parts(io.RawIOBase):
    """Parts of a file, each given by its start and length, as a file of their own."""

    def __init__(self, file: BinaryIO, parts: Sequence[tuple[int, int]]) -> None:
        self._file = file
        self._starts = [start for start, _ in parts]
        self._ends = list(accumulate(length for _, length in parts))  # counted in this file, not in that one
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Buffer, /) -> int:
        part = bisect_right(self._ends, self._at)
        if part == len(self._ends):
            return 0
        begun = self._ends[part - 1] if part else 0
        view = memoryview(buffer)
        self._file.seek(self._starts[part] + self._at - begun)
        data = self._file.read(min(len(view), self._ends[part] - self._at))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
