"""Sound on its way: from the files that are sent, and into the one that is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, BinaryIO

from anyio import to_thread

from mediasmith.plugin.contract import Context
from mediasmith.plugin.files import Sink, Source
from mediasmith_backends.elevenlabs.answers import Told, received
from mediasmith_backends.elevenlabs.client import ElevenLabs
from mediasmith_backends.elevenlabs.errors import nonsense
from mediasmith_backends.elevenlabs.formats import Form, assembled

if TYPE_CHECKING:
    from mediasmith_backends.elevenlabs.answers import Asked

SOUNDS = ("audio/mpeg", "audio/wav", "audio/ogg", "audio/flac", "audio/aac", "audio/mp4")
"""The types of recordings that the provider reads."""

VIDEO_MIMES = ("video/mp4", "video/webm", "video/quicktime")
"""The types of films whose sound it reads."""


async def recorded(
    work: Context[ElevenLabs], asked: Asked, of: Form, *, channels: int = 1
) -> tuple[bytes | Sink, Told]:
    """The sound that a request answers with, as a file. `channels` is for samples without a header.

    Raises as `received`.
    """
    if not of.bare:
        sink = work.file(of.mime)
        return sink, await received(work.client, asked, sink.write)
    samples = bytearray()

    async def keep(chunk: bytes) -> None:
        samples.extend(chunk)

    told = await received(work.client, asked, keep)

    def file() -> bytes:
        return assembled([bytes(samples)], of, channels=channels)

    try:
        return await to_thread.run_sync(file), told
    except ValueError as error:
        raise nonsense() from error


@asynccontextmanager
async def opened(sources: Sequence[Source]) -> AsyncGenerator[list[tuple[str, BinaryIO, str]]]:
    """Files in the form that the SDK takes, with their names and types. They are read while they are sent."""
    with ExitStack() as stack:
        files: list[tuple[str, BinaryIO, str]] = []
        for source in sources:
            file = stack.enter_context(await to_thread.run_sync(source.open))
            files.append((source.name, file, source.mime))
        yield files
