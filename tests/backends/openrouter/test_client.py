"""Signing in to OpenRouter."""

from __future__ import annotations

import openai
import pytest

from fakes.openrouter import KEY, WRONG_KEY, FakeOpenRouter
from mediasmith.plugin.errors import MissingKey, NotServed, OutOfCredit
from mediasmith.testing import signed_in
from mediasmith_backends.openrouter import backend

THE_KEY = "GET /api/v1/key"
SPEECH = backend.capabilities[3]


async def test_nothing_of_the_environment_is_sent(fake: FakeOpenRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-undeclared")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-undeclared")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "authorization: Bearer sk-custom\nx-custom: yes")
    async with signed_in(backend, fake.base_url, KEY, capability=SPEECH) as harness:
        assert harness.client.sdk.api_key == KEY
        await harness.generate()
    (request,) = fake.log()
    assert request["headers"]["x-title"] == "Mediasmith"
    assert not [name for name in request["headers"] if name.startswith("openai-") or "custom" in name]


async def test_the_default_base_url_is_openrouters() -> None:
    async with signed_in(backend, "", KEY) as harness:
        assert str(harness.client.sdk.base_url) == "https://openrouter.ai/api/v1/"


async def test_a_rejected_key_names_the_variable(fake: FakeOpenRouter) -> None:
    async with signed_in(backend, fake.base_url, WRONG_KEY, capability=SPEECH) as harness:
        error = await harness.failure_of()
    assert isinstance(error, MissingKey)
    assert "OPENROUTER_API_KEY" in str(error)


async def test_a_base_url_that_leads_nowhere_says_what_was_asked(fake: FakeOpenRouter) -> None:
    fake.script("POST /api/v1/audio/speech", {"status": 404, "body": {"detail": "Not Found"}})
    async with signed_in(backend, fake.base_url, KEY, capability=SPEECH) as harness:
        error = await harness.failure_of()
    assert isinstance(error, NotServed)
    assert error.message.startswith(f"There is nothing at {fake.base_url}/audio/speech (404")
    assert error.hint.startswith("Correct MEDIASMITH_OPENROUTER_BASE_URL")


async def test_the_check_says_what_the_key_may_still_spend(fake: FakeOpenRouter) -> None:
    assert backend.check
    async with signed_in(backend, fake.base_url, KEY) as harness:
        assert await backend.check(harness.client) == "the key has spent 2.50 USD"
        fake.script(THE_KEY, {"body": {"data": {"usage": 1, "limit_remaining": 4}}})
        assert await backend.check(harness.client) == "the key has spent 1.00 USD and may spend 4.00 USD more"
        fake.script(THE_KEY, {"body": {"data": {"usage": 5, "limit_remaining": 0}}})
        with pytest.raises(OutOfCredit, match="raise the limit"):
            await backend.check(harness.client)
    assert (fake.paid(), fake.counts()) == (0, {THE_KEY: 3})


async def test_the_check_finds_a_wrong_key(fake: FakeOpenRouter) -> None:
    assert backend.check
    async with signed_in(backend, fake.base_url, WRONG_KEY) as harness:
        with pytest.raises(openai.AuthenticationError) as caught:
            await backend.check(harness.client)
    assert isinstance(backend.explain(caught.value), MissingKey)
