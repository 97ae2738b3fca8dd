"""Voice conversion: what a recording says, said in the same way by another voice."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Model, Output, Request, Result, Takes
from mediasmith.plugin.params import Seed
from mediasmith_backends.elevenlabs.audio_formats import (
    VOICE_FORMATS,
    AudioParams,
    Fraction,
    find_format,
    format_refusal,
)
from mediasmith_backends.elevenlabs.audio_stream import save
from mediasmith_backends.elevenlabs.client import NO_RETRY, ElevenLabs, without_none
from mediasmith_backends.elevenlabs.models import per_minute
from mediasmith_backends.elevenlabs.uploads import AUDIO_MIMES, open_files, warn_of_unused_prompt
from mediasmith_backends.elevenlabs.voices import BUILTIN_VOICES, DEFAULT_VOICE, find_voice, voice_names


class ConversionParams(AudioParams):
    """The parameters of a voice conversion."""

    voice: str = DEFAULT_VOICE
    seed: Seed | None = None
    stability: Fraction | None = None
    similarity: Fraction | None = None
    style: Fraction | None = None
    remove_background_noise: Annotated[bool, Field(description="Use only the voice in the recording.")] = False


def _refuses(request: Request[ConversionParams]) -> str:
    return format_refusal(request.params, VOICE_FORMATS)


async def _start(call: Call[ElevenLabs, ConversionParams]) -> Result:
    warn_of_unused_prompt(call)
    audio_format = find_format(call.params, VOICE_FORMATS)
    voice = await find_voice(call.client, call.params.voice)
    async with open_files(call.inputs["audio"]) as [audio]:
        request = call.client.sdk.speech_to_speech.with_raw_response.convert(
            voice,
            audio=audio,
            model_id=call.model.id,
            output_format=audio_format.code,
            request_options=NO_RETRY,
            **_fields(call.params),
        )
        body, headers = await save(call, request, audio_format)
    return Result(outputs=(Output(body=body, mime=audio_format.mime),), details={**headers.details, "voice_id": voice})


def _fields(params: ConversionParams) -> dict[str, Any]:
    settings = without_none(stability=params.stability, similarity_boost=params.similarity, style=params.style)
    return without_none(
        voice_settings=json.dumps(settings) if settings else None,
        seed=params.seed,
        remove_background_noise=params.remove_background_noise or None,
    )


voice_conversion: Capability[ElevenLabs, ConversionParams] = Capability(
    kind="voice_conversion",
    name="voice_conversion",
    params=ConversionParams,
    models=(
        Model(id="eleven_multilingual_sts_v2", prices=per_minute(0.12), note="Recordings of up to 5 minutes."),
        Model(id="eleven_english_sts_v2", prices=per_minute(0.12), note="English; recordings of up to 5 minutes."),
    ),
    start=_start,
    takes={"audio": Takes(required=True, mimes=AUDIO_MIMES, max_bytes=50_000_000)},
    preference=10,
    deadline=1200.0,
    refuses=_refuses,
    choices={"voice": voice_names},
    builtin_choices={"voice": BUILTIN_VOICES},
)
"""Convert recordings to another voice."""
