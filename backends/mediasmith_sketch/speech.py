"""The speech capability: words spoken on this machine by espeak-ng, if that is installed.

espeak-ng is under the GPL and not part of this distribution: it comes with the extra `voice`, for those who want it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from importlib.util import find_spec
from threading import Event
from typing import Annotated, Literal

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Price, Result
from mediasmith.plugin.errors import InvalidRequest
from mediasmith_sketch.animation.render_slots import RenderSlots

_ABOUT = "Spoken by a formant synthesiser on this machine, as a placeholder. It does not sound like a person."


class SpeechState(BaseModel):
    """The language that words were spoken in, as a tag."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    language: str


class SpeechParams(Params):
    """How to speak. A `voice` is a person who speaks any language; without one it is the language's own.

    MP3 is what every player opens, at a fifth of the size; WAV keeps every sample.
    """

    voice: str | None = None
    language: str | None = None
    speed: Annotated[float, Field(ge=0.5, le=4)] = 1.0
    output_format: Literal["mp3", "wav", "ogg"] = "mp3"
    pitch: Annotated[int, Field(ge=0, le=99, description="50 is the voice's own.")] = 50


def _missing(_access: Access) -> str:
    if find_spec("espeakng_loader"):
        return ""
    return "needs espeak-ng: install the package espeakng-loader beside mediasmith (its extra voice), then restart"


async def _start(call: Call[RenderSlots, SpeechParams]) -> Result:
    language = call.params.language or (call.state.language if call.state else "")
    cancelled = Event()
    speak = partial(_speak, call.prompt, call.params, language, cancelled.is_set)
    try:
        output, notes = await to_thread.run_sync(speak, abandon_on_cancel=True)
    finally:
        cancelled.set()
    for note in notes:
        call.warn(note)
    return Result(outputs=(output,), cost_usd=0.0, details={"draft": _ABOUT})


def _speak(words: str, params: SpeechParams, tag: str, cancelled: Callable[[], bool]) -> tuple[Output, list[str]]:
    """Return the words as a file, and notes for the caller. `tag` is the language, if it is known."""
    from mediasmith_sketch.voice import audio_files, espeak, languages  # noqa: PLC0415 - an extra, and heavy: ctypes

    speaker = languages.speaker(params.voice) if params.voice else None
    language, notes = languages.choose(tag, words)
    sound = espeak.speak(
        words, language=language, speaker=speaker, speed=params.speed, pitch=params.pitch, cancelled=cancelled
    )
    if not any(sound.pcm):
        raise InvalidRequest(
            f"There is nothing to speak: the prompt has no words, or none that {language.name} has sounds for.",
            "Give words to speak, and their language.",
            billed="no",
        )
    audio_files.soften(sound)
    body = audio_files.encode(sound, params.output_format)
    # The engine keeps the voice, the speed and the rest; the language may follow from the letters alone.
    return Output(
        body=body, mime=audio_files.MIMES[params.output_format], state=SpeechState(language=language.tag)
    ), notes


async def _voices(_client: RenderSlots) -> Sequence[str]:
    from mediasmith_sketch.voice import languages  # noqa: PLC0415 - as above

    return await to_thread.run_sync(languages.speaker_names)


async def _languages(_client: RenderSlots) -> Sequence[str]:
    from mediasmith_sketch.voice import languages  # noqa: PLC0415 - as above

    return await to_thread.run_sync(languages.language_tags)


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
            note="Spoken on this machine by espeak-ng, as a draft. continue_edit speaks on in the same voice.",
        ),
    ),
    start=_start,
    state=SpeechState,
    preference=-100,
    missing=_missing,
    choices={"voice": _voices, "language": _languages},
)
"""Local drafts of speech."""
