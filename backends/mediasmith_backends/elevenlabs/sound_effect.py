"""Sound effects from a description."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Output, Request, Result
from mediasmith_backends.elevenlabs.audio_formats import (
    SOUND_FORMATS,
    AudioParams,
    Fraction,
    find_format,
    format_refusal,
)
from mediasmith_backends.elevenlabs.audio_stream import save
from mediasmith_backends.elevenlabs.client import NO_RETRY, ElevenLabs, without_none
from mediasmith_backends.elevenlabs.models import SOUND_MODELS


class SoundEffectParams(AudioParams):
    """The parameters of a sound effect: `loop` makes its end lead to its beginning."""

    output_format: Literal["mp3", "wav", "ogg"] = "mp3"  # pyright: ignore[reportIncompatibleVariableOverride] - frozen
    duration: Annotated[float | None, Field(ge=0.5, le=30)] = None
    loop: bool | None = None
    prompt_influence: Fraction | None = None


def _refuses(request: Request[SoundEffectParams]) -> str:
    return format_refusal(request.params, SOUND_FORMATS)


async def _start(call: Call[ElevenLabs, SoundEffectParams]) -> Result:
    params = call.params
    audio_format = find_format(params, SOUND_FORMATS)
    request = call.client.sdk.text_to_sound_effects.with_raw_response.convert(
        text=call.prompt,
        model_id=call.model.id,
        output_format=audio_format.code,
        request_options=NO_RETRY,
        **without_none(duration_seconds=params.duration, loop=params.loop, prompt_influence=params.prompt_influence),
    )
    body, headers = await save(call, request, audio_format)
    return Result(outputs=(Output(body=body, mime=audio_format.mime),), details=headers.details)


sound_effect: Capability[ElevenLabs, SoundEffectParams] = Capability(
    kind="sound_effect",
    name="sound_effect",
    params=SoundEffectParams,
    models=SOUND_MODELS,
    start=_start,
    preference=10,
    refuses=_refuses,
)
"""Make sounds of up to 30 seconds."""
