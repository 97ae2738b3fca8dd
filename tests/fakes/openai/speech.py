"""Speech, as a stream of bytes: `/audio/speech`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, get_args

from openai.types.audio.speech_model import SpeechModel

from fakes.openai.requests import Speech
from fakes.openai.state import OpenAIState, check_model
from loopback.connection import Answer
from loopback.routes import Asked, Route
from loopback.sounds import SOUND_TYPES, sound

_Asked: TypeAlias = Asked[OpenAIState]

_SECONDS_PER_CHARACTER = 0.05
LONGEST_SECONDS = 10.0
"""No speech is longer, whatever the text, so that it is made quickly."""


def _speak(asked: _Asked) -> Answer:
    body: Any = asked.body
    check_model(asked.state, body.model, get_args(SpeechModel))
    seconds = max(0.1, _SECONDS_PER_CHARACTER * len(body.input) / (body.speed or 1))
    form = body.response_format or "mp3"
    data = sound(body.model_dump_json().encode(), min(LONGEST_SECONDS, seconds), form)
    return Answer(mime=SOUND_TYPES[form], body=data, chunked=True)


ROUTES: Mapping[str, Route[OpenAIState]] = {"POST /v1/audio/speech": Route(answer=_speak, body=Speech)}
"""The route of speech."""
