"""Speech, as a stream of bytes: `/audio/speech`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from fakes.openai.catalogue import SPEECH_MODELS, VOICES
from fakes.openai.errors import served
from fakes.openai.state import OpenAIState
from loopback.connection import Answer
from loopback.faults import Strict, rule
from loopback.routes import Asked, Route
from loopback.sounds import SOUND_TYPES, sound

_Asked: TypeAlias = Asked[OpenAIState]

_SECONDS_A_LETTER = 0.05
_LONGEST = 10.0  # Seconds, to be quick.


class CustomVoice(Strict):
    """A voice of the customer's own."""

    id: str = Field(pattern="^voice_")


class Speech(Strict):
    """The body of `POST /v1/audio/speech`. What the provider sends as events, this fake does not."""

    input: str = Field(min_length=1, max_length=4096)
    model: str
    voice: str | CustomVoice
    instructions: str = Field(default="", max_length=4096)
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    stream_format: Literal["audio"] = "audio"

    @model_validator(mode="after")
    def _holds_together(self) -> Speech:
        if isinstance(self.voice, str) and self.voice not in VOICES:
            raise rule("invalid_value", f"Input should be one of {', '.join(VOICES)}", "voice")
        if self.instructions and self.model.startswith("tts-1"):
            raise rule("invalid_value", f"{self.model} does not support instructions", "instructions")
        return self


def _speak(asked: _Asked) -> Answer:
    body: Speech = asked.body
    served(asked.state, body.model, SPEECH_MODELS)
    seed = body.model_dump_json(exclude={"response_format", "speed"}).encode()
    seconds = min(_LONGEST, max(0.1, _SECONDS_A_LETTER * len(body.input) / body.speed))
    data = sound(seed, seconds, body.response_format)
    return Answer(mime=SOUND_TYPES[body.response_format], body=data, chunked=True)


ROUTES: Mapping[str, Route[OpenAIState]] = {"POST /v1/audio/speech": Route(answer=_speak, body=Speech)}
"""The request for speech."""
