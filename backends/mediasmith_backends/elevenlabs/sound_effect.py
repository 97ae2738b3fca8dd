"""Sound effects: what is heard, from a description."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Output, Request, Result
from mediasmith_backends.elevenlabs.client import ONCE, ElevenLabs, present
from mediasmith_backends.elevenlabs.formats import SOUNDS, Fraction, SoundParams, form, refusal
from mediasmith_backends.elevenlabs.models import SOUND_MODELS
from mediasmith_backends.elevenlabs.recording import recorded


class SoundEffectParams(SoundParams):
    """How many seconds of sound, whether its end leads to its beginning, and how closely it keeps to the words."""

    output_format: Literal["mp3", "wav", "ogg"] = "mp3"  # pyright: ignore[reportIncompatibleVariableOverride] - frozen
    duration: Annotated[float | None, Field(ge=0.5, le=30)] = None
    loop: bool | None = None
    prompt_influence: Fraction | None = None


def _refuses(ask: Request[SoundEffectParams]) -> str:
    return refusal(ask.params, SOUNDS)


async def _start(call: Call[ElevenLabs, SoundEffectParams]) -> Result:
    params = call.params
    wanted = form(params, SOUNDS)
    asked = call.client.sdk.text_to_sound_effects.with_raw_response.convert(
        text=call.prompt,
        model_id=call.model.id,
        output_format=wanted.code,
        request_options=ONCE,
        **present(duration_seconds=params.duration, loop=params.loop, prompt_influence=params.prompt_influence),
    )
    body, told = await recorded(call, asked, wanted)
    return Result(outputs=(Output(body=body, mime=wanted.mime),), details=told.details)


sound_effect: Capability[ElevenLabs, SoundEffectParams] = Capability(
    kind="sound_effect",
    name="sound_effect",
    params=SoundEffectParams,
    models=SOUND_MODELS,
    start=_start,
    preference=10,
    refuses=_refuses,
)
"""Sounds of up to half a minute."""
