"""The speech capability: words spoken on this machine, English by hibari-tts and everything else by espeak-ng.

Neither is part of this distribution: they come with the extra `voice`, for those who want it. Either alone is enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from threading import Event
from typing import Annotated, Literal

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Price, Result
from mediasmith_sketch.animation.render_slots import RenderSlots
from mediasmith_sketch.voice.packages import INSTALL, Engine, installed

_ABOUT: Mapping[Engine, str] = {
    "hibari": "Spoken by a small neural voice on this machine, as a placeholder.",
    "espeak": "Spoken by a formant synthesiser on this machine, as a placeholder. It does not sound like a person.",
}


class SpeechState(BaseModel):
    """The language that words were spoken in, as a tag, and the engine that spoke them."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    language: str
    engine: Engine = "espeak"


class SpeechParams(Params):
    """How to speak. The voice `heart` speaks English, and does so where none is named; every other, any language.

    MP3 is what every player opens, at a fifth of the size; WAV keeps every sample.
    """

    voice: str | None = None
    language: str | None = None
    speed: Annotated[float, Field(ge=0.5, le=4)] = 1.0
    output_format: Literal["mp3", "wav", "ogg"] = "mp3"
    pitch: Annotated[int, Field(ge=0, le=99, description="50 is the voice's own.")] = 50


def _missing(_access: Access) -> str:
    return "" if installed("hibari") or installed("espeak") else f"needs a voice: {INSTALL}"


async def _start(call: Call[RenderSlots, SpeechParams]) -> Result:
    from mediasmith_sketch.voice import audio_files, speaking  # noqa: PLC0415 - heavy: ctypes

    params, before = call.params, call.state
    manner = speaking.Manner(
        voice=params.voice or "",
        language=params.language or (before.language if before else ""),
        speed=params.speed,
        pitch=params.pitch,
        output_format=params.output_format,
        engine=before.engine if before else None,
    )
    cancelled = Event()
    speak = partial(speaking.speak, call.prompt, manner, cancelled.is_set)
    try:
        spoken = await to_thread.run_sync(speak, abandon_on_cancel=True)
    finally:
        cancelled.set()
    for note in spoken.notes:
        call.warn(note)
    # The server keeps the voice, the speed and the rest; the language and the engine may follow from the words alone.
    state = SpeechState(language=spoken.language, engine=spoken.engine)
    output = Output(body=spoken.body, mime=audio_files.MIMES[params.output_format], state=state)
    return Result(outputs=(output,), cost_usd=0.0, details={"draft": _ABOUT[spoken.engine]})


async def _voices(_client: RenderSlots) -> Sequence[str]:
    from mediasmith_sketch.voice import speaking  # noqa: PLC0415 - as above

    return await to_thread.run_sync(speaking.voice_names)


async def _languages(_client: RenderSlots) -> Sequence[str]:
    from mediasmith_sketch.voice import speaking  # noqa: PLC0415 - as above

    return await to_thread.run_sync(speaking.language_tags)


speech: Capability[RenderSlots, SpeechParams] = Capability(
    kind="speech",
    name="speech",
    params=SpeechParams,
    models=(
        Model(
            id="sketch-voice-1",
            draft=True,
            max_prompt=20_000,
            prices=(Price(usd=0, per="1k_chars", as_of=date(2026, 11, 21), source="local"),),
            note="Spoken on this machine, as a draft: English by hibari-tts, everything else by espeak-ng. "
            "continue_edit speaks on in the same voice.",
        ),
    ),
    start=_start,
    state=SpeechState,
    preference=-100,
    missing=_missing,
    choices={"voice": _voices, "language": _languages},
)
"""Local drafts of speech."""
