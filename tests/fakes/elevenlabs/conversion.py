"""Speech in another voice, and speech without what is heard behind it: `/v1/voice-changer`, `/v1/audio-isolation`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field

from fakes.elevenlabs.answers import answered, short_id
from fakes.elevenlabs.catalogue import CONVERSION_MODELS, LOWEST
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.formats import Wanted, allow
from fakes.elevenlabs.sounding import Note, sounding
from fakes.elevenlabs.speech import SEEDS, Settings
from fakes.elevenlabs.state import ElevenState
from fakes.elevenlabs.uploads import Recording, one, raw, recording
from loopback.connection import Answer
from loopback.faults import Strict, parsed
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

_CHANGED_MEGABYTES, _ISOLATED_MEGABYTES = 50, 500
_CHANGED_SECONDS, _ISOLATED_SECONDS = 300, 3600
_CREDITS = 17  # a second
_ISOLATED = "mp3_44100_128"


class Isolation(Strict):
    """The fields of `POST /v1/audio-isolation`."""

    file_format: Literal["pcm_s16le_16", "other"] = "other"


class Change(Isolation):
    """The fields of `POST /v1/voice-changer/{voice_id}`."""

    model_id: str = "eleven_english_sts_v2"
    voice_settings: str = ""
    seed: int = Field(default=0, ge=0, le=SEEDS)
    remove_background_noise: bool = False


def _heard(asked: _Asked, megabytes: int, seconds: int) -> Recording:
    """The recording that a form brings; refuse what is none or is too much."""
    file = one(asked.files, "audio", megabytes=megabytes)
    heard = raw(file) if asked.body.file_format == "pcm_s16le_16" else recording(file)
    if heard.seconds > seconds:
        raise refusal(400, "audio_too_long", f"The audio is longer than {seconds} seconds.", param="audio")
    return heard


def _check_change(asked: _Asked) -> None:
    state = asked.state
    state.voice(asked.id)
    state.served(asked.body.model_id, CONVERSION_MODELS)
    allow(asked.query.output_format, state.settings.plan)
    if "voice_settings" in asked.body.model_fields_set:
        parsed(Settings, asked.body.voice_settings.encode())
    _heard(asked, _CHANGED_MEGABYTES, _CHANGED_SECONDS)


def _check_isolation(asked: _Asked) -> None:
    _heard(asked, _ISOLATED_MEGABYTES, _ISOLATED_SECONDS)


def _change(asked: _Asked) -> Answer:
    heard = _heard(asked, _CHANGED_MEGABYTES, _CHANGED_SECONDS)
    form = asked.query.output_format
    seed = asked.body.model_dump_json().encode() + heard.data
    data = sounding((Note(asked.state.voices[asked.id].hertz, heard.seconds),), seed, form)
    headers = {"request-id": short_id(), "history-item-id": short_id()}
    return answered(asked.state, _CREDITS * heard.seconds, data, form, **headers)


def _isolate(asked: _Asked) -> Answer:
    heard = _heard(asked, _ISOLATED_MEGABYTES, _ISOLATED_SECONDS)
    data = sounding((Note(LOWEST, heard.seconds),), heard.data, _ISOLATED)
    return answered(asked.state, _CREDITS * heard.seconds, data, _ISOLATED, **{"request-id": short_id()})


ROUTES: Mapping[str, Route[ElevenState]] = {
    "POST /v1/voice-changer/{voice_id}": Route(answer=_change, form=Change, query=Wanted, check=_check_change),
    "POST /v1/audio-isolation": Route(answer=_isolate, form=Isolation, check=_check_isolation),
}
"""The requests for speech that is changed."""
