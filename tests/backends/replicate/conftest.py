"""One fake of Replicate for the folder, and the capabilities, signed in there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from fakes.replicate import KEY, FakeReplicate, running
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.replicate import backend


@pytest.fixture(scope="session")
def shared_fake() -> Generator[FakeReplicate]:
    with running() as fake:
        yield fake


@pytest.fixture
def fake(shared_fake: FakeReplicate) -> FakeReplicate:
    shared_fake.reset()
    return shared_fake


@pytest.fixture(scope="module")
async def client(shared_fake: FakeReplicate) -> AsyncGenerator[Any]:
    async with signed_in(backend, shared_fake.base_url, KEY) as harness:
        yield harness.client


@pytest.fixture
def image(fake: FakeReplicate, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[0])


@pytest.fixture
def video(fake: FakeReplicate, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[1])


@pytest.fixture
def speech(fake: FakeReplicate, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[2])


@pytest.fixture
def music(fake: FakeReplicate, client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[3])
