"""One fake of OpenAI for the folder, and the three capabilities, signed in there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from fakes.openai import KEY, FakeOpenAI, running
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.openai import backend


@pytest.fixture(scope="session")
def shared_fake() -> Generator[FakeOpenAI]:
    with running() as fake:
        yield fake


@pytest.fixture
def fake(shared_fake: FakeOpenAI) -> FakeOpenAI:
    shared_fake.reset()
    shared_fake.settings(polls=1)
    return shared_fake


@pytest.fixture(scope="module")
async def client(shared_fake: FakeOpenAI) -> AsyncGenerator[Any]:
    async with signed_in(backend, shared_fake.base_url, KEY) as harness:
        yield harness.client


@pytest.fixture
def image(fake: FakeOpenAI, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[0])


@pytest.fixture
def speech(fake: FakeOpenAI, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[1])


@pytest.fixture
def video(fake: FakeOpenAI, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[2])
