"""Recordings and films in another language, later: `/v1/dubbing`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from fakes.elevenlabs.answers import short_id
from fakes.elevenlabs.catalogue import FORBIDDEN, LOWEST
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.sounding import Note, sounding
from fakes.elevenlabs.state import Dubbing, ElevenState
from fakes.elevenlabs.uploads import one, recording
from loopback.connection import Answer
from loopback.faults import Strict, answer_json, rule
from loopback.films import film
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

LANGUAGES = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "fi", "fil", "fr", "hi", "hr", "hu", "id", "it", "ja", "ko"),
    *("ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sv", "ta", "tr", "uk", "vi", "zh"),
)
"""What can be spoken."""

_MEGABYTES = 1000
_MOST_SPEAKERS = 32
_CREDITS = 50  # a second
_SOUND = "mp3_44100_128"
_ELSEWHERE_SECONDS = 3.0  # how long what waits at an address is: nothing is fetched


class Dub(Strict):
    """The fields of `POST /v1/dubbing`. What needs a transcript of the sender's own, this fake does not do."""

    name: str = ""
    source_url: str = Field(default="", pattern="^https?://.")
    source_lang: str = "auto"
    target_lang: str
    target_accent: str = ""
    num_speakers: int = Field(default=0, ge=0, le=_MOST_SPEAKERS)
    watermark: bool = False
    start_time: int = Field(default=0, ge=0)
    end_time: int = Field(default=0, ge=1)
    highest_resolution: bool = False
    drop_background_audio: bool = False
    use_profanity_filter: bool = False
    dubbing_studio: bool = False
    disable_voice_cloning: bool = False
    mode: Literal["automatic"] = "automatic"

    @model_validator(mode="after")
    def _holds_together(self) -> Dub:
        if self.target_lang not in LANGUAGES:
            raise rule("value_error", f"is one of {', '.join(LANGUAGES)}", "target_lang")
        if self.source_lang not in ("auto", *LANGUAGES):
            raise rule("value_error", f"is auto or one of {', '.join(LANGUAGES)}", "source_lang")
        if self.end_time and self.end_time <= self.start_time:
            raise rule("value_error", "is after start_time", "end_time")
        return self


def _check(asked: _Asked) -> None:
    """Refuse what cannot be dubbed."""
    body: Dub = asked.body
    if bool(asked.files) == bool(body.source_url):
        raise refusal(400, "invalid_parameters", "Either file or source_url is given, and not both.", param="file")
    if asked.files and body.start_time >= recording(one(asked.files, "file", megabytes=_MEGABYTES)).seconds:
        raise refusal(400, "invalid_parameters", "The start is after the end of the file.", param="start_time")


def _dub(asked: _Asked) -> Answer:
    body: Dub = asked.body
    state = asked.state
    seconds, size, mime, data = _ELSEWHERE_SECONDS, None, "audio/mpeg", b""
    if asked.files:
        brought = recording(asked.files[0])
        seconds, size, mime, data = brought.seconds, brought.size, asked.files[0].mime, brought.data
    seconds = min(seconds, body.end_time or seconds) - body.start_time
    state.spend(round(_CREDITS * seconds))
    dubbing = Dubbing(
        polls=state.settings.polls,
        id=short_id(),
        name=body.name or (asked.files[0].name if asked.files else body.source_url),
        spoken=body.source_lang,
        language=body.target_lang,
        mime=mime,
        seconds=seconds,
        size=size,
        seed=body.model_dump_json().encode() + data,
        created=datetime.now(UTC).isoformat(),
        error="No speech was found in the file." if FORBIDDEN in body.name else "",
    )
    state.dubbings[dubbing.id] = dubbing
    state.under_way.append(dubbing)
    return answer_json({"dubbing_id": dubbing.id, "expected_duration_sec": seconds})


def _known(asked: _Asked) -> Dubbing:
    if asked.id not in asked.state.dubbings:
        raise refusal(404, "dubbing_not_found", f"There is no dubbing with the ID {asked.id}.")
    return asked.state.dubbings[asked.id]


def _poll(asked: _Asked) -> Answer:
    dubbing = _known(asked)
    dubbing.poll()
    done = "failed" if dubbing.error else "dubbed"
    spoken = "en" if dubbing.spoken == "auto" else dubbing.spoken
    return answer_json(
        {
            "dubbing_id": dubbing.id,
            "name": dubbing.name,
            "status": done if dubbing.done else "dubbing",
            "source_language": spoken if dubbing.done else None,
            "target_languages": [dubbing.language],
            "editable": False,
            "created_at": dubbing.created,
            "media_metadata": {"content_type": dubbing.mime, "duration": dubbing.seconds},
            "error": dubbing.error if dubbing.error and dubbing.done else None,
        }
    )


def _fetch(asked: _Asked) -> Answer:
    dubbing = _known(asked)
    if asked.ids[1] != dubbing.language:
        raise refusal(404, "dubbing_not_found", f"The dubbing has no language {asked.ids[1]}.")
    if not dubbing.done or dubbing.error:
        raise refusal(425, "dubbing_not_ready", "The dubbing is not ready yet.")
    if dubbing.size:
        data = film(dubbing.seed, dubbing.size, max(1, round(dubbing.seconds)), audio=True)
        return Answer(mime="video/mp4", body=data, chunked=True)
    data = sounding((Note(LOWEST, dubbing.seconds),), dubbing.seed, _SOUND)
    return Answer(mime="audio/mpeg", body=data, chunked=True)


def _delete(asked: _Asked) -> Answer:
    dubbing = _known(asked)
    dubbing.cancelled = True
    del asked.state.dubbings[dubbing.id]
    return answer_json({"status": "ok"})


ROUTES: Mapping[str, Route[ElevenState]] = {
    "POST /v1/dubbing": Route(answer=_dub, form=Dub, check=_check),
    "GET /v1/dubbing/{dubbing_id}": Route(answer=_poll),
    "GET /v1/dubbing/{dubbing_id}/audio/{language_code}": Route(answer=_fetch),
    "DELETE /v1/dubbing/{dubbing_id}": Route(answer=_delete),
}
"""The requests for dubs."""
