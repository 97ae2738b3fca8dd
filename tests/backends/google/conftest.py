"""A fake of Google for each file of tests, and clients that are signed in to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any

import pydantic
import pytest

from fakes.google import KEY, FakeGoogle, running
from mediasmith.config.credentials import read_access
from mediasmith.runtime.network import SystemNetwork
from mediasmith.testing import signed_in
from mediasmith_backends.google import backend
from mediasmith_backends.google.client import Google


@pytest.fixture(scope="session", autouse=True)
def kept_models() -> Generator[None]:
    """Keep the models that the SDK rebuilds for each message, which takes most of the time of a test."""
    kept: dict[str, Any] = {}

    def create_model(name: str, **fields: Any) -> Any:
        key = repr((name, fields))
        if key not in kept:
            kept[key] = pydantic.create_model(name, **fields)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("google.genai._gaos.utils.serializers.create_model", create_model)
        yield


@pytest.fixture(scope="module")
def running_fake() -> Generator[FakeGoogle]:
    with running() as fake:
        yield fake


@pytest.fixture
def fake(running_fake: FakeGoogle) -> FakeGoogle:
    """Return the fake without memory of earlier tests."""
    running_fake.reset()
    return running_fake


@pytest.fixture(scope="module")
async def gemini(running_fake: FakeGoogle) -> AsyncGenerator[Google]:
    """Return a client with an API key."""
    async with signed_in(backend, running_fake.url, KEY) as harness:
        yield harness.client


@pytest.fixture(scope="module")
async def enterprise(running_fake: FakeGoogle, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Google]:
    """Return a client of enterprise mode without a bucket."""
    env = running_fake.enterprise_env(tmp_path_factory.mktemp("google") / "account.json")
    async with backend.connect(read_access(backend, env, SystemNetwork())) as client:
        yield client
