"""Signing in to OpenAI: the address, the key, and the variables that count."""

from __future__ import annotations

import openai
import pytest

from fakes.openai import KEY, WRONG_KEY, FakeOpenAI
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.plugin.access import Access
from mediasmith.plugin.errors import MissingKey, ModelGone, NotServed
from mediasmith.runtime.network import SystemNetwork
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.openai import backend
from mediasmith_backends.openai.client import base_url, is_openai, poll_after

SPEAK = "POST /v1/audio/speech"
_, SPEECH, VIDEO = backend.capabilities


def access(url: str = "", **env: str) -> Access:
    return Access(key=KEY, env=env, base_url=url, network=SystemNetwork())


def test_the_base_url_is_mediasmiths_own_then_the_sdks_then_openais() -> None:
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
def test_videos_are_missing_at_openai_itself_and_nowhere_else(url: str, own: bool) -> None:
    assert is_openai(access(url)) == own
    assert ("2026-09-24" in VIDEO.ended(access(url))) == own


async def test_declared_variables_are_honoured_and_no_others(fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-undeclared")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-undeclared")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "authorization: Bearer sk-custom\nx-custom: yes")
    declared = {"OPENAI_BASE_URL": fake.base_url, "OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1"}
    for env in (declared, {"OPENAI_BASE_URL": fake.base_url}):
        async with signed_in(backend, "", KEY, capability=SPEECH, env=env) as harness:
            assert harness.client.api_key == KEY
            await harness.generate()
    named, bare = [request["headers"] for request in fake.log()]
    assert (named["openai-organization"], named["openai-project"]) == ("org-1", "proj-1")
    assert not {"openai-organization", "openai-project"} & bare.keys()
    assert not [name for headers in (named, bare) for name in headers if "custom" in name]


async def test_a_rejected_key_names_the_variable_and_not_the_key(fake: FakeOpenAI) -> None:
    async with signed_in(backend, fake.base_url, WRONG_KEY, capability=SPEECH) as harness:
        error = await harness.failure_of()
    assert isinstance(error, MissingKey)
    assert "OPENAI_API_KEY" in str(error)
    assert WRONG_KEY[:8] not in str(error)
    assert error.message == "OpenAI does not accept its key: Incorrect API key provided: [secret]."


async def test_a_paying_request_follows_no_redirect(fake: FakeOpenAI, speech: AdapterHarness) -> None:
    fake.script(SPEAK, {"status": 307, "headers": {"location": f"{fake.base_url}/images/generations"}})
    assert isinstance(await speech.failure_of(), NotServed)
    assert fake.counts() == {SPEAK: 1}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"openai-poll-after-ms": "2500", "retry-after": "9"}, 2.5),
        ({"retry-after": "9"}, 9.0),
        ({"openai-poll-after-ms": "soon"}, None),
        ({}, None),
    ],
)
def test_the_next_poll_is_when_the_provider_advises(headers: dict[str, str], seconds: float | None) -> None:
    assert poll_after(headers) == seconds


@pytest.mark.parametrize("path", ["", "/openai"])
async def test_a_base_url_that_leads_nowhere_says_what_was_asked(fake: FakeOpenAI, path: str) -> None:
    async with signed_in(backend, f"{fake.url}{path}/", KEY, capability=SPEECH) as harness:
        error = await harness.failure_of()
    assert isinstance(error, NotServed)
    assert error.message.startswith(f"There is nothing at {fake.url}{path}/audio/speech (404")
    assert "It usually ends with /v1. OpenAI's own is https://api.openai.com/v1." in error.hint


async def test_a_404_that_is_about_a_model_is_no_fault_of_the_base_url(fake: FakeOpenAI) -> None:
    words = {"error": {"message": "The model `tts-1` does not exist.", "type": "NotFoundError", "code": 404}}
    fake.script(SPEAK, {"status": 404, "body": words})
    async with signed_in(backend, fake.base_url, KEY, capability=SPEECH) as harness:
        assert isinstance(await harness.failure_of(), ModelGone)


async def test_the_check_asks_for_models_and_finds_a_wrong_key_or_base_url(fake: FakeOpenAI) -> None:
    assert backend.check
    async with signed_in(backend, fake.base_url, KEY) as harness:
        assert await backend.check(harness.client) == ""
    for url, key, kind in ((fake.base_url, WRONG_KEY, MissingKey), (fake.url, KEY, NotServed)):
        async with signed_in(backend, url, key) as harness:
            with pytest.raises(openai.APIStatusError) as caught:
                await backend.check(harness.client)
        assert isinstance(backend.explain(caught.value), kind)
    assert fake.paid() == 0


@pytest.mark.parametrize("env", [{}, {"OPENAI_API_KEY": "k"}], ids=["without a key", "with a key"])
def test_videos_are_offered_by_gateways_alone(env: dict[str, str]) -> None:
    def offered(**more: str) -> bool:
        registry = Registry(backends={"openai": backend}, broken={})
        installation = Installation.load(settings=Settings(), env={**env, **more}, backends=registry)
        [offer] = installation.offers("video")
        return "2026-09-24" not in offer.missing

    assert not offered()
    assert offered(MEDIASMITH_OPENAI_BASE_URL="https://gateway.example/v1")
