"""The fake of ElevenLabs refuses what the provider does not take: it is worth no more than it is strict."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import httpx
import pytest

from fakes.elevenlabs import KEY, FakeElevenLabs
from fakes.elevenlabs.errors import WRONG_KEY
from fakes.elevenlabs.media import Recording
from fakes.elevenlabs.state import GEORGE, VOICES

Fields = Mapping[str, Any]

SPEAK, TALK, SOUND = f"/v1/text-to-speech/{GEORGE}", "/v1/text-to-dialogue", "/v1/sound-generation"
PLAN, COMPOSE, DESIGN = "/v1/music/plan", "/v1/music", "/v1/text-to-voice/design"
CONVERT, CLONE, DUB = f"/v1/voice-changer/{GEORGE}", "/v1/voices/add", "/v1/dubbing"
CHUNK: Fields = {"text": "la", "duration_ms": 3000, "positive_styles": []}
EXCERPT: Fields = {"song_id": "gone", "range": {"start_ms": 0, "end_ms": 3000}}
VALID: Mapping[str, Fields] = {
    SPEAK: {"text": "Hello.", "model_id": "eleven_v4"},
    TALK: {"inputs": [{"text": "Hello.", "voice_id": GEORGE}], "model_id": "eleven_v4"},
    SOUND: {"text": "a bell", "model_id": "eleven_text_to_sound_v3"},
    PLAN: {"prompt": "a waltz", "model_id": "music_v2"},
    COMPOSE: {"composition_plan": {"chunks": [CHUNK]}, "model_id": "music_v2"},
    DESIGN: {
        "voice_description": "An old pirate with a voice of gravel.",
        "auto_generate_text": True,
        "model_id": "eleven_ttv_v3",
    },
    CONVERT: {"model_id": "eleven_english_sts_v2"},
    CLONE: {"name": "Mine"},
    DUB: {"target_lang": "de"},
}
FILES = {CONVERT: "audio", CLONE: "files", DUB: "file"}
WAV = ("sample.wav", Recording().data, "audio/wav")


@pytest.fixture
def http(fake: FakeElevenLabs) -> Generator[httpx.Client]:
    with httpx.Client(base_url=fake.url, headers={"xi-api-key": KEY}, trust_env=False, timeout=30) as http:
        yield http


def send(http: httpx.Client, path: str, fields: Fields, file: tuple[str, bytes, str] = WAV) -> httpx.Response:
    query = "" if path in (PLAN, CLONE, DUB) else "?output_format=mp3_44100_128"
    if path in FILES:
        return http.post(path + query, data=dict(fields), files={FILES[path]: file})
    return http.post(path + query, json=fields)


@pytest.mark.parametrize("path", VALID)
def test_a_valid_request_is_accepted(http: httpx.Client, path: str) -> None:
    assert send(http, path, VALID[path]).status_code == 200


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        *((path, {"colour": "red"}) for path in VALID),
        (SPEAK, {"text": ""}),
        (SPEAK, {"text": 7}),
        (SPEAK, {"text": "a" * 10_001}),
        (SPEAK, {"seed": "7"}),
        (SPEAK, {"seed": 2**32}),
        (SPEAK, {"language_code": "English"}),
        (SPEAK, {"language_code": None}),
        (SPEAK, {"language_code": "en", "model_id": "eleven_multilingual_v2"}),
        (SPEAK, {"apply_text_normalization": "maybe"}),
        (SPEAK, {"previous_request_ids": ["gone"]}),
        (SPEAK, {"previous_text": "Hi.", "model_id": "eleven_v3"}),
        (SPEAK, {"voice_settings": {"colour": "red"}}),
        (SPEAK, {"voice_settings": {"stability": 1.1}}),
        (SPEAK, {"voice_settings": {"stability": 0.3}, "model_id": "eleven_v3"}),
        (SPEAK, {"voice_settings": {"style": 0.5}}),
        (SPEAK, {"model_id": "eleven_v1"}),
        (TALK, {"inputs": []}),
        (TALK, {"inputs": [{"text": "Hi.", "voice_id": "nobody"}]}),
        (TALK, {"inputs": [{"text": "Hi.", "voice_id": GEORGE, "speaker": "George"}]}),
        (TALK, {"inputs": [{"text": "Hi.", "voice_id": voice} for voice in list(VOICES)[:11]]}),
        (TALK, {"settings": {"style": 0.5}}),
        (TALK, {"model_id": "eleven_multilingual_v2"}),
        (SOUND, {"duration_seconds": 31}),
        (SOUND, {"prompt_influence": 1.1}),
        (SOUND, {"loop": "yes"}),
        (SOUND, {"model_id": "eleven_v4"}),
        (PLAN, {"prompt": ""}),
        (PLAN, {"music_length_ms": 2999}),
        (COMPOSE, {"prompt": "a waltz"}),
        (COMPOSE, {"seed": 2**31}),
        (COMPOSE, {"composition_plan": {"chunks": []}}),
        (COMPOSE, {"composition_plan": {"chunks": [{**CHUNK, "duration_ms": 2999}]}}),
        (COMPOSE, {"composition_plan": {"chunks": [{**CHUNK, "mood": "sad"}]}}),
        (COMPOSE, {"composition_plan": {"chunks": [{**CHUNK, "context_adherence": "odd"}]}}),
        (COMPOSE, {"composition_plan": {"chunks": [{**CHUNK, "duration_ms": 120_000}] * 6}}),
        (COMPOSE, {"composition_plan": {"chunks": [EXCERPT]}}),
        (DESIGN, {"voice_description": "An old pirate."}),
        (DESIGN, {"text": "a" * 100}),
        (DESIGN, {"loudness": 1.1}),
        (CONVERT, {"voice_settings": '{"volume": 1}'}),
        (CONVERT, {"seed": "many"}),
        (CLONE, {"name": ""}),
        (CLONE, {"remove_background_noise": "some"}),
        (DUB, {"target_lang": "de-DE"}),
        (DUB, {"num_speakers": "-1"}),
    ],
)
def test_an_invalid_request_is_refused(http: httpx.Client, fake: FakeElevenLabs, path: str, fields: Fields) -> None:
    assert send(http, path, {**VALID[path], **fields}).status_code in (400, 404, 422)
    assert fake.log()[-1]["status"] != 200


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize(
    "file",
    [("sample.wav", WAV[1], "audio/mpeg"), ("sample.wav", b"not a sound at all", "audio/wav")],
    ids=["other type", "no audio"],
)
def test_a_file_must_be_what_it_claims(http: httpx.Client, path: str, file: tuple[str, bytes, str]) -> None:
    assert send(http, path, VALID[path], file).status_code in (400, 422)


@pytest.mark.parametrize("path", FILES)
def test_a_file_must_be_there_and_in_its_field(http: httpx.Client, path: str) -> None:
    assert http.post(path, data=dict(VALID[path]), files={"other": WAV}).status_code == 422
    assert http.post(path, data=dict(VALID[path]), files={}).status_code == 422


@pytest.mark.parametrize(
    ("settings", "path", "code"),
    [
        ({"credits": 1}, SPEAK, "quota_exceeded"),
        ({"retired": ["eleven_v4"]}, TALK, "model_not_found"),
        ({"inpainting": False}, COMPOSE, "feature_not_available"),
        ({"unlinked": ["eleven_v4"]}, SPEAK, "unsupported_model"),
        ({"voices": 0}, CLONE, "voice_limit_reached"),
        ({"plan": "free"}, CLONE, "can_not_use_instant_voice_cloning"),
    ],
    ids=str,
)
def test_the_account_limits_what_is_accepted(
    http: httpx.Client, fake: FakeElevenLabs, settings: Fields, path: str, code: str
) -> None:
    fake.settings(**settings)
    extra = {COMPOSE: {"store_for_inpainting": True}}.get(path, {})
    extra |= {"previous_request_ids": ["one"]} if "unlinked" in settings else {}
    assert send(http, path, {**VALID[path], **extra}).json()["detail"]["status"] == code


def test_a_plan_limits_the_formats(http: httpx.Client, fake: FakeElevenLabs) -> None:
    for output_format, status in (("mp3_44100_192", 200), ("pcm_44100", 403), ("mp3_48000_320", 422)):
        assert http.post(f"{SPEAK}?output_format={output_format}", json=VALID[SPEAK]).status_code == status


@pytest.mark.parametrize(("key", "code"), [(WRONG_KEY, "invalid_api_key"), ("", "needs_authorization")])
def test_a_key_is_needed(http: httpx.Client, key: str, code: str) -> None:
    answer = http.get("/v2/voices", headers={"xi-api-key": key})
    assert (answer.status_code, answer.json()["detail"]["status"]) == (401, code)


@pytest.mark.parametrize("path", ["/v1/nothing", "/v2/voices?page_size=101", "/v2/voices?sort=age&colour=red"])
def test_other_requests_are_refused(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code in (404, 422)
