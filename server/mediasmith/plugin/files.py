"""The files that backends read and write: callers' inputs, and sinks for what is generated."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import BinaryIO, Protocol


class Source(Protocol):
    """An input file, found and checked before a backend sees it."""

    @property
    def name(self) -> str:
        """A file name with the extension of its true type; never a path."""
        ...

    @property
    def mime(self) -> str:
        """The type by its content."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def dimensions(self) -> tuple[int, int] | None:
        """Width and height in pixels of a still image, else None."""
        ...

    def open(self) -> BinaryIO:
        """Open it for reading; blocking, so call it in a worker thread or pass it to the SDK."""
        ...

    async def read(self) -> bytes:
        """Return the whole file."""
        ...

    async def data_uri(self) -> str:
        """Return the whole file as a base64 `data:` URI."""
        ...


class Sink(Protocol):
    """A file that the server keeps; write to it and put it into an `Output` to make it a result."""

    async def write(self, data: bytes) -> None:
        """Append bytes."""
        ...

    async def write_all(self, chunks: AsyncIterable[bytes]) -> None:
        """Append every chunk."""
        ...
