"""One fake of OpenRouter for the folder, and the four capabilities, signed in there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from fakes.openrouter import KEY, FakeOpenRouter, running
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.openrouter import backend


@pytest.fixture(scope="session")
def shared_fake() -> Generator[FakeOpenRouter]:
    with running() as fake:
        yield fake


@pytest.fixture
def fake(shared_fake: FakeOpenRouter) -> FakeOpenRouter:
    shared_fake.reset()
    return shared_fake


@pytest.fixture(scope="module")
async def client(shared_fake: FakeOpenRouter) -> AsyncGenerator[Any]:
    async with signed_in(backend, shared_fake.base_url, KEY) as harness:
        yield harness.client


@pytest.fixture
def image(fake: FakeOpenRouter, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[0])


@pytest.fixture
def chat(fake: FakeOpenRouter, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[1])


@pytest.fixture
def video(fake: FakeOpenRouter, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[2])


@pytest.fixture
def speech(fake: FakeOpenRouter, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[3])
