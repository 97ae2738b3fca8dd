"""Sounds of all kinds: `/sound-generation`."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import shake_256
from typing import Literal, TypeAlias

from pydantic import Field

from fakes.elevenlabs.answers import answered, moderate
from fakes.elevenlabs.catalogue import EFFECT_MODELS
from fakes.elevenlabs.formats import Wanted, allow
from fakes.elevenlabs.sounding import Note, sounding
from fakes.elevenlabs.state import ElevenState
from loopback.connection import Answer
from loopback.faults import Strict
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

_CHOSEN = 1.0  # seconds, when nobody says
_CREDITS = 40  # a second, or five seconds' worth when nobody says
_LOWEST, _LOOPS, _CHOICES = 100, 10, 100


class Effect(Strict):
    """The body of `POST /v1/sound-generation`. Without a duration the provider chooses one."""

    text: str = Field(min_length=1)
    loop: bool = False
    duration_seconds: float = Field(default=_CHOSEN, ge=0.5, le=30)
    prompt_influence: float = Field(default=0.3, ge=0, le=1)
    model_id: Literal["eleven_text_to_sound_v2", "eleven_text_to_sound_v3"] = "eleven_text_to_sound_v2"


def _check(asked: _Asked) -> None:
    asked.state.served(asked.body.model_id, EFFECT_MODELS)
    allow(asked.query.output_format, asked.state.settings.plan)


def _make(asked: _Asked) -> Answer:
    body: Effect = asked.body
    moderate(body.text)
    seed = body.model_dump_json().encode()
    hertz = _LOWEST + _LOOPS * (shake_256(body.text.encode()).digest(1)[0] % _CHOICES)
    form = asked.query.output_format
    data = sounding((Note(hertz, body.duration_seconds),), seed, form)
    timed = "duration_seconds" in body.model_fields_set
    return answered(asked.state, _CREDITS * (body.duration_seconds if timed else 5), data, form)


ROUTES: Mapping[str, Route[ElevenState]] = {
    "POST /v1/sound-generation": Route(answer=_make, body=Effect, query=Wanted, check=_check)
}
"""The request for a sound."""
