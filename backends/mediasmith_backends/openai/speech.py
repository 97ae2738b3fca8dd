"""The speech capability: a text read aloud, in several requests where it is long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.audio_concat import concat_audio
from mediasmith.plugin.contract import Call, Capability, Output, Params, Request, Result
from mediasmith.plugin.http_answers import media_chunks
from mediasmith.plugin.http_errors import malformed
from mediasmith.plugin.media import HEAD, sniff
from mediasmith.plugin.text_split import speak_parts, split_text
from mediasmith_backends.openai.client import TITLE
from mediasmith_backends.openai.errors import explain
from mediasmith_backends.openai.models import SPEECH_MODELS, VOICES

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_LONGEST = 4096
"""Characters of one request."""

_LONGEST_WIDE = 1200
"""The same for scripts of which a token is a character or two: at most 2,000 tokens are read."""

_CHUNK_BYTES = 65_536
_CUSTOM_VOICE = "voice_"
"""How the ids of an account's own voices begin."""

Format: TypeAlias = Literal["mp3", "ogg", "aac", "flac", "wav"]

_FORMATS: Mapping[Format, tuple[Literal["mp3", "opus", "aac", "flac", "wav"], str]] = {
    "mp3": ("mp3", "audio/mpeg"),
    "ogg": ("opus", "audio/ogg"),
    "aac": ("aac", "audio/aac"),
    "flac": ("flac", "audio/flac"),
    "wav": ("wav", "audio/wav"),
}
"""OpenAI's name of each format, and its type."""


class SpeechParams(Params):
    """The parameters of speech."""

    voice: str = "alloy"
    output_format: Format = "mp3"
    instructions: Annotated[str | None, Field(max_length=4096)] = None
    speed: Annotated[float | None, Field(ge=0.25, le=4.0)] = None


async def _voices(_client: AsyncOpenAI) -> Sequence[str]:
    return VOICES


def _refuses(request: Request[SpeechParams]) -> str:
    """Return why the voice cannot be used. Gateways and other engines have models and voices of their own."""
    voice = _voice(request)
    if request.model not in SPEECH_MODELS or voice in VOICES or voice.startswith(_CUSTOM_VOICE):
        return ""
    return f"takes voice {', '.join(VOICES)}, or the id of a custom voice ({_CUSTOM_VOICE}…)"


def _voice(request: Request[SpeechParams]) -> str:
    """Return the voice as it is sent: a common one in OpenAI's own spelling, others as given."""
    voice = request.params.voice
    lower = voice.lower()
    return lower if request.model in SPEECH_MODELS and lower in VOICES else voice


async def _start(call: Call[AsyncOpenAI, SpeechParams]) -> Result:
    texts = _split(call.prompt)
    mime = _FORMATS[call.params.output_format][1]
    if len(texts) == 1 and mime != "audio/wav":
        sink = call.file(mime)
        async with _request(call, texts[0]) as response:
            await sink.write_all(media_chunks(response.iter_bytes(_CHUNK_BYTES), TITLE))
        return Result(outputs=(Output(body=sink, mime=mime),))
    parts = await speak_parts(call, texts, partial(_speak_part, call, mime), text_of=str, explain=explain)
    # The header of a streamed WAV does not know the length, so it is always written again.
    try:
        body = await to_thread.run_sync(concat_audio, parts, mime)
    except ValueError as error:
        raise malformed(TITLE, b"".join(parts)) from error
    return Result(outputs=(Output(body=body, mime=mime),), complete=len(parts) == len(texts))


def _split(text: str) -> list[str]:
    """Return the text in parts that fit one request each."""
    wide = len(text.encode()) > 1.5 * len(text)
    longest = _LONGEST_WIDE if wide else _LONGEST
    return split_text(text, longest) if len(text) > longest else [text]


def _request(call: Call[AsyncOpenAI, SpeechParams], text: str) -> AbstractAsyncContextManager[Any]:
    """Send one paid request, whose answer is streamed."""
    params, voice = call.params, _voice(call)
    given: dict[str, Any] = params.model_dump(exclude_none=True, include={"instructions", "speed"})
    return call.client.audio.speech.with_streaming_response.create(
        input=text,
        model=call.model.id,
        voice={"id": voice} if voice.startswith(_CUSTOM_VOICE) else voice,
        response_format=_FORMATS[params.output_format][0],
        **given,
    )


async def _speak_part(call: Call[AsyncOpenAI, SpeechParams], mime: str, text: str) -> bytes:
    async with _request(call, text) as response:
        audio = await response.read()
    if sniff(audio[:HEAD]) != mime:
        raise malformed(TITLE, audio)
    return audio


speech: Capability[AsyncOpenAI, SpeechParams] = Capability(
    kind="speech",
    name="speech",
    params=SpeechParams,
    models=SPEECH_MODELS,
    start=_start,
    preference=10,
    deadline=3600.0,
    refuses=_refuses,
    choices={"voice": _voices},
)
"""Texts read aloud."""
