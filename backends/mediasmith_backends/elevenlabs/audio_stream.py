"""Receive audio: stream it into the server's file, and read the headers that come with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from anyio import to_thread

from mediasmith.plugin.contract import JSON, Context
from mediasmith.plugin.files import Sink
from mediasmith.plugin.http_answers import media_chunks
from mediasmith.plugin.http_errors import malformed, reading
from mediasmith_backends.elevenlabs.audio_formats import AudioFormat, join_audio
from mediasmith_backends.elevenlabs.client import TITLE, ElevenLabs
from mediasmith_backends.elevenlabs.errors import time_limit

if TYPE_CHECKING:
    from elevenlabs.core.http_response import AsyncHttpResponse

AudioRequest: TypeAlias = "AbstractAsyncContextManager[AsyncHttpResponse[AsyncIterator[bytes]]]"
"""A request for audio that `sdk.….with_raw_response` returns; entering it sends it."""

Write: TypeAlias = Callable[[bytes], Awaitable[None]]
"""A function that takes the next bytes of the audio."""

_ANSWER_SECONDS = 600.0  # for the whole answer
_NOT_AUDIO = ("text/", "application/json")


@dataclass(frozen=True, kw_only=True)
class AudioHeaders:
    """What the headers of an answer say. `characters` is what was charged, in the account's credits."""

    request_id: str = ""
    song_id: str = ""
    characters: int | None = None

    @property
    def details(self) -> Mapping[str, JSON]:
        """The headers that were there, for the details of a result."""
        found = {"request_id": self.request_id, "song_id": self.song_id, "characters": self.characters}
        return {name: value for name, value in found.items() if value not in ("", None)}


async def receive(client: ElevenLabs, request: AudioRequest, write: Write) -> AudioHeaders:
    """Send a request, write every byte of its answer, and return its headers.

    Raises:
        TimedOut: the answer was not complete in time.
        ProviderError: there was no audio in it.
    """
    try:
        with time_limit(_ANSWER_SECONDS):
            return await _receive(request, write)
    except Exception:
        client.voice_ids.clear()  # a cached name may be another voice's by now
        raise


async def save(
    context: Context[ElevenLabs], request: AudioRequest, audio_format: AudioFormat, *, channels: int = 1
) -> tuple[bytes | Sink, AudioHeaders]:
    """Send a request and return the file it answers with, and its headers. `channels` is for samples without a header.

    Raises the same as `receive`.
    """
    if audio_format.has_header:
        sink = context.file(audio_format.mime)
        return sink, await receive(context.client, request, sink.write)
    samples, headers = await collect(partial(receive, context.client, request))
    with reading(TITLE):
        return await to_thread.run_sync(partial(join_audio, [samples], audio_format, channels=channels)), headers


async def collect(send: Callable[[Write], Awaitable[AudioHeaders]]) -> tuple[bytes, AudioHeaders]:
    """Return everything that a request writes, and its headers."""
    collected = bytearray()

    async def write(chunk: bytes) -> None:
        collected.extend(chunk)

    headers = await send(write)
    return bytes(collected), headers


async def _receive(request: AudioRequest, write: Write) -> AudioHeaders:
    async with request as response:
        if response.headers.get("content-type", "").startswith(_NOT_AUDIO):
            raise malformed(TITLE, b"".join([chunk async for chunk in response.data]))
        async for chunk in media_chunks(response.data, TITLE):
            await write(chunk)
        return _read_headers(response.headers)


def _read_headers(headers: Mapping[str, str]) -> AudioHeaders:
    cost = headers.get("character-cost", "")
    return AudioHeaders(
        request_id=headers.get("request-id", ""),
        song_id=headers.get("song-id", ""),
        characters=int(cost) if cost.isascii() and cost.isdecimal() else None,
    )
