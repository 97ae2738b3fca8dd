"""One fake of fal for the folder, and capabilities that are signed in there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from fakes.fal import KEY, FakeFal, running
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.fal import backend


@pytest.fixture(scope="session")
def shared_fake() -> Generator[FakeFal]:
    with running() as fake:
        yield fake


@pytest.fixture
def fake(shared_fake: FakeFal) -> FakeFal:
    shared_fake.reset()
    return shared_fake


@pytest.fixture
async def client(fake: FakeFal) -> AsyncGenerator[Any]:
    async with signed_in(backend, fake.url, KEY) as harness:
        yield harness.client


@pytest.fixture
def image(client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client)


@pytest.fixture
def edit(client: Any) -> AdapterHarness:
    return AdapterHarness(backend, client, backend.capabilities[1])
