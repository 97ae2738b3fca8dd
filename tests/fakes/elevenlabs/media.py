"""What tests read from results, and the recordings that they send."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO

import av

from mediasmith.plugin.contract import Output, Result
from mediasmith.plugin.media import wav
from mediasmith.testing import MemorySink, MemorySource


def audio_of(result: Result) -> bytes:
    """Return the audio of a result with one output."""
    [output] = result.outputs
    return content(output)


def content(output: Output) -> bytes:
    """Return the bytes of an output."""
    body = output.body.data if isinstance(output.body, MemorySink) else output.body
    assert isinstance(body, bytes)
    return body


def seconds(data: bytes) -> float:
    """Return how long audio plays. Every frame is decoded, so a broken one fails."""
    samples = 0
    with av.open(io.BytesIO(data), "r", metadata_errors="ignore") as container:
        rate = container.streams.audio[0].rate
        for frame in container.decode(audio=0):
            samples += frame.samples
    return samples / rate


def codec(data: bytes) -> str:
    """Return FFmpeg's name of the codec of audio."""
    with av.open(io.BytesIO(data), "r", metadata_errors="ignore") as container:
        return container.streams.audio[0].codec_context.name


def warnings_with(warnings: Sequence[str], words: str) -> list[str]:
    """Return the warnings that contain these words."""
    return [warning for warning in warnings if words in warning]


class Recording(MemorySource):
    """Two seconds of silence, or these bytes. `files` are those that were opened."""

    def __init__(self, data: bytes = b"") -> None:
        super().__init__(mime="audio/wav")
        self.data = data or wav(bytes(2 * 2 * 8000), rate=8000)
        self.size = len(self.data)
        self.files: list[BinaryIO] = []

    def open(self) -> BinaryIO:
        """Open it, and remember the file."""
        self.files.append(io.BytesIO(self.data))
        return self.files[-1]
