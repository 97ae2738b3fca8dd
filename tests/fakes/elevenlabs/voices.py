"""The account's voices: listed, designed from a description, and cloned from recordings."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TypeAlias

from elevenlabs.text_to_voice.preview.raw_client import AsyncRawPreviewClient
from elevenlabs.text_to_voice.raw_client import AsyncRawTextToVoiceClient
from elevenlabs.user.subscription.raw_client import AsyncRawSubscriptionClient
from elevenlabs.voices.ivc.raw_client import AsyncRawIvcClient
from elevenlabs.voices.raw_client import AsyncRawVoicesClient
from pydantic import Field

from fakes.elevenlabs.audio import audio, speech_seconds, upload_seconds
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.sdk import SEED_31, sdk_route
from fakes.elevenlabs.state import VOICES, ElevenState, Preview, moderate, short_id
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

_PAGE = 10
_DESIGN_MODELS = ("eleven_ttv_v3", "eleven_multilingual_ttv_v2")
_DEFAULT_TEXT = "Well, here I am, and this is how I sound when I may choose what to say to the world around me, today."
_MAX_FILES = 25


def _list(asked: _Asked) -> Answer:
    search = (asked.query.search or "").lower()
    found = [voice for voice, name in asked.state.voices.items() if search in name.lower()]
    start = found.index(asked.query.next_page_token) + 1 if asked.query.next_page_token else 0
    page = found[start : start + (asked.query.page_size or _PAGE)]
    more = start + len(page) < len(found)
    voices = [_voice(asked.state, voice) for voice in page]
    token = page[-1] if more else None
    return answer_json({"voices": voices, "has_more": more, "total_count": len(found), "next_page_token": token})


def _get(asked: _Asked) -> Answer:
    if asked.id not in asked.state.voices:
        raise refusal(400, "voice_not_found", f"A voice for the voice_id '{asked.id}' was not found.")
    return answer_json(_voice(asked.state, asked.id))


def _voice(state: ElevenState, voice: str) -> Mapping[str, object]:
    category = "premade" if voice in VOICES else "generated"
    lists: Mapping[str, object] = {"available_for_tiers": [], "high_quality_base_model_ids": [], "labels": {}}
    return {"voice_id": voice, "name": state.voices[voice], "category": category, **lists}


def _check_clone(asked: _Asked) -> None:
    if len(asked.files) > _MAX_FILES:
        raise refusal(400, "invalid_parameters", "There are too many files.", param="files")
    upload_seconds(asked.files)


def _clone(asked: _Asked) -> Answer:
    if asked.state.settings.plan == "free":
        message = "Your subscription does not include instant voice cloning. Please upgrade your plan."
        raise refusal(400, "can_not_use_instant_voice_cloning", message)
    moderate(f"{asked.body.name} {asked.body.description}")
    return answer_json({"voice_id": asked.state.add_voice(asked.body.name), "requires_verification": False})


def _check_design(asked: _Asked) -> None:
    asked.state.require_model(asked.body.model_id, _DESIGN_MODELS)
    if (asked.body.text is None) != bool(asked.body.auto_generate_text):
        raise refusal(422, "invalid_parameters", "Give a text or have one generated.", param="text")


def _design(asked: _Asked) -> Answer:
    text = asked.body.text or _DEFAULT_TEXT
    moderate(asked.body.voice_description + text)
    asked.state.spend(len(text))
    previews: list[Mapping[str, object]] = []
    for number in range(3):
        data = audio(speech_seconds(text), f"{number} {asked.body.model_dump_json()}", asked.query.output_format)
        name = short_id()
        asked.state.previews[name] = Preview(audio=data)
        about = {"media_type": "audio/mpeg", "duration_secs": speech_seconds(text), "language": "en"}
        previews.append({"audio_base_64": base64.b64encode(data).decode(), "generated_voice_id": name, **about})
    return answer_json({"previews": previews, "text": text})


def _preview(state: ElevenState, name: str) -> Preview:
    if name not in state.previews:
        raise refusal(404, "generated_voice_not_found", f"A generated voice with the ID {name} was not found.")
    return state.previews[name]


def _stream_preview(asked: _Asked) -> Answer:
    return Answer(mime="audio/mpeg", body=_preview(asked.state, asked.id).audio, chunked=True)


def _save(asked: _Asked) -> Answer:
    preview = _preview(asked.state, asked.body.generated_voice_id)
    if preview.saved:
        raise refusal(409, "voice_already_created", "A voice was already created from this preview.")
    moderate(asked.body.voice_name + asked.body.voice_description)
    voice = asked.state.add_voice(asked.body.voice_name)
    preview.saved = True
    return answer_json(_voice(asked.state, voice))


def _subscription(_asked_nothing: _Asked) -> Answer:
    used = {"character_count": 1_200, "character_limit": 10_000, "can_extend_character_limit": False}
    return answer_json({"tier": "starter", "status": "active", **used})


ROUTES: Mapping[str, Route[ElevenState]] = {
    **sdk_route(AsyncRawSubscriptionClient.get, _subscription),
    **sdk_route(AsyncRawVoicesClient.search, _list),
    **sdk_route(AsyncRawVoicesClient.get, _get),
    **sdk_route(AsyncRawIvcClient.create, _clone, _check_clone),
    **sdk_route(
        AsyncRawTextToVoiceClient.design,
        _design,
        _check_design,
        seed=SEED_31,
        text=Field(min_length=100, max_length=1000),
    ),
    **sdk_route(AsyncRawPreviewClient.stream, _stream_preview),
    **sdk_route(AsyncRawTextToVoiceClient.create, _save),
}
