"""Several voices that talk to each other: `/text-to-dialogue`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field

from fakes.elevenlabs.answers import answered, moderate, short_id
from fakes.elevenlabs.catalogue import SPEECH_MODELS
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.formats import Wanted, allow
from fakes.elevenlabs.sounding import Note, sounding
from fakes.elevenlabs.speech import SEEDS, fits, follows, speaks, spoken_for
from fakes.elevenlabs.state import ElevenState, Spoken
from loopback.connection import Answer
from loopback.faults import Strict
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

_VOICES = 10
_AT_ONCE = 5_000  # characters; the provider advises 2,000


class Turn(Strict):
    """What one of them says."""

    text: str = Field(min_length=1)
    voice_id: str


class Settings(Strict):
    """How all of them speak."""

    stability: float = Field(default=0.5, ge=0, le=1)
    similarity: float = Field(default=0.75, ge=0, le=1)


class Dialogue(Strict):
    """The body of `POST /v1/text-to-dialogue`."""

    inputs: list[Turn] = Field(min_length=1)
    model_id: str = "eleven_v3"
    language_code: str = Field(default="", pattern="^[a-z]{2,3}$")
    settings: Settings = Settings()
    seed: int = Field(default=0, ge=0, le=SEEDS)
    previous_text: str = Field(default="", max_length=100)
    future_text: str = Field(default="", max_length=100)
    previous_request_ids: list[str] = Field(default_factory=list, max_length=3)
    next_request_ids: list[str] = Field(default_factory=list, max_length=3)
    apply_text_normalization: Literal["auto", "on", "off"] = "auto"

    @property
    def said(self) -> str:
        """Everything that is spoken."""
        return "".join(turn.text for turn in self.inputs)


def _check(asked: _Asked) -> None:
    body: Dialogue = asked.body
    state = asked.state
    model = speaks(state, body.model_id)
    if not model.dialogue:
        message = f"The model '{body.model_id}' does not support text to dialogue."
        raise refusal(400, "unsupported_model", message, param="model_id")
    voices = {turn.voice_id for turn in body.inputs}
    for voice in sorted(voices):
        state.voice(voice)
    if len(voices) > _VOICES:
        message = f"The maximum number of unique voice IDs is {_VOICES}."
        raise refusal(400, "invalid_parameters", message, param="inputs")
    if len(body.said) > _AT_ONCE:
        message = f"The total text of all inputs has more than {_AT_ONCE} characters."
        raise refusal(400, "max_character_limit_exceeded", message, param="inputs")
    if "similarity" in body.settings.model_fields_set and model.steps:
        message = f"The setting 'similarity' is not supported by '{body.model_id}'."
        raise refusal(400, "invalid_parameters", message, param="similarity")
    allow(asked.query.output_format, state.settings.plan)
    fits(model, body.model_id, body.said, body.language_code, body.settings.stability)
    ids = [*body.previous_request_ids, *body.next_request_ids]
    follows(state, "dialogue", body.model_id, body.previous_text or body.future_text, ids)


def _talk(asked: _Asked) -> Answer:
    body: Dialogue = asked.body
    state = asked.state
    moderate(body.said)
    notes = tuple(Note(state.voices[turn.voice_id].hertz, spoken_for(turn.text)) for turn in body.inputs)
    form = asked.query.output_format
    data = sounding(notes, body.model_dump_json().encode(), form)
    request = short_id()
    cost = SPEECH_MODELS[body.model_id].rate * len(body.said)
    headers = {"request-id": request, "history-item-id": short_id()}
    answer = answered(state, cost, data, form, **headers)
    state.spoken[request] = Spoken(kind="dialogue", model=body.model_id, said=body.said)
    return answer


ROUTES: Mapping[str, Route[ElevenState]] = {
    "POST /v1/text-to-dialogue": Route(answer=_talk, body=Dialogue, query=Wanted, check=_check)
}
"""The request for a dialogue."""
