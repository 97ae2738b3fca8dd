"""Files in memory: what a backend is given, and what it writes into."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import AsyncIterable, Callable, Mapping
from typing import Any, BinaryIO, cast

from mediasmith.plugin.media import EXTENSIONS, wav


def png(width: int = 16, height: int = 16, colour: bytes = b"\x20\x60\xc0") -> bytes:
    """A PNG of one colour, given as red, green and blue, or with its opacity as a fourth."""
    row = b"\0" + colour * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if len(colour) == 3 else 6, 0, 0, 0)  # noqa: PLR2004 - channels
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _tone(colour: bytes) -> bytes:
    return wav(bytes(colour[:1] * 1600), rate=8000)


def _film(colour: bytes) -> bytes:
    """An MP4 of 16x16 and two pictures."""
    import av  # noqa: PLC0415 - heavy: PyAV

    library = cast("Any", av)  # PyAV's own types leave too much unsaid
    file = io.BytesIO()
    with library.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        for _ in range(2):
            frame = library.VideoFrame(16, 16, "rgb24")
            frame.planes[0].update((colour * 16).ljust(frame.planes[0].line_size, b"\0") * 16)
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode())
    return file.getvalue()


SAMPLES: Mapping[str, Callable[[bytes], bytes]] = {
    "image/png": lambda colour: png(colour=colour),
    "audio/wav": _tone,
    "video/mp4": _film,
}
"""Makes a small file of each of these types; another colour makes another file."""


class MemorySink:
    """A file of the server's, in memory."""

    def __init__(self) -> None:
        self.data = b""

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        self.data += data

    async def write_all(self, chunks: AsyncIterable[bytes]) -> None:
        """Append everything that comes."""
        async for chunk in chunks:
            await self.write(chunk)


class MemorySource:
    """An input file, in memory: a PNG of 16x16, or the sample of another type."""

    def __init__(self, colour: bytes = b"\x20\x60\xc0", mime: str = "image/png") -> None:
        self.data = SAMPLES[mime](colour)
        self.mime = mime
        self.name = f"sample.{EXTENSIONS[mime]}"
        self.size = len(self.data)
        self.dimensions: tuple[int, int] | None = (16, 16) if mime == "image/png" else None

    def open(self) -> BinaryIO:
        """Open it for reading."""
        return io.BytesIO(self.data)

    async def read(self) -> bytes:
        """The whole file."""
        return self.data

    async def data_uri(self) -> str:
        """The whole file as a base64 `data:` URI."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode()}"
