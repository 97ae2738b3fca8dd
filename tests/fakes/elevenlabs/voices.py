"""What there is to choose from: the voices of the account and the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import Field

from fakes.elevenlabs.catalogue import SPEECH_MODELS, SpeechModel, Voice
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.state import ElevenState
from loopback.connection import Answer
from loopback.faults import Strict, answer_json
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[ElevenState]

_KINDS = {
    "default": ("premade",),
    "non-default": ("cloned", "generated"),
    "personal": ("cloned", "generated"),
}


class Search(Strict):
    """The query of `GET /v2/voices`. What else can be filtered by, this fake does not know."""

    search: str = ""
    page_size: int = Field(default=10, ge=1, le=100)
    next_page_token: str = ""
    sort: Literal["name", "created_at_unix", ""] = ""
    sort_direction: Literal["asc", "desc"] = "asc"
    voice_type: Literal["default", "non-default", "personal", ""] = ""
    category: Literal["premade", "cloned", "generated", "professional", ""] = ""
    include_total_count: bool = True


class One(Strict):
    """The query of `GET /v1/voices/{voice_id}`."""

    with_settings: bool = True


def _list(asked: _Asked) -> Answer:
    wish: Search = asked.query
    found = [voice for voice in asked.state.voices.values() if _matches(voice, wish)]
    if wish.sort == "name":
        found.sort(key=lambda voice: voice.name, reverse=wish.sort_direction == "desc")
    ids = [voice.id for voice in found]
    if wish.next_page_token and wish.next_page_token not in ids:
        raise refusal(400, "invalid_parameters", "Invalid page token.", param="next_page_token")
    start = ids.index(wish.next_page_token) + 1 if wish.next_page_token else 0
    page = found[start : start + wish.page_size]
    more = start + wish.page_size < len(found)
    return answer_json(
        {
            "voices": [shown(voice) for voice in page],
            "has_more": more,
            "total_count": len(found) if wish.include_total_count else 0,
            "next_page_token": page[-1].id if more else None,
        }
    )


def _matches(voice: Voice, wish: Search) -> bool:
    told = f"{voice.name} {voice.description} {voice.category}".lower()
    kinds = _KINDS.get(wish.voice_type, (voice.category,))
    return wish.search.lower() in told and voice.category in kinds and wish.category in ("", voice.category)


def shown(voice: Voice) -> Mapping[str, object]:
    """A voice as the provider describes it."""
    return {
        "voice_id": voice.id,
        "name": voice.name,
        "samples": None,
        "category": voice.category,
        "fine_tuning": None,
        "labels": {},
        "description": voice.description or None,
        "preview_url": None,
        "available_for_tiers": [],
        "settings": None,
        "sharing": None,
        "high_quality_base_model_ids": list(SPEECH_MODELS),
        "verified_languages": None,
        "is_owner": voice.category != "premade",
        "is_legacy": False,
        "is_mixed": False,
        "created_at_unix": None,
    }


def _get(asked: _Asked) -> Answer:
    if asked.id not in asked.state.voices:
        raise refusal(400, "voice_not_found", f"A voice for the voice_id '{asked.id}' was not found.")
    return answer_json(shown(asked.state.voices[asked.id]))


def _models(asked: _Asked) -> Answer:
    retired = asked.state.settings.retired
    return answer_json([_described(name, model) for name, model in SPEECH_MODELS.items() if name not in retired])


def _described(name: str, model: SpeechModel) -> Mapping[str, object]:
    return {
        "model_id": name,
        "name": model.name,
        "can_be_finetuned": False,
        "can_do_text_to_speech": True,
        "can_do_voice_conversion": False,
        "can_use_style": "style" in model.settings,
        "can_use_speaker_boost": "use_speaker_boost" in model.settings,
        "serves_pro_voices": False,
        "token_cost_factor": model.rate,
        "description": f"{model.name} speaks.",
        "requires_alpha_access": False,
        "max_characters_request_free_user": model.limit // 4,
        "max_characters_request_subscribed_user": model.limit,
        "maximum_text_length_per_request": model.limit,
        "languages": [{"language_id": language, "name": language} for language in model.languages],
        "model_rates": {"character_cost_multiplier": model.rate, "cost_discount_multiplier": 1.0},
        "concurrency_group": "turbo" if model.rate < 1 else "standard",
    }


ROUTES: Mapping[str, Route[ElevenState]] = {
    "GET /v2/voices": Route(answer=_list, query=Search),
    "GET /v1/voices/{voice_id}": Route(answer=_get, query=One),
    "GET /v1/models": Route(answer=_models),
}
"""The requests for lists."""
