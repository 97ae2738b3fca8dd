"""Voices made up from a description: previews first, of which one is kept as a voice: `/v1/text-to-voice`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from fakes.elevenlabs.answers import moderate, short_id
from fakes.elevenlabs.catalogue import LOWEST, STEP
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.formats import MIMES, Coding, Common, allow
from fakes.elevenlabs.sounding import Note, sounding
from fakes.elevenlabs.speech import spoken_for
from fakes.elevenlabs.state import ElevenState, Preview
from fakes.elevenlabs.uploads import hear
from fakes.elevenlabs.voices import shown
from loopback.connection import Answer
from loopback.faults import Strict, answer_json, rule
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

_PREVIEWS = 3
_MODELS = ("eleven_multilingual_ttv_v2", "eleven_ttv_v3")
_V3_ONLY = ("reference_audio_base64", "prompt_strength")
_OWN_TEXT = (
    "Well, here I am, and this is how I sound when somebody lets me choose what I would like to say to the world."
)


class Design(Strict):
    """The body of `POST /v1/text-to-voice/design`."""

    voice_description: str = Field(min_length=20, max_length=1000)
    model_id: Literal["eleven_multilingual_ttv_v2", "eleven_ttv_v3"] = "eleven_multilingual_ttv_v2"
    text: str | None = Field(default=None, min_length=100, max_length=1000)
    auto_generate_text: bool = False
    loudness: float = Field(default=0.5, ge=-1, le=1)
    seed: int | None = Field(default=None, ge=0, le=2_147_483_647)
    guidance_scale: float = Field(default=5, ge=0, le=100)
    should_enhance: bool = False
    quality: float | None = Field(default=None, ge=-1, le=1)
    reference_audio_base64: str | None = Field(default=None, min_length=1)
    prompt_strength: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _holds_together(self) -> Design:
        if (self.text is None) != self.auto_generate_text:
            raise rule("value_error", "is given, or auto_generate_text is true, and not both", "text")
        early = self.model_fields_set.intersection(_V3_ONLY) if self.model_id != "eleven_ttv_v3" else ()
        for word in early:
            raise rule("value_error", "is only supported when using the eleven_ttv_v3 model", word)
        if self.prompt_strength is not None and self.reference_audio_base64 is None:
            raise rule("value_error", "needs a reference_audio_base64", "prompt_strength")
        return self


class Said(Strict):
    """The query of `POST /v1/text-to-voice/design`."""

    output_format: Common = "mp3_44100_128"


def _check_design(asked: _Asked) -> None:
    """Refuse what the account is too small for, and a reference that is no sound."""
    body: Design = asked.body
    asked.state.served(body.model_id, _MODELS)
    allow(asked.query.output_format, asked.state.settings.plan)
    reference = body.reference_audio_base64
    if reference is not None and hear(_decoded(reference), "The reference audio").size:
        raise refusal(400, "invalid_content", "The reference is no audio.", param="reference_audio_base64")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        message = "The reference audio is not base64."
        raise refusal(400, "invalid_parameters", message, param="reference_audio_base64") from error


def _design(asked: _Asked) -> Answer:
    body: Design = asked.body
    state = asked.state
    text = body.text or _OWN_TEXT
    moderate(body.voice_description + text)
    state.spend(len(text))
    form = asked.query.output_format
    seconds = spoken_for(text)
    seed, mime = body.model_dump_json().encode(), MIMES[Coding.of(form).codec]
    previews: list[Mapping[str, object]] = []
    for number in range(_PREVIEWS):
        data = sounding((Note(LOWEST + STEP * number, seconds),), seed, form)
        name = short_id()
        state.previews[name] = Preview(sound=data, mime=mime)
        previews.append(_shown(name, data, mime, seconds))
    return answer_json({"previews": previews, "text": text}, headers={"character-cost": str(len(text))})


def _shown(name: str, data: bytes, mime: str, seconds: float) -> Mapping[str, object]:
    return {
        "audio_base_64": base64.b64encode(data).decode(),
        "generated_voice_id": name,
        "media_type": mime,
        "duration_secs": seconds,
        "language": "en",
    }


def _preview(state: ElevenState, name: str) -> Preview:
    """The preview of this id; refuse what never was, or is no more."""
    if name not in state.previews:
        message = f"A generated voice with the ID {name} was not found."
        raise refusal(404, "generated_voice_not_found", message, param="generated_voice_id")
    return state.previews[name]


class Keeping(Strict):
    """The body of `POST /v1/text-to-voice`."""

    voice_name: str = Field(min_length=1, max_length=100)
    voice_description: str = Field(min_length=20, max_length=1000)
    generated_voice_id: str
    labels: dict[str, str] | None = None
    played_not_selected_voice_ids: list[str] | None = None


def _keep(asked: _Asked) -> Answer:
    body: Keeping = asked.body
    state = asked.state
    preview = _preview(state, body.generated_voice_id)
    if preview.taken:
        raise refusal(409, "voice_already_created", "A voice was already created from this preview.")
    moderate(body.voice_name + body.voice_description)
    voice = state.add_voice(body.voice_name, "generated", body.voice_description)
    preview.taken = True
    return answer_json(shown(voice))


def _stream(asked: _Asked) -> Answer:
    preview = _preview(asked.state, asked.id)
    return Answer(mime=preview.mime, body=preview.sound, chunked=True)


ROUTES: Mapping[str, Route[ElevenState]] = {
    "POST /v1/text-to-voice/design": Route(answer=_design, body=Design, query=Said, check=_check_design),
    "GET /v1/text-to-voice/{generated_voice_id}/stream": Route(answer=_stream),
    "POST /v1/text-to-voice": Route(answer=_keep, body=Keeping),
}
"""The requests for voices that nobody has yet."""
