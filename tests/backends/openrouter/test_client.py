"""Signing in to OpenRouter."""

from __future__ import annotations

import pytest

from fakes.openrouter import KEY, WRONG_KEY, FakeOpenRouter
from mediasmith.plugin.errors import MissingKey, Unreachable
from mediasmith.testing import signed_in
from mediasmith_backends.openrouter import backend

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


async def test_an_invalid_base_url_is_reported_as_one() -> None:
    with pytest.raises(Exception, match="port") as caught:
        async with signed_in(backend, "http://127.0.0.1:port", KEY):
            pass
    assert isinstance(caught.value, Exception)
    error = backend.explain(caught.value)
    assert isinstance(error, Unreachable)
    assert error.billed == "no"
