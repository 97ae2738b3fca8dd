"""Speech, as a stream of bytes: `/text-to-speech`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from pydantic import Field

from fakes.elevenlabs.answers import answered, moderate, short_id
from fakes.elevenlabs.catalogue import SPEECH_MODELS, SpeechModel
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.formats import Wanted, allow
from fakes.elevenlabs.sounding import Note, sounding
from fakes.elevenlabs.state import ElevenState, Spoken
from loopback.connection import Answer
from loopback.faults import Refusal, Strict
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

SEEDS = 2**32 - 1
"""The highest seed."""

_LETTERS = 400  # a second, which nobody can follow: so that long texts are quick to make
_SHORTEST = 0.25  # seconds, so that a voice can be told


class Settings(Strict):
    """How the voice speaks this once. What a model does not heed it is refused: whoever asks for it should know."""

    stability: float = Field(default=0.5, ge=0, le=1)
    similarity_boost: float = Field(default=0.75, ge=0, le=1)
    style: float = Field(default=0.0, ge=0, le=1)
    use_speaker_boost: bool = True
    speed: float = Field(default=1.0, ge=0.7, le=1.2)


class Speech(Strict):
    """The body of `POST /v1/text-to-speech/{voice_id}`."""

    text: str = Field(min_length=1)
    model_id: str = "eleven_multilingual_v2"
    language_code: str = Field(default="", pattern="^[a-z]{2,3}$")
    voice_settings: Settings = Settings()
    seed: int = Field(default=0, ge=0, le=SEEDS)
    previous_text: str = ""
    next_text: str = ""
    previous_request_ids: list[str] = Field(default_factory=list, max_length=3)
    next_request_ids: list[str] = Field(default_factory=list, max_length=3)
    apply_text_normalization: Literal["auto", "on", "off"] = "auto"


def spoken_for(text: str) -> float:
    """How long it takes to say this, in seconds."""
    return max(_SHORTEST, len(text) / _LETTERS)


def speaks(state: ElevenState, model: str) -> SpeechModel:
    """The model of this id; refuse one that does not speak."""
    state.served(model, SPEECH_MODELS)
    return SPEECH_MODELS[model]


def fits(model: SpeechModel, name: str, text: str, language: str, stability: float) -> None:
    """Refuse what the model does not take."""
    if len(text) > model.limit:
        message = f"This request's text has {len(text)} characters and exceeds the character limit of {model.limit}."
        raise refusal(400, "max_character_limit_exceeded", message, param="text")
    if language and not (model.enforces and language in model.languages):
        message = f"Model '{name}' does not support language_code '{language}'."
        raise refusal(400, "unsupported_language", message, param="language_code")
    if model.steps and stability not in model.steps:
        message = f"Invalid stability. Must be one of: {list(model.steps)}."
        raise refusal(400, "invalid_ttd_stability", message, param="stability")


def follows(state: ElevenState, kind: str, model: str, texts: object, ids: list[str]) -> None:
    """Refuse to go on from where the model cannot, or from requests that were not answered like this one."""
    ways = SPEECH_MODELS[model].follows
    if texts and "text" not in ways:
        raise _unsupported(f"Providing previous_text or next_text is not yet supported with the '{model}' model.")
    if ids and ("ids" not in ways or model in state.settings.unlinked):
        ways_on = "previous_request_ids or next_request_ids"
        raise _unsupported(f"Providing {ways_on} is not yet supported with the '{model}' model.")
    unknown = [name for name in ids if name not in state.spoken or state.spoken[name].kind != kind]
    if unknown:
        message = f"The request ids {', '.join(unknown)} are invalid or have expired."
        raise refusal(400, "invalid_parameters", message, param="previous_request_ids")


def _unsupported(message: str) -> Refusal:
    return refusal(400, "unsupported_model", message, param="model_id")


def _check(asked: _Asked) -> None:
    body: Speech = asked.body
    state = asked.state
    state.voice(asked.id)
    model = speaks(state, body.model_id)
    allow(asked.query.output_format, state.settings.plan)
    fits(model, body.model_id, body.text, body.language_code, body.voice_settings.stability)
    for setting in _unheeded(body, model):
        message = f"The voice setting '{setting}' has no effect with '{body.model_id}'."
        raise refusal(400, "invalid_voice_settings", message, param=setting)
    ids = [*body.previous_request_ids, *body.next_request_ids]
    follows(state, "speech", body.model_id, body.previous_text or body.next_text, ids)


def _unheeded(body: Speech, model: SpeechModel) -> Iterator[str]:
    yield from sorted(body.voice_settings.model_fields_set - model.settings)


def _speak(asked: _Asked) -> Answer:
    body: Speech = asked.body
    state = asked.state
    moderate(body.text)
    seconds = spoken_for(body.text) / body.voice_settings.speed
    note = Note(state.voices[asked.id].hertz, seconds)
    form = asked.query.output_format
    data = sounding((note,), body.model_dump_json().encode(), form)
    request = short_id()
    cost = SPEECH_MODELS[body.model_id].rate * len(body.text)
    headers = {"request-id": request, "history-item-id": short_id()}
    answer = answered(state, cost, data, form, **headers)
    state.spoken[request] = Spoken(kind="speech", model=body.model_id, said=body.text)
    return answer


ROUTES: Mapping[str, Route[ElevenState]] = {
    "POST /v1/text-to-speech/{voice_id}": Route(answer=_speak, body=Speech, query=Wanted, check=_check)
}
"""The request for speech."""
