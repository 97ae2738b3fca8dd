"""How OpenAI is reached, and what its refusals mean."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from fakes.openai import KEY, FakeOpenAI, running
from fakes.openai.errors import WRONG_KEY
from mediasmith.plugin.contract import Access
from mediasmith.plugin.errors import (
    InvalidRequest,
    MediaError,
    MissingKey,
    ModelGone,
    OutOfCredit,
    ProviderError,
    RateLimited,
    Refused,
    StateGone,
    TimedOut,
    Unreachable,
    Unsuitable,
)
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.openai import backend
from mediasmith_backends.openai.client import base_url, is_openai

SPEAK = "POST /v1/audio/speech"
IMAGE, SPEECH, VIDEO = backend.capabilities

PROVIDER = running


@pytest.fixture
async def hands(fake: FakeOpenAI) -> AsyncGenerator[AdapterHarness]:
    async with signed_in(backend, fake.base_url, KEY, capability=SPEECH) as hands:
        yield hands


def access(url: str = "", **env: str) -> Access:
    return Access(key=KEY, env=env, base_url=url)


def test_the_address_is_mediasmiths_own_then_the_sdks_then_openais() -> None:
    assert base_url(access("http://a", OPENAI_BASE_URL="http://b")) == "http://a"
    assert base_url(access(OPENAI_BASE_URL="http://b")) == "http://b"
    assert base_url(access()) == "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("", True),
        ("https://eu.api.openai.com/v1", True),
        ("https://API.OpenAI.com/v1", True),
        ("https://openai.com.example/v1", False),
        ("https://notopenai.com/v1", False),
        ("http://127.0.0.1:8000/v1", False),
    ],
)
def test_openai_itself_is_told_from_what_speaks_its_language(url: str, own: bool) -> None:
    assert is_openai(access(url)) == own
    assert ("2026-09-24" in VIDEO.missing(access(url))) == own


async def test_the_declared_variables_are_honoured_and_no_others(
    fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-undeclared")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-undeclared")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "authorization: Bearer sk-custom\nx-custom: yes")
    declared = {"OPENAI_BASE_URL": fake.base_url, "OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1"}
    for env in (declared, {"OPENAI_BASE_URL": fake.base_url}):
        async with signed_in(backend, "", KEY, capability=SPEECH, env=env) as hands:
            assert hands.client.api_key == KEY
            await hands.make()
    named, bare = [request["headers"] for request in fake.log()]
    assert (named["openai-organization"], named["openai-project"]) == ("org-1", "proj-1")
    assert not {"openai-organization", "openai-project"} & bare.keys()
    assert not [name for headers in (named, bare) for name in headers if "custom" in name]


@pytest.mark.parametrize("key", ["sk-ключ", "sk\u200b-1", "sk-1\nsk-2"])
async def test_a_key_that_can_be_none_is_told_before_anything_is_sent(fake: FakeOpenAI, key: str) -> None:
    with pytest.raises(MissingKey) as caught:
        async with signed_in(backend, fake.base_url, key):
            pass
    assert "does not accept its key" in str(caught.value)
    assert fake.counts() == {}


def error(code: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "error": {"message": "Words of OpenAI's.", "type": "invalid_request_error", "param": None, **more, "code": code}
    }


REFUSALS: Mapping[str, tuple[int, dict[str, Any], type[MediaError], str | None]] = {
    "moderation": (400, error("moderation_blocked"), Refused, None),
    "content policy": (400, error("content_policy_violation"), Refused, None),
    "image policy": (400, error("image_content_policy_violation"), Refused, None),
    "no quota": (429, error("insufficient_quota"), OutOfCredit, "no"),
    "hard limit": (400, error("billing_hard_limit_reached"), OutOfCredit, "no"),
    "too many": (429, error("rate_limit_exceeded"), RateLimited, "no"),
    "no such model": (404, error("model_not_found"), ModelGone, "no"),
    "model denied": (403, error("model_not_found"), ModelGone, "no"),
    "not allowed": (403, error("unsupported_country"), Unsuitable, "no"),
    "no conversation": (400, error("previous_response_not_found"), StateGone, "no"),
    "key": (401, error("invalid_api_key"), MissingKey, "no"),
    "words": (400, error("unknown_parameter"), InvalidRequest, "no"),
    "code that is a number": (400, error(7), InvalidRequest, "no"),  # pyright: ignore[reportArgumentType] - as gateways have it
    "broken": (500, error("server_error"), ProviderError, None),
    "overloaded": (503, error(), ProviderError, "no"),
    "too slow": (504, error(), TimedOut, None),
    "another language": (422, {"detail": [{"msg": "no"}]}, InvalidRequest, "no"),
    "no object": (502, ["no"], ProviderError, None),  # pyright: ignore[reportAssignmentType] - what proxies answer
}


@pytest.mark.parametrize("case", REFUSALS)
async def test_a_refusal_is_told_by_its_code_then_by_its_status_and_is_asked_for_once(
    fake: FakeOpenAI, hands: AdapterHarness, case: str
) -> None:
    status, body, kind, billed = REFUSALS[case]
    fake.script(SPEAK, {"status": status, "body": body, "times": 5})
    told = await hands.fails()
    assert type(told) is kind
    assert told.billed == billed
    assert fake.counts() == {SPEAK: 1}


async def test_a_key_that_is_not_accepted_names_the_variable(fake: FakeOpenAI) -> None:
    async with signed_in(backend, fake.base_url, WRONG_KEY, capability=SPEECH) as hands:
        told = await hands.fails()
    assert isinstance(told, MissingKey)
    assert "OPENAI_API_KEY" in str(told)
    assert WRONG_KEY[:8] not in str(told)


@pytest.mark.parametrize(("stage", "billed"), [("input", "no"), ("output", None)])
async def test_a_refused_picture_says_why_and_whether_it_was_made(
    fake: FakeOpenAI, hands: AdapterHarness, stage: str, billed: str | None
) -> None:
    details = {"categories": ["violence", "self-harm"], "moderation_stage": stage}
    fake.script(SPEAK, {"status": 400, "body": error("moderation_blocked", moderation_details=details)})
    told = await hands.fails()
    assert isinstance(told, Refused)
    assert (told.reason, told.billed) == ("violence, self-harm", billed)
    assert "Words of OpenAI's" in told.message


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
async def test_the_pause_that_is_asked_for_is_passed_on(
    fake: FakeOpenAI, hands: AdapterHarness, headers: dict[str, str], pause: float | None
) -> None:
    fake.script(SPEAK, {"status": 429, "headers": headers, "body": error()})
    told = await hands.fails()
    assert isinstance(told, RateLimited)
    assert told.retry_after == pause


async def test_what_the_provider_says_is_cut_short(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    for code in ("moderation_blocked", None):
        fake.script(SPEAK, {"status": 400, "body": {"error": {"message": "long " * 1000, "code": code}}})
        assert len((await hands.fails()).message) < 400


async def test_a_paying_request_goes_where_no_answer_sends_it(fake: FakeOpenAI, hands: AdapterHarness) -> None:
    fake.script(SPEAK, {"status": 307, "headers": {"location": f"{fake.base_url}/images/generations"}})
    assert isinstance(await hands.fails(), ProviderError)
    assert fake.counts() == {SPEAK: 1}


@pytest.mark.parametrize("fault", ["reset", "garbage", "truncate"])
async def test_a_connection_that_breaks_may_have_cost_something(
    fake: FakeOpenAI, hands: AdapterHarness, fault: str
) -> None:
    fake.script(SPEAK, {fault: True, "times": 5})
    told = await hands.fails()
    assert isinstance(told, Unreachable)
    assert told.billed is None
    assert fake.counts() == {SPEAK: 1}


def test_what_is_no_error_of_the_provider_is_not_explained() -> None:
    assert backend.explain(KeyError("x")) is None
