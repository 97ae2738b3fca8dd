"""The speech capability: `/audio/speech`, as MP3, or as samples that are wrapped in WAV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.message import Message
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Output, Params, Request, Result
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.http_answers import media_chunks
from mediasmith.plugin.http_errors import malformed
from mediasmith.plugin.media import wav
from mediasmith_backends.openrouter.client import Client
from mediasmith_backends.openrouter.errors import TITLE, error_in
from mediasmith_backends.openrouter.models import SPEECH_MODELS, VOICES, warn_if_unlisted

if TYPE_CHECKING:
    from httpx2 import Response

_RATE, _CHANNELS = 24_000, 1
"""The format of samples whose content type does not say."""

_BYTES = "application/octet-stream"
"""The content type that says nothing: the audio is taken for what was asked for."""

_CHUNK_BYTES = 65_536


class SpeechParams(Params):
    """The parameters of speech."""

    voice: Annotated[str | None, Field(min_length=1)] = None
    instructions: Annotated[str | None, Field(min_length=1)] = None
    speed: Annotated[float | None, Field(ge=0.25, le=4.0)] = None
    output_format: Literal["mp3", "wav"] = "mp3"


async def _voices(_client: Client) -> Sequence[str]:
    """Return the voices of the models that do not list their own."""
    return [voice for model in SPEECH_MODELS if "voice" not in model.accepts for voice in VOICES[model.id]]


def _refuses(request: Request[SpeechParams]) -> str:
    """Return that the voice is another model's; nothing is known of the voices of models that are not listed."""
    model, voice = request.model.id, (request.params.voice or "").casefold()
    owners = [owner for owner, voices in VOICES.items() if voice in map(str.casefold, voices)]
    return f"has voice {voice} only with {owners[0]}" if owners and model in VOICES and model not in owners else ""


async def _start(call: Call[Client, SpeechParams]) -> Result:
    warn_if_unlisted(call, call.params.model_dump(include={"speed", "instructions"}, exclude_none=True))
    async with call.client.stream("/audio/speech", _body(call)) as response:
        output = await _output(call, response)
    wanted = "audio/wav" if call.params.output_format == "wav" else "audio/mpeg"
    if output.mime != wanted:
        call.warn(f"{call.model.id[:60]} did not answer in output_format {call.params.output_format}.")
    return Result(outputs=(output,))


def _body(call: Call[Client, SpeechParams]) -> Mapping[str, Any]:
    params = call.params
    given: dict[str, Any] = params.model_dump(exclude_none=True, exclude={"output_format"})
    default = {"voice": VOICES[call.model.id][0]} if call.model.id in VOICES else {}
    response_format = "pcm" if params.output_format == "wav" else "mp3"  # OpenRouter's own default is pcm
    return {"model": call.model.id, "input": call.prompt, "response_format": response_format, **default, **given}


async def _output(call: Call[Client, SpeechParams], response: Response) -> Output:
    """Return the audio, in whatever format it comes."""
    content_type = Message()
    content_type["content-type"] = response.headers.get("content-type") or _BYTES
    mime = content_type.get_content_type()
    if mime == _BYTES:
        mime = "audio/pcm" if call.params.output_format == "wav" else "audio/mpeg"
    if mime == "audio/pcm":
        samples = await response.aread()
        if not samples:
            raise ProviderError(f"{TITLE} answered without audio.")
        rate = _number(content_type, "rate", default=_RATE, most=192_000)
        channels = _number(content_type, "channels", default=_CHANNELS, most=8)
        return Output(
            body=await to_thread.run_sync(partial(wav, samples, rate=rate, channels=channels)), mime="audio/wav"
        )
    if not mime.startswith("audio/"):
        content = await response.aread()
        raise error_in(content) or malformed(TITLE, content)
    sink = call.file(mime)
    await sink.write_all(media_chunks(response.aiter_bytes(_CHUNK_BYTES), TITLE))
    return Output(body=sink, mime=mime)


def _number(content_type: Message, name: str, *, default: int, most: int) -> int:
    """Return a parameter of a content type, or the default where it is not a number from 1 to `most`."""
    text = str(content_type.get_param(name, ""))
    number = int(text) if text.isdecimal() and len(text) <= len(str(most)) else 0
    return number if 0 < number <= most else default


speech: Capability[Client, SpeechParams] = Capability(
    kind="speech",
    name="speech",
    params=SpeechParams,
    models=SPEECH_MODELS,
    start=_start,
    preference=5,
    refuses=_refuses,
    choices={"voice": _voices},
)
"""Texts read aloud."""
