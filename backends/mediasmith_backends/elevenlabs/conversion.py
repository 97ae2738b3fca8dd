"""A recording made anew: spoken by another voice, or freed of everything but the voice."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Request, Result, Takes
from mediasmith.plugin.params import Seed
from mediasmith_backends.elevenlabs.client import ONCE, ElevenLabs
from mediasmith_backends.elevenlabs.formats import VOICES, Fraction, SoundParams, form, refusal
from mediasmith_backends.elevenlabs.models import per_minute
from mediasmith_backends.elevenlabs.recording import SOUNDS, VIDEO_MIMES, opened, recorded
from mediasmith_backends.elevenlabs.voices import DEFAULT, names, resolved

_MEGABYTE = 1_000_000


class ConversionParams(SoundParams):
    """Who is to speak, and how much like it."""

    voice: str = DEFAULT
    seed: Seed | None = None
    stability: Fraction | None = None
    similarity: Fraction | None = None
    style: Fraction | None = None
    remove_background_noise: Annotated[bool, Field(description="Take only the voice of the recording.")] = False


def _refuses(ask: Request[ConversionParams]) -> str:
    return refusal(ask.params, VOICES)


async def _convert(call: Call[ElevenLabs, ConversionParams]) -> Result:
    _leave_prompt_out(call)
    of = form(call.params, VOICES)
    voice = await resolved(call.client, call.params.voice)
    async with opened(call.inputs["audio"]) as [audio]:
        asked = call.client.sdk.speech_to_speech.with_raw_response.convert(
            voice,
            audio=audio,
            model_id=call.model.id,
            output_format=of.code,
            request_options=ONCE,
            **_settings(call.params),
        )
        body, told = await recorded(call, asked, of)
    return Result(outputs=(Output(body=body, mime=of.mime),), details={**told.details, "voice_id": voice})


def _settings(params: ConversionParams) -> dict[str, Any]:
    shades = {"stability": params.stability, "similarity_boost": params.similarity, "style": params.style}
    given = {name: value for name, value in shades.items() if value is not None}
    settings: dict[str, Any] = {"voice_settings": json.dumps(given)} if given else {}
    settings |= {"seed": params.seed} if params.seed is not None else {}
    return {**settings, **({"remove_background_noise": True} if params.remove_background_noise else {})}


async def _isolate(call: Call[ElevenLabs, Params]) -> Result:
    _leave_prompt_out(call)
    async with opened(call.inputs["audio"]) as [audio]:
        asked = call.client.sdk.audio_isolation.with_raw_response.convert(audio=audio, request_options=ONCE)
        body, told = await recorded(call, asked, form(SoundParams(), VOICES))
    return Result(outputs=(Output(body=body, mime="audio/mpeg"),), details=told.details)


def _leave_prompt_out(call: Call[ElevenLabs, Any]) -> None:
    if call.prompt.strip():
        call.warn("The recording says everything, so the prompt was left out.")


voice_conversion: Capability[ElevenLabs, ConversionParams] = Capability(
    kind="voice_conversion",
    name="voice_conversion",
    params=ConversionParams,
    models=(
        Model(id="eleven_multilingual_sts_v2", prices=per_minute(0.12), note="Recordings of up to 5 minutes."),
        Model(id="eleven_english_sts_v2", prices=per_minute(0.12), note="English; recordings of up to 5 minutes."),
    ),
    start=_convert,
    takes={"audio": Takes(required=True, mimes=SOUNDS, max_bytes=50 * _MEGABYTE)},
    preference=10,
    deadline=1200.0,
    refuses=_refuses,
    choices={"voice": names},
)
"""What was said, said by another voice in the same way."""


audio_isolation: Capability[ElevenLabs, Params] = Capability(
    kind="audio_isolation",
    name="audio_isolation",
    params=Params,
    models=(Model(id="voice_isolator", prices=per_minute(0.12), note="Recordings and films of up to an hour."),),
    start=_isolate,
    takes={"audio": Takes(required=True, mimes=(*SOUNDS, *VIDEO_MIMES), max_bytes=500 * _MEGABYTE)},
    preference=10,
    deadline=1200.0,
)
"""A voice without the noise and the music around it, as MP3."""
