"""The speech capability: a text read aloud, in pieces where it is long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.audio_concat import concat_audio
from mediasmith.plugin.contract import Call, Capability, Output, Params, Request, Result
from mediasmith.plugin.media import HEAD, sniff
from mediasmith.plugin.text_split import speak_parts, split_text
from mediasmith_backends.openai.errors import explain, nonsense
from mediasmith_backends.openai.models import SPEECH_MODELS

if TYPE_CHECKING:
    from openai import AsyncOpenAI

VOICES = (
    *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable"),
    *("marin", "nova", "onyx", "sage", "shimmer", "verse"),
)
"""The voices that everybody has."""

_LONGEST = 4096  # characters of one request
_LONGEST_WIDE = 1200  # the same for scripts of which a character or two is a token: at most 2,000 tokens are read
_CHUNK = 65_536  # bytes
_OWN_VOICE = "voice_"  # how the ids of voices begin that an account made itself

Format: TypeAlias = Literal["mp3", "ogg", "aac", "flac", "wav"]
_Form: TypeAlias = Literal["mp3", "opus", "aac", "flac", "wav"]

_FORMATS: Mapping[Format, tuple[_Form, str]] = {
    "mp3": ("mp3", "audio/mpeg"),
    "ogg": ("opus", "audio/ogg"),
    "aac": ("aac", "audio/aac"),
    "flac": ("flac", "audio/flac"),
    "wav": ("wav", "audio/wav"),
}
"""What the provider calls each format, and its type."""


class SpeechParams(Params):
    """How a text can be asked to be read."""

    voice: str = "alloy"
    output_format: Format = "mp3"
    instructions: Annotated[str | None, Field(max_length=4096)] = None
    speed: Annotated[float | None, Field(ge=0.25, le=4.0)] = None


async def _voices(_client: AsyncOpenAI) -> Sequence[str]:
    return VOICES


def _refuses(ask: Request[SpeechParams]) -> str:
    """Why the voice cannot be had. A gateway or an engine of one's own has other models, and other voices."""
    voice = _voice(ask)
    if ask.model not in SPEECH_MODELS or voice in VOICES or voice.startswith(_OWN_VOICE):
        return ""
    return f"takes voice {', '.join(VOICES)}, or the id of one's own, {_OWN_VOICE}…"


def _voice(ask: Request[SpeechParams]) -> str:
    """The voice as it is sent: one that everybody has in the provider's own spelling, others as they stand."""
    voice = ask.params.voice
    known = voice.lower()
    return known if ask.model in SPEECH_MODELS and known in VOICES else voice


async def _start(call: Call[AsyncOpenAI, SpeechParams]) -> Result:
    texts = _texts(call.prompt)
    mime = _FORMATS[call.params.output_format][1]
    if len(texts) == 1 and mime != "audio/wav":
        sink = call.file(mime)
        async with _speaking(call, texts[0]) as response:
            await sink.write_all(response.iter_bytes(_CHUNK))
        return Result(outputs=(Output(body=sink, mime=mime),))
    sound = await speak_parts(call, texts, partial(_piece, call, mime), text_of=str, explain=explain)
    # The header of a WAV that was streamed does not know how long it is, so that one is always made anew.
    try:
        body = await to_thread.run_sync(concat_audio, sound, mime)
    except ValueError as error:
        raise nonsense() from error
    return Result(outputs=(Output(body=body, mime=mime),), complete=len(sound) == len(texts))


def _texts(text: str) -> list[str]:
    """The text in pieces that one request takes."""
    wide = len(text.encode()) > 1.5 * len(text)
    longest = _LONGEST_WIDE if wide else _LONGEST
    return split_text(text, longest) if len(text) > longest else [text]


def _speaking(call: Call[AsyncOpenAI, SpeechParams], text: str) -> AbstractAsyncContextManager[Any]:
    """One paid request; its answer comes as it is made."""
    params, voice = call.params, _voice(call)
    given: dict[str, Any] = params.model_dump(exclude_none=True, include={"instructions", "speed"})
    return call.client.audio.speech.with_streaming_response.create(
        input=text,
        model=call.model.id,
        voice={"id": voice} if voice.startswith(_OWN_VOICE) else voice,
        response_format=_FORMATS[params.output_format][0],
        **given,
    )


async def _piece(call: Call[AsyncOpenAI, SpeechParams], mime: str, text: str) -> bytes:
    async with _speaking(call, text) as response:
        sound = await response.read()
    if sniff(sound[:HEAD]) != mime:
        raise nonsense()
    return sound


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
"""Texts, read aloud."""
