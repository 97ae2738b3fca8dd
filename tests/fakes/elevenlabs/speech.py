"""Speech, dialogue and sound effects."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from elevenlabs.text_to_dialogue.raw_client import AsyncRawTextToDialogueClient
from elevenlabs.text_to_sound_effects.raw_client import AsyncRawTextToSoundEffectsClient
from elevenlabs.text_to_speech.raw_client import AsyncRawTextToSpeechClient
from pydantic import Field

from fakes.elevenlabs.audio import allow_format, audio, audio_answer, speech_seconds
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.sdk import sdk_route
from fakes.elevenlabs.state import ElevenState, moderate, short_id
from loopback.connection import Answer
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]


@dataclass(frozen=True, kw_only=True)
class SpeechModel:
    """What a model for speech takes: characters, voice settings, stabilities, and references to earlier requests."""

    limit: int
    settings: Collection[str]
    stabilities: Collection[float] = ()
    context: bool = True
    language: bool = True
    dialogue: bool = False
    rate: float = 1.0


# That v3 has its stability alone and style is for multilingual v2 is what those say who resell the models
# (bolna.ai/docs/integrations/voice/elevenlabs, docs.sonnalabs.app, both read on 2026-11-21). Little is known of v4.
_FLASH = ("stability", "similarity_boost", "speed", "use_speaker_boost")
MODELS: Mapping[str, SpeechModel] = {
    "eleven_v4": SpeechModel(limit=10_000, settings=("stability", "similarity_boost"), dialogue=True),
    "eleven_v3": SpeechModel(
        limit=5_000, settings=("stability",), stabilities=(0.0, 0.5, 1.0), context=False, dialogue=True
    ),
    "eleven_multilingual_v2": SpeechModel(limit=10_000, settings=(*_FLASH, "style"), language=False),
    "eleven_flash_v2_5": SpeechModel(limit=40_000, settings=_FLASH, rate=0.5),
}
_SOUND_MODELS = ("eleven_text_to_sound_v3", "eleven_text_to_sound_v2")
_DIALOGUE_CHARACTERS, _DIALOGUE_VOICES = 5_000, 10
_CREDITS_A_SECOND = 40  # of a sound effect; five seconds' worth where no duration is given


def _check_speech(asked: _Asked) -> None:
    asked.state.require_voice(asked.id)
    settings = asked.body.voice_settings
    model = _check_model(asked, asked.body.text, settings)
    if unused := (settings.model_fields_set if settings else set[str]()) - set(model.settings):
        raise refusal(400, "invalid_voice_settings", "The setting has no effect.", param=min(unused))
    _check_context(asked, "speech", asked.body.previous_text or asked.body.next_text)


def _check_dialogue(asked: _Asked) -> None:
    inputs = asked.body.inputs
    for each in inputs:
        asked.state.require_voice(each.voice_id)
    text = "".join(each.text for each in inputs)
    model = _check_model(asked, text, asked.body.settings)
    if not model.dialogue:
        raise refusal(400, "unsupported_model", "The model does not support text to dialogue.", param="model_id")
    too_many = len({each.voice_id for each in inputs}) > _DIALOGUE_VOICES
    if too_many or len(text) > _DIALOGUE_CHARACTERS or not all(each.text for each in inputs):
        raise refusal(400, "invalid_parameters", "The inputs are too long, or empty.", param="inputs")
    _check_context(asked, "dialogue", asked.body.previous_text or asked.body.future_text)


def _check_model(asked: _Asked, text: str, settings: Any) -> SpeechModel:
    """Return the model; refuse what it does not take."""
    model = MODELS[asked.state.require_model(asked.body.model_id, MODELS)]
    allow_format(asked.state, asked.query.output_format)
    if len(text) > model.limit:
        raise refusal(400, "max_character_limit_exceeded", "The text is too long.", param="text")
    if asked.body.language_code and not model.language:
        raise refusal(400, "unsupported_language", "The model detects the language.", param="language_code")
    stability = settings and settings.stability
    if model.stabilities and stability is not None and stability not in model.stabilities:
        raise refusal(400, "invalid_ttd_stability", "Invalid stability.", param="stability")
    return model


def _check_context(asked: _Asked, kind: Literal["speech", "dialogue"], text: str | None) -> None:
    """Refuse to continue where the model cannot, or requests that are not known."""
    model: str = asked.body.model_id
    ids: list[str] = asked.body.previous_request_ids or []
    if (text or ids) and (not MODELS[model].context or (ids and model in asked.state.settings.unlinked)):
        raise refusal(400, "unsupported_model", "That is not yet supported with the model.", param="model_id")
    if any(asked.state.requests.get(each) != kind for each in ids):
        raise refusal(400, "invalid_parameters", "The request ids have expired.", param="previous_request_ids")


def _speak(asked: _Asked) -> Answer:
    return _spoken(asked, "speech", asked.body.text)


def _talk(asked: _Asked) -> Answer:
    return _spoken(asked, "dialogue", "".join(each.text for each in asked.body.inputs))


def _spoken(asked: _Asked, kind: Literal["speech", "dialogue"], text: str) -> Answer:
    moderate(text)
    code = asked.query.output_format
    data = audio(speech_seconds(text), asked.body.model_dump_json(), code)
    request = short_id()
    cost = MODELS[asked.body.model_id].rate * len(text)
    answer = audio_answer(asked.state, cost, data, code, **{"request-id": request})
    asked.state.requests[request] = kind
    return answer


def _check_sound(asked: _Asked) -> None:
    asked.state.require_model(asked.body.model_id, _SOUND_MODELS)
    allow_format(asked.state, asked.query.output_format)


def _make_sound(asked: _Asked) -> Answer:
    moderate(asked.body.text)
    code = asked.query.output_format
    data = audio(asked.body.duration_seconds or 1.0, asked.body.text, code)
    return audio_answer(asked.state, _CREDITS_A_SECOND * (asked.body.duration_seconds or 5), data, code)


_SOME_TEXT = Field(min_length=1)

ROUTES: Mapping[str, Route[ElevenState]] = {
    **sdk_route(AsyncRawTextToSpeechClient.convert, _speak, _check_speech, text=_SOME_TEXT),
    **sdk_route(AsyncRawTextToDialogueClient.convert, _talk, _check_dialogue),
    **sdk_route(AsyncRawTextToSoundEffectsClient.convert, _make_sound, _check_sound, text=_SOME_TEXT),
}
