"""The fake of ElevenLabs against what the provider publishes of its interface, where that is at hand."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import httpx
import pytest

from fakes.elevenlabs import KEY, running
from fakes.elevenlabs.__main__ import CONTRACT
from fakes.elevenlabs.catalogue import GEORGE
from fakes.elevenlabs.newer import Published
from loopback.contract import Contract

SPEAK, TALK, SOUND = (
    "POST /v1/text-to-speech/{voice_id}",
    "POST /v1/text-to-dialogue",
    "POST /v1/sound-generation",
)
SAID: Mapping[str, Any] = {"text": "Hello.", "model_id": "eleven_v4"}
INPUTS: list[Mapping[str, Any]] = [{"text": "Hello.", "voice_id": GEORGE.id}]


@pytest.fixture(scope="module")
def contract() -> Contract:
    if CONTRACT is None:
        pytest.skip("what the provider publishes is not at hand")
    return CONTRACT


@pytest.fixture(scope="module")
def browser() -> Generator[httpx.Client]:
    with (
        running() as fake,
        httpx.Client(base_url=fake.url, headers={"xi-api-key": KEY}, trust_env=False, timeout=30) as browser,
    ):
        yield browser


@pytest.mark.parametrize("path", ["/v2/voices", "/v1/models"])
def test_an_answer_is_of_the_shape_that_is_published(browser: httpx.Client, contract: Contract, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert not contract.answer_objection(f"GET {path}", 200, answer.json())


def test_a_refusal_is_of_the_shape_that_is_published(browser: httpx.Client, contract: Contract) -> None:
    answer = browser.post("/v1/sound-generation", json={"text": ""})
    assert answer.status_code == 422
    assert not contract.answer_objection(SOUND, 422, answer.json())


@pytest.mark.parametrize(
    ("route", "body", "words"),
    [
        (SPEAK, SAID, {"colour": "red"}),
        (SPEAK, SAID, {"text": 7}),
        (SPEAK, SAID, {"apply_text_normalization": "maybe"}),
        (SPEAK, SAID, {"voice_settings": {"stability": 2}}),
        (SPEAK, SAID, {"voice_settings": {"colour": "red"}}),
        (TALK, {"inputs": INPUTS}, {"inputs": [{"text": "Hello."}]}),
        (TALK, {"inputs": INPUTS}, {"settings": {"style": 1}}),
        (SOUND, {"text": "a bell"}, {"seed": 7}),
        (SOUND, {"text": "a bell"}, {"loop": "yes"}),
        (SOUND, {"text": "a bell"}, {"model_id": "eleven_v4"}),
    ],
    ids=str,
)
def test_what_is_published_knows_no_such_request(
    contract: Contract, route: str, body: Mapping[str, Any], words: Mapping[str, Any]
) -> None:
    assert not contract.objection(route, "application/json", dict(body))
    assert contract.objection(route, "application/json", {**body, **words})


@pytest.mark.parametrize(
    ("route", "words", "fits"),
    [
        (SPEAK, {"output_format": "wav_24000", "optimize_streaming_latency": "2", "enable_logging": "true"}, True),
        (SPEAK, {"output_format": "mp3_48000_320"}, False),
        (SPEAK, {"enable_logging": "maybe"}, False),
        (SPEAK, {"colour": "red"}, False),
        (SOUND, {"output_format": "wav_48000"}, True),
        ("POST /v1/text-to-voice/design", {"output_format": "wav_48000"}, False),
        ("POST /v1/voice-changer/{voice_id}", {"output_format": "pcm_16000"}, True),
        ("POST /v1/voice-changer/{voice_id}", {"output_format": "flac"}, False),
        ("GET /v2/voices", {"page_size": "100", "search": "7"}, True),
        ("GET /v2/voices", {"page_size": "all"}, False),
    ],
    ids=str,
)
def test_a_query_is_held_to_what_is_published(
    contract: Contract, route: str, words: Mapping[str, str], *, fits: bool
) -> None:
    assert bool(contract.query_objection(route, words)) is not fits


def test_sounds_are_not_published_as_wav() -> None:
    bare = Published.found("elevenlabs-*.json", prefix="", requests=(), answers=())
    if bare is None:
        pytest.skip("what the provider publishes is not at hand")
    assert bare.query_objection(SOUND, {"output_format": "wav_48000"})


def test_a_path_that_moved_is_held_to_what_was_published_before(contract: Contract) -> None:
    route, mime = "POST /v1/voice-changer/{voice_id}", "multipart/form-data"
    assert not contract.objection(route, mime, {"audio": "a.mp3", "model_id": "eleven_multilingual_sts_v2"})
    assert contract.objection(route, mime, {"audio": "a.mp3", "colour": "red"})


NEEDS: Mapping[str, tuple[str, Any]] = {
    "model_id": (SOUND, {"text": "a bell", "model_id": "eleven_text_to_sound_v3"}),
    "similarity": (TALK, {"inputs": INPUTS, "settings": {"similarity": 0.5}}),
    "previous_text": (TALK, {"inputs": INPUTS, "previous_text": "Hello."}),
    "future_text": (TALK, {"inputs": INPUTS, "future_text": "Hello."}),
    "previous_request_ids": (TALK, {"inputs": INPUTS, "previous_request_ids": ["a"]}),
    "next_request_ids": (TALK, {"inputs": INPUTS, "next_request_ids": ["a"]}),
}


@pytest.mark.parametrize("field", NEEDS)
def test_what_is_called_newer_is_not_published(contract: Contract, field: str) -> None:
    bare = Published.found("elevenlabs-*.json", prefix="", requests=(), answers=())
    assert bare is not None
    route, body = NEEDS[field]
    assert bare.objection(route, "application/json", body)
    assert not contract.objection(route, "application/json", body)
