"""Recordings and videos that are sent to the provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Any, BinaryIO

from anyio import to_thread

from mediasmith.plugin.contract import Call
from mediasmith.plugin.files import Source
from mediasmith_backends.elevenlabs.client import ElevenLabs

AUDIO_MIMES = (
    *("audio/mpeg", "audio/wav", "audio/ogg", "audio/flac", "audio/aac", "audio/mp4"),
    *("audio/aiff", "audio/webm"),
)
"""The types of recordings that the provider reads (elevenlabs.io/docs/overview/capabilities, 2026-11-30)."""

VIDEO_MIMES = ("video/mp4", "video/webm", "video/quicktime", "video/x-matroska")
"""The types of videos whose sound it reads (as above)."""


@asynccontextmanager
async def open_files(sources: Sequence[Source]) -> AsyncGenerator[list[tuple[str, BinaryIO, str]]]:
    """Open files as the SDK takes them: name, file and type. They are read while they are sent."""
    with ExitStack() as stack:
        files: list[tuple[str, BinaryIO, str]] = []
        for source in sources:
            file = stack.enter_context(await to_thread.run_sync(source.open))
            files.append((source.name, file, source.mime))
        yield files


def warn_of_unused_prompt(call: Call[ElevenLabs, Any]) -> None:
    """Warn if a prompt was given where only the recording counts."""
    if call.prompt.strip():
        call.warn("The prompt was ignored: only the recording is used.")
