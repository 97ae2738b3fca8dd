"""Recordings that are converted, isolated or dubbed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from elevenlabs.audio_isolation.raw_client import AsyncRawAudioIsolationClient
from elevenlabs.dubbing.audio.raw_client import AsyncRawAudioClient
from elevenlabs.dubbing.raw_client import AsyncRawDubbingClient
from elevenlabs.speech_to_speech.raw_client import AsyncRawSpeechToSpeechClient
from elevenlabs.types.voice_settings import VoiceSettings

from fakes.elevenlabs.audio import allow_format, audio, audio_answer, upload_seconds
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.sdk import closed, sdk_route
from fakes.elevenlabs.state import FORBIDDEN, Dub, ElevenState, short_id
from loopback.connection import Answer
from loopback.faults import answer_json, parsed
from loopback.films import film
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

_MODELS = ("eleven_multilingual_sts_v2", "eleven_english_sts_v2")
_CREDITS_A_SECOND, _DUB_CREDITS_A_SECOND = 17, 50
_MP3 = "mp3_44100_128"


def _check_conversion(asked: _Asked) -> None:
    asked.state.require_voice(asked.id)
    asked.state.require_model(asked.body.model_id, _MODELS)
    allow_format(asked.state, asked.query.output_format)
    if asked.body.voice_settings is not None:
        parsed(closed(VoiceSettings), asked.body.voice_settings.encode())
    _check_one_file(asked)


def _check_one_file(asked: _Asked) -> None:
    upload_seconds(asked.files)
    if len(asked.files) > 1:
        raise refusal(422, "invalid_parameters", "There is more than one file.")


def _convert(asked: _Asked) -> Answer:
    return _changed(asked, asked.query.output_format, **{"request-id": short_id()})


def _isolate(asked: _Asked) -> Answer:
    return _changed(asked, _MP3)


def _changed(asked: _Asked, code: str, **headers: str) -> Answer:
    seconds = upload_seconds(asked.files)
    data = audio(seconds, asked.route, code)
    return audio_answer(asked.state, _CREDITS_A_SECOND * seconds, data, code, **headers)


def _check_dub(asked: _Asked) -> None:
    _check_one_file(asked)
    if not asked.body.target_lang or "-" in asked.body.target_lang + (asked.body.source_lang or ""):
        raise refusal(422, "invalid_parameters", "Languages have no region here.", param="target_lang")


def _dub(asked: _Asked) -> Answer:
    seconds = upload_seconds(asked.files)
    asked.state.spend(round(_DUB_CREDITS_A_SECOND * seconds))
    dub = Dub(
        polls=asked.state.settings.polls,
        language=asked.body.target_lang,
        video=asked.files[0].mime.startswith("video/"),
        error="No speech was found in the file." if FORBIDDEN in (asked.body.name or "") else "",
    )
    name = short_id()
    asked.state.dubs[name] = dub
    asked.state.under_way.append(dub)
    return answer_json({"dubbing_id": name, "expected_duration_sec": seconds})


def _known(asked: _Asked) -> Dub:
    if asked.id not in asked.state.dubs:
        raise refusal(404, "dubbing_not_found", f"There is no dubbing with the ID {asked.id}.")
    return asked.state.dubs[asked.id]


def _poll(asked: _Asked) -> Answer:
    dub = _known(asked)
    dub.poll()
    done = "failed" if dub.error else "dubbed"
    return answer_json(
        {
            "dubbing_id": asked.id,
            "name": "",
            "status": done if dub.done else "dubbing",
            "source_language": None,
            "target_languages": [dub.language],
            "created_at": "2026-11-30T00:00:00Z",
            "error": dub.error if dub.error and dub.done else None,
        }
    )


def _fetch(asked: _Asked) -> Answer:
    dub = _known(asked)
    if not dub.done or dub.error or asked.ids[1] != dub.language:
        raise refusal(425, "dubbing_not_ready", "The dubbing is not ready yet.")
    if dub.video:
        return Answer(mime="video/mp4", body=film(b"", (16, 16), 1, audio=True), chunked=True)
    return Answer(mime="audio/mpeg", body=audio(1.0, asked.id, _MP3), chunked=True)


ROUTES: Mapping[str, Route[ElevenState]] = {
    **sdk_route(AsyncRawSpeechToSpeechClient.convert, _convert, _check_conversion),
    **sdk_route(AsyncRawAudioIsolationClient.convert, _isolate, _check_one_file),
    **sdk_route(AsyncRawDubbingClient.create, _dub, _check_dub),
    **sdk_route(AsyncRawDubbingClient.get, _poll),
    **sdk_route(AsyncRawAudioClient.get, _fetch),
}
