"""Speech: `/audio/speech`, as MP3, or as samples that are wrapped in WAV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.message import Message
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Output, Params, Result
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.media import wav
from mediasmith_backends.openrouter.client import Router
from mediasmith_backends.openrouter.errors import TITLE, nonsense, within
from mediasmith_backends.openrouter.models import SPEECH_MODELS, VOICES

if TYPE_CHECKING:
    from httpx2 import Response

_RATE, _CHANNELS = 24_000, 1
"""What samples are when their type does not tell."""

_BYTES = "application/octet-stream"
"""The type of what says nothing of itself: it is taken for what was asked for."""

_CHUNK = 65_536  # bytes
_TUNING = ("speed", "instructions")


class SpeechParams(Params):
    """How a text can be asked to be read."""

    voice: Annotated[str | None, Field(min_length=1)] = None
    instructions: Annotated[str | None, Field(min_length=1)] = None
    speed: Annotated[float | None, Field(ge=0.25, le=4.0)] = None
    output_format: Literal["mp3", "wav"] = "mp3"


async def _voices(_client: Router) -> Sequence[str]:
    return tuple(voice for voices in VOICES.values() for voice in voices)


async def _start(call: Call[Router, SpeechParams]) -> Result:
    if call.model not in SPEECH_MODELS:
        for word in call.params.model_dump(include=set(_TUNING), exclude_none=True):
            call.warn(f"What {call.model.id[:60]} takes is not known here; {word} may have no effect.")
    async with call.client.stream("/audio/speech", _body(call)) as response:
        output = await _heard(call, response)
    wanted = "audio/wav" if call.params.output_format == "wav" else "audio/mpeg"
    if output.mime != wanted:
        call.warn(f"{TITLE} does not speak in the output_format {call.params.output_format} with {call.model.id[:60]}.")
    return Result(outputs=(output,))


def _body(call: Call[Router, SpeechParams]) -> Mapping[str, Any]:
    params = call.params
    given: dict[str, Any] = params.model_dump(exclude_none=True, exclude={"output_format"})
    default = {"voice": VOICES[call.model.id][0]} if call.model.id in VOICES else {}
    # What is not asked for comes as samples.
    form = "pcm" if params.output_format == "wav" else "mp3"
    return {"model": call.model.id, "input": call.prompt, "response_format": form, **default, **given}


async def _heard(call: Call[Router, SpeechParams], response: Response) -> Output:
    """What is spoken, whatever form it comes in."""
    told = Message()
    told["content-type"] = response.headers.get("content-type") or _BYTES
    mime = told.get_content_type()
    if mime == _BYTES:
        mime = "audio/pcm" if call.params.output_format == "wav" else "audio/mpeg"
    if mime == "audio/pcm":
        samples = await response.aread()
        if not samples:
            raise _silence()
        rate, channels = _number(told, "rate", _RATE, 192_000), _number(told, "channels", _CHANNELS, 8)
        body = await to_thread.run_sync(partial(wav, samples, rate=rate, channels=channels))
        return Output(body=body, mime="audio/wav")
    if not mime.startswith("audio/"):
        raise within(await response.aread()) or nonsense()
    sink = None
    async for chunk in response.aiter_bytes(_CHUNK):
        sink = sink or call.file(mime)
        await sink.write(chunk)
    if sink is None:
        raise _silence()
    return Output(body=sink, mime=mime)


def _silence() -> ProviderError:
    return ProviderError(f"{TITLE} answered without sound.")


def _number(told: Message, name: str, default: int, most: int) -> int:
    """A parameter of a type, where it can be what it is said to be."""
    found = str(told.get_param(name, ""))
    number = int(found) if found.isdecimal() and len(found) <= len(str(most)) else 0
    return number if 0 < number <= most else default


speech: Capability[Router, SpeechParams] = Capability(
    kind="speech",
    name="speech",
    params=SpeechParams,
    models=SPEECH_MODELS,
    start=_start,
    preference=5,
    choices={"voice": _voices},
)
"""Texts, read aloud."""
