"""Speak a text in several requests, one after the other, and join what they answer with into one file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from anyio import to_thread
from pydantic import BaseModel

from mediasmith.plugin.contract import JSON, Call, Output, Result
from mediasmith.plugin.files import Sink
from mediasmith.plugin.text_split import speak_parts
from mediasmith_backends.elevenlabs.audio_formats import AudioFormat, join_audio
from mediasmith_backends.elevenlabs.audio_stream import AudioHeaders, Write, collect
from mediasmith_backends.elevenlabs.client import ElevenLabs
from mediasmith_backends.elevenlabs.errors import explain

P = TypeVar("P")


@dataclass(frozen=True, kw_only=True)
class SpokenParts:
    """What was spoken: one file, or several that could not be joined, and the headers of each request."""

    bodies: tuple[bytes | Sink, ...]
    audio_format: AudioFormat
    headers: tuple[AudioHeaders, ...]
    complete: bool = True

    def result(self, state: BaseModel | None = None, **details: JSON) -> Result:
        """Return the files as a result, with the last request's details and what all of them cost."""
        costs = [headers.characters for headers in self.headers if headers.characters is not None]
        charged: dict[str, JSON] = {"characters": sum(costs)} if costs else {}
        return Result(
            outputs=tuple(Output(body=body, mime=self.audio_format.mime, state=state) for body in self.bodies),
            complete=self.complete,
            details={**details, **self.headers[-1].details, **charged},
        )


async def speak(
    call: Call[ElevenLabs, Any],
    audio_format: AudioFormat,
    parts: Sequence[P],
    speak_part: Callable[[P, Write], Awaitable[AudioHeaders]],
    text_of: Callable[[P], str],
) -> SpokenParts:
    """Speak the parts in turn. `speak_part` sends one paid request, `text_of` returns the text of a part.

    Raises:
        Exception: the first request failed. When a later one does, there is a warning, and what was spoken is kept.
    """
    if len(parts) == 1 and audio_format.has_header:
        sink = call.file(audio_format.mime)
        headers = await speak_part(parts[0], sink.write)
        return SpokenParts(bodies=(sink,), audio_format=audio_format, headers=(headers,))

    async def collect_part(part: P) -> tuple[bytes, AudioHeaders]:
        return await collect(partial(speak_part, part))

    answers = await speak_parts(call, parts, collect_part, text_of=text_of, explain=explain)
    return SpokenParts(
        bodies=await _join(call, audio_format, [audio for audio, _ in answers]),
        audio_format=audio_format,
        headers=tuple(headers for _, headers in answers),
        complete=len(answers) == len(parts),
    )


async def _join(call: Call[ElevenLabs, Any], audio_format: AudioFormat, parts: Sequence[bytes]) -> tuple[bytes, ...]:
    try:
        return (await to_thread.run_sync(join_audio, parts, audio_format),)
    except ValueError:
        call.warn(f"The {len(parts)} parts of the audio could not be joined, so each one is a file of its own.")
        return tuple(parts)
