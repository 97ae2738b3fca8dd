"""Speech, as a stream of bytes: `/audio/speech`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from fakes.openrouter.models import VOICES
from fakes.openrouter.requests import SpeechRequest
from fakes.openrouter.state import RouterState, check_model, refusal
from loopback.connection import Answer
from loopback.routes import Asked, Route
from loopback.sounds import RATE, sound

_Asked: TypeAlias = Asked[RouterState]

_MIMES = {"mp3": "audio/mpeg", "pcm": f"audio/pcm;rate={RATE};channels=1"}


def _check(asked: _Asked) -> None:
    body: SpeechRequest = asked.body
    check_model(asked.state, body.model, VOICES)
    if body.voice not in VOICES[body.model]:
        raise refusal(400, f"{body.model} does not support this voice.", {"field": "voice"})


def _speak(asked: _Asked) -> Answer:
    body: SpeechRequest = asked.body
    data = sound(body.model_dump_json().encode(), 0.5, body.response_format)
    return Answer(mime=_MIMES[body.response_format], body=data, chunked=True)


ROUTES: Mapping[str, Route[RouterState]] = {
    "POST /api/v1/audio/speech": Route(answer=_speak, body=SpeechRequest, check=_check),
}
"""The route of speech."""
