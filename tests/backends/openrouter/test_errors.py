"""How OpenRouter is reached, what its refusals mean, and its speech."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Any

import httpx2
import pytest

from fakes.openrouter import KEY, FakeOpenRouter, running
from fakes.openrouter.errors import WRONG_KEY
from mediasmith.plugin.contract import Model, Output, Request
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith.plugin.media import sniff
from mediasmith.testing import AdapterHarness, MemorySink, Relay, relay, signed_in
from mediasmith.testing.wire import Answer
from mediasmith_backends.openrouter import backend

SPEAK, DRAW = "POST /api/v1/audio/speech", "POST /api/v1/images"
IMAGE, _, _, SPEECH = backend.capabilities

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeOpenRouter) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=SPEECH) as hands:
        yield hands


@pytest.fixture(scope="module")
def relayed(held: FakeOpenRouter) -> Generator[Relay]:
    with relay(held.base_url) as wire:
        yield wire


# Signing in


async def test_nothing_of_the_environment_goes_out(fake: FakeOpenRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-undeclared")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-undeclared")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "authorization: Bearer sk-custom\nx-custom: yes")
    async with signed_in(backend, fake.base_url, KEY, capability=SPEECH) as hands:
        assert hands.client.sdk.api_key == KEY
        await hands.make()
    (request,) = fake.log()
    assert request["headers"]["x-title"] == "Mediasmith"
    assert not [name for name in request["headers"] if name.startswith("openai-") or "custom" in name]


async def test_without_an_address_it_is_openrouters_own() -> None:
    async with signed_in(backend, "", KEY) as hands:
        assert str(hands.client.sdk.base_url) == "https://openrouter.ai/api/v1/"


async def test_a_key_that_is_not_accepted_names_the_variable(fake: FakeOpenRouter) -> None:
    async with signed_in(backend, fake.base_url, WRONG_KEY, capability=SPEECH) as hands:
        told = await hands.fails()
    assert isinstance(told, MissingKey)
    assert "OPENROUTER_API_KEY" in str(told)


async def test_an_address_that_is_none_is_told_as_one() -> None:
    try:
        async with signed_in(backend, "http://127.0.0.1:port", KEY):
            pytest.fail("it is taken for one")
    except httpx2.InvalidURL as caught:
        told = backend.explain(caught)
    assert isinstance(told, Unreachable)
    assert told.billed == "no"


# Refusals


def error(code: object, metadata: Mapping[str, object] | None = None, **more: object) -> dict[str, Any]:
    return {"error": {"code": code, "message": "Words of OpenRouter's.", "metadata": metadata or {}, **more}}


def typed(name: str) -> dict[str, str]:
    return {"error_type": name}


def unavailable(code: str) -> dict[str, Any]:
    return error(404, availability={"code": code, "retryable": False})


BUSY_MONEY = {"limit_source": "openrouter_in_flight_budget"}

REFUSALS: Mapping[str, tuple[int, object, type[MediaError], str | None]] = {
    "flagged": (403, error(403, {"reasons": ["violence", "hate"], "flagged_input": "a"}), Refused, "no"),
    "guarded": (403, error(403, {"patterns": ["ignore all"]}), Refused, "no"),
    "policy": (400, error(400, typed("content_policy_violation")), Refused, None),
    "refused": (400, error(400, typed("refusal")), Refused, None),
    "not allowed": (403, error(403), Unsuitable, "no"),
    "no region": (403, unavailable("region_restricted"), Unsuitable, "no"),
    "no credit": (402, error(402), OutOfCredit, "no"),
    "no credit, as text": (402, error("402"), OutOfCredit, "no"),
    "key spent": (403, error(403, {"limit_source": "openrouter_key_limit"}), OutOfCredit, "no"),
    "budget spent": (403, error(403, {"limit_source": "openrouter_guardrail_budget"}), OutOfCredit, "no"),
    "too much at once": (402, error(402, BUSY_MONEY), RateLimited, "no"),
    "too many": (429, error(429), RateLimited, "no"),
    "gone": (404, error(404), ModelGone, "no"),
    "never there": (400, unavailable("model_not_found"), ModelGone, "no"),
    "another route": (400, unavailable("wrong_endpoint"), Unsuitable, "no"),
    "private": (404, unavailable("privacy_restricted"), Unsuitable, "no"),
    "wrong": (400, error(400), InvalidRequest, "no"),
    "too large": (413, error(413), InvalidRequest, "no"),
    "broken": (502, error(502), ProviderError, None),
    "overloaded": (503, error(503), ProviderError, "no"),
    "overloaded behind": (529, error(529), ProviderError, None),
    "too slow": (504, error(504), TimedOut, None),
    "another shape": (400, {"error": "no"}, InvalidRequest, "no"),
    "odd parts": (400, error([], availability=7), InvalidRequest, "no"),
    "no object": (502, ["no"], ProviderError, None),
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refusal_is_told_by_what_stands_beside_its_status_and_is_asked_for_once(
    fake: FakeOpenRouter, hands: AdapterHarness, case: str
) -> None:
    status, body, kind, billed = REFUSALS[case]
    fake.script(SPEAK, {"status": status, "headers": {"retry-after": "20"}, "body": body, "times": 5})
    told = await hands.fails()
    assert type(told) is kind
    assert told.billed == billed
    assert getattr(told, "retry_after", 20.0) == 20.0
    assert fake.paid() == 1


WITHIN: Mapping[str, tuple[object, type[MediaError], str | None]] = {
    "a number": (error(402), OutOfCredit, "no"),
    "a text": (error("402"), OutOfCredit, "no"),
    "a fraction": (error(429.0), RateLimited, None),
    "overloaded": (error(503), ProviderError, None),
    "flagged": (error(403, {"reasons": ["hate"]}), Refused, "no"),
    "behind": (error(502, typed("provider_unavailable")), ProviderError, None),
    "a word": (error("server_error"), ProviderError, None),
    "none": (error(None), ProviderError, None),
    "a truth": (error(True), ProviderError, None),
    "too large": (error(10**400), ProviderError, None),
    "out of range": (error(200), ProviderError, None),
}


@pytest.mark.parametrize("case", WITHIN)
async def test_an_error_within_an_answer_is_told_as_it_is_beside_a_status(
    fake: FakeOpenRouter, hands: AdapterHarness, case: str
) -> None:
    body, kind, billed = WITHIN[case]
    fake.script(SPEAK, {"status": 200, "body": body, "times": 5})
    told = await hands.fails()
    assert type(told) is kind
    assert told.billed == billed
    assert "Words of OpenRouter's" in told.message
    assert fake.paid() == 1


async def test_what_was_flagged_says_why(fake: FakeOpenRouter) -> None:
    async with signed_in(backend, fake.base_url, KEY, capability=IMAGE) as hands:
        call = hands.of(Request(model=IMAGE.models[0], prompt="forbidden", params=IMAGE.params(), inputs={}))
        with pytest.raises(Exception, match="flagged") as caught:
            await IMAGE.start(call)
    told = backend.explain(caught.value)
    assert isinstance(told, Refused)
    assert told.reason == "violence"


async def test_an_empty_account_is_told(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    fake.settings(credit=0)
    assert isinstance(await hands.fails(), OutOfCredit)


# Speech


def samples(output: Output) -> tuple[int, int, int]:
    """The rate, the channels and the number of the samples of a recording."""
    assert isinstance(output.body, bytes)
    with wave.open(io.BytesIO(output.body)) as reader:
        return reader.getframerate(), reader.getnchannels(), reader.getnframes()


async def test_speech_is_mp3_written_as_it_comes(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    (output,) = (await hands.make()).outputs
    assert isinstance(output.body, MemorySink)
    assert (output.mime, sniff(output.body.data)) == ("audio/mpeg", "audio/mpeg")
    (request,) = fake.log()
    assert request["body"] == {
        "model": "openai/gpt-4o-mini-tts-2025-12-15",
        "input": "a red kite",
        "response_format": "mp3",
        "voice": "marin",
    }


async def test_samples_are_asked_for_by_name_and_wrapped(fake: FakeOpenRouter, hands: AdapterHarness) -> None:
    (output,) = (await hands.make(output_format="wav", voice="nova", speed=2.0, instructions="calm")).outputs
    assert output.mime == "audio/wav"
    assert samples(output)[:2] == (24_000, 1)
    (request,) = fake.log()
    asked = {"response_format": "pcm", "voice": "nova", "speed": 2.0, "instructions": "calm"}
    assert {name: request["body"][name] for name in asked} == asked


@pytest.mark.parametrize(
    ("mime", "rate", "channels"),
    [
        ("audio/pcm", 24_000, 1),
        ("audio/pcm;rate=16000", 16_000, 1),
        ("audio/pcm; rate=44100; channels=2", 44_100, 2),
        ("audio/pcm;rate=many;channels=0", 24_000, 1),
        ("audio/pcm;rate=999999;channels=100000", 24_000, 1),
    ],
)
async def test_samples_are_as_their_type_says(relayed: Relay, mime: str, rate: int, channels: int) -> None:
    relayed.clear()
    relayed.script(Answer(status=200, mime=mime, body=bytes(4800)))
    async with signed_in(backend, relayed.url, KEY, capability=SPEECH) as hands:
        (output,) = (await hands.make(output_format="wav")).outputs
    assert samples(output) == (rate, channels, 4800 // 2 // channels)


async def test_another_format_than_was_asked_for_is_kept_and_told(relayed: Relay) -> None:
    relayed.clear()
    relayed.script(
        Answer(status=200, mime="audio/pcm", body=bytes(480)), Answer(status=200, mime="audio/ogg", body=b"OggS")
    )
    async with signed_in(backend, relayed.url, KEY, capability=SPEECH) as hands:
        assert [(await hands.make()).outputs[0].mime for _ in range(2)] == ["audio/wav", "audio/ogg"]
        assert [warning for warning in hands.warnings if "output_format mp3" in warning] == hands.warnings
        assert len(hands.warnings) == 2


@pytest.mark.parametrize("mime", ["", "application/octet-stream"])
async def test_sound_that_says_nothing_of_itself_is_what_was_asked_for(relayed: Relay, mime: str) -> None:
    relayed.clear()
    relayed.script(*[Answer(status=200, mime=mime, body=bytes(480))] * 2)
    async with signed_in(backend, relayed.url, KEY, capability=SPEECH) as hands:
        found = [(await hands.make(output_format=form)).outputs[0].mime for form in ("wav", "mp3")]
    assert found == ["audio/wav", "audio/mpeg"]
    assert not hands.warnings


@pytest.mark.parametrize("mime", ["audio/mpeg", "audio/pcm", "", "text/html"])
async def test_an_answer_without_sound_is_none(relayed: Relay, mime: str) -> None:
    relayed.clear()
    relayed.script(Answer(status=200, mime=mime, body=b""))
    async with signed_in(backend, relayed.url, KEY, capability=SPEECH) as hands:
        assert isinstance(await hands.fails(), ProviderError)
    assert not hands.sinks


async def test_a_model_that_nobody_lists_is_asked_and_may_leave_words_out(
    fake: FakeOpenRouter, hands: AdapterHarness
) -> None:
    params = SPEECH.params(voice="Kore", instructions="calm")
    ask = Request(model=Model(id="google/gemini-3.8-flash-tts"), prompt="Hello.", params=params, inputs={})
    await SPEECH.start(hands.of(ask))
    assert [warning for warning in hands.warnings if "instructions" in warning] == hands.warnings
    assert len(hands.warnings) == 1
    assert fake.paid() == 1
