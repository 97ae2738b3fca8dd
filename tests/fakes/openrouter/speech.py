"""Speech, as a stream of bytes: `/audio/speech`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from fakes.openrouter.catalogue import FORBIDDEN, SPEECH_MODELS, SpeechModel
from fakes.openrouter.errors import refusal
from fakes.openrouter.references import Options
from fakes.openrouter.state import RouterState
from loopback.connection import Answer
from loopback.faults import Strict, rule
from loopback.routes import Asked, Route
from loopback.sounds import RATE, sound
from loopback.state import new_id

_Asked: TypeAlias = Asked[RouterState]

_MIMES = {"mp3": "audio/mpeg", "pcm": f"audio/pcm;rate={RATE};channels=1"}
_SECONDS_A_LETTER = 0.05
_LONGEST = 10.0  # Seconds, to be quick.


class Turn(Strict):
    """What one of several speakers says."""

    text: str = Field(min_length=1)
    voice: str = Field(min_length=1)
    instructions: str = ""


class Sample(Strict):
    """A voice to speak with, in base64."""

    data: str = Field(min_length=1)
    format: str = ""


class SpokenSample(Strict):
    """A sample of a voice."""

    type: Literal["input_audio"]
    input_audio: Sample


class Transcript(Strict):
    """What is said in the sample."""

    type: Literal["text"]
    text: str = Field(max_length=10_000)


class Speech(Strict):
    """The body of `POST /api/v1/audio/speech`. Without a format it is raw samples."""

    model: str
    input: str | list[Turn] = Field(min_length=1)
    voice: str = Field(default="", min_length=1)
    response_format: Literal["mp3", "pcm"] = "pcm"
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    instructions: str = ""
    input_references: list[Annotated[SpokenSample | Transcript, Field(discriminator="type")]] = Field(
        default_factory=list, min_length=1, max_length=2
    )
    provider: Options = Options()

    @property
    def said(self) -> str:
        """Everything that is spoken."""
        return self.input if isinstance(self.input, str) else "\n".join(turn.text for turn in self.input)

    @model_validator(mode="after")
    def _holds_together(self) -> Speech:
        kinds = [reference.type for reference in self.input_references]
        if kinds and (kinds.count("input_audio") != 1 or len(set(kinds)) < len(kinds)):
            raise rule("input_references", "are one input_audio and at most one text", "input_references")
        return self


def _check(asked: _Asked) -> None:
    """Refuse what the model does not take."""
    body: Speech = asked.body
    model = SPEECH_MODELS.get(body.model)
    if model is None:
        return
    body.provider.fit(model.provider, model.options)
    for field, taken in _taken(body, model):
        if not taken:
            raise refusal(400, f"{body.model} does not support this {field}.", {"field": field})


def _taken(body: Speech, model: SpeechModel) -> Iterator[tuple[str, bool]]:
    turns = body.input if isinstance(body.input, list) else []
    cloned = bool(body.input_references)
    yield "input", model.turns or not turns
    yield "voice", all(turn.voice in model.voices for turn in turns)
    yield "voice", body.voice in model.voices or (not body.voice and (model.default or cloned or bool(turns)))
    yield "speed", model.speeds or "speed" not in body.model_fields_set
    yield "instructions", model.instructed or not body.instructions
    yield "input_references", model.clones or not cloned


def _speak(asked: _Asked) -> Answer:
    body: Speech = asked.body
    asked.state.served(body.model, SPEECH_MODELS)
    if FORBIDDEN in body.said:
        raise refusal(400, "The input was refused by the provider.")
    asked.state.spend(SPEECH_MODELS[body.model].usd * len(body.said))
    seconds = min(_LONGEST, max(0.1, _SECONDS_A_LETTER * len(body.said) / body.speed))
    seed = body.model_dump_json(exclude={"response_format", "speed"}).encode()
    name = f"gen-tts-{int(time.time())}-{new_id()}"
    data = sound(seed, seconds, body.response_format)
    return Answer(mime=_MIMES[body.response_format], body=data, headers={"x-generation-id": name}, chunked=True)


ROUTES: Mapping[str, Route[RouterState]] = {
    "POST /api/v1/audio/speech": Route(answer=_speak, body=Speech, check=_check),
}
"""The request for speech."""
