"""The fake of ElevenLabs compared with what the provider publishes, where MEDIASMITH_TEST_SPECS names its folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from fakes.elevenlabs import KEY, FakeElevenLabs
from fakes.elevenlabs.media import Recording
from fakes.elevenlabs.published import REQUESTS, published
from loopback.contract import Contract

SPEAK = "POST /v1/text-to-speech/{voice_id}"
SOUND = "POST /v1/sound-generation"
DESCRIPTION = "An old pirate with a voice of gravel."
SAID: Mapping[str, Any] = {"text": "Hello.", "model_id": "eleven_v4"}


@pytest.fixture(scope="module")
def contract() -> Contract:
    found = published()
    if found is None:
        pytest.skip("MEDIASMITH_TEST_SPECS names no folder with the provider's published contract")
    return found


def test_every_answer_has_the_published_shape(contract: Contract, fake: FakeElevenLabs) -> None:
    recording = ("sample.wav", Recording().data, "audio/wav")
    with httpx.Client(base_url=fake.url, headers={"xi-api-key": KEY}, trust_env=False, timeout=30) as http:
        design = {"voice_description": DESCRIPTION, "auto_generate_text": True, "model_id": "eleven_ttv_v3"}
        previews = http.post("/v1/text-to-voice/design?output_format=mp3_44100_128", json=design)
        preview = previews.json()["previews"][0]["generated_voice_id"]
        save = {"voice_name": "Ahab", "voice_description": DESCRIPTION, "generated_voice_id": preview}
        dub = http.post("/v1/dubbing", data={"target_lang": "de"}, files={"file": recording})
        answers = {
            "GET /v2/voices": http.get("/v2/voices"),
            "POST /v1/voices/add": http.post("/v1/voices/add", data={"name": "Mine"}, files={"files": recording}),
            "POST /v1/text-to-voice/design": previews,
            "POST /v1/text-to-voice": http.post("/v1/text-to-voice", json=save),
            "POST /v1/music/plan": http.post("/v1/music/plan", json={"prompt": "a waltz", "model_id": "music_v2"}),
            "POST /v1/dubbing": dub,
            "GET /v1/dubbing/{id}": http.get(f"/v1/dubbing/{dub.json()['dubbing_id']}"),
        }
        refused = http.post("/v1/sound-generation", json={"text": ""})
    for route, answer in answers.items():
        assert answer.status_code == 200, answer.text
        assert not contract.answer_objection(route, 200, answer.json()), route
    assert refused.status_code == 422
    assert not contract.answer_objection(SOUND, 422, refused.json())


@pytest.mark.parametrize(
    ("route", "mime", "body"),
    [
        (SPEAK, "application/json", {**SAID, "colour": "red"}),
        (SPEAK, "application/json", {**SAID, "voice_settings": {"stability": 2}}),
        (SOUND, "application/json", {"text": "a bell", "seed": 7}),
        ("POST /v1/voice-changer/{voice_id}", "multipart/form-data", {"audio": "a.mp3", "colour": "red"}),
    ],
    ids=str,
)
def test_the_published_contract_refuses_what_it_does_not_know(
    contract: Contract, route: str, mime: str, body: Mapping[str, Any]
) -> None:
    assert contract.objection(route, mime, body)


@pytest.mark.parametrize(
    ("route", "query", "fits"),
    [
        (SPEAK, {"output_format": "wav_24000", "enable_logging": "true"}, True),
        (SPEAK, {"output_format": "mp3_48000_320"}, False),
        (SPEAK, {"colour": "red"}, False),
        ("POST /v1/voice-changer/{voice_id}", {"output_format": "pcm_16000"}, True),
        ("GET /v2/voices", {"page_size": "all"}, False),
    ],
    ids=str,
)
def test_a_query_is_compared(contract: Contract, route: str, query: Mapping[str, str], *, fits: bool) -> None:
    assert bool(contract.query_objection(route, query)) is not fits


@pytest.mark.usefixtures("contract")
@pytest.mark.parametrize(
    ("route", "body", "query"),
    [
        (SOUND, {"text": "a bell", "model_id": "eleven_text_to_sound_v3"}, {}),
        (SOUND, {"text": "a bell"}, {"output_format": "wav_48000"}),
        ("POST /v1/music", {"prompt": "a waltz", "model_id": "music_v2_5"}, {}),
    ],
    ids=["sound model", "sound format", "music model"],
)
def test_what_is_listed_as_newer_is_not_published(
    route: str, body: Mapping[str, Any], query: Mapping[str, str]
) -> None:
    bare, known = published(newer=()), published(REQUESTS)
    assert bare
    assert known
    assert bare.objection(route, "application/json", body) or bare.query_objection(route, query)
    assert not known.objection(route, "application/json", body)
    assert not known.query_objection(route, query)
