"""One fake engine for the folder, and the three capabilities, connected to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from typing import Any

import pytest

from fakes.compatible import FakeCompatible, running
from mediasmith.plugin.contract import Model
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.compatible import backend


@pytest.fixture(scope="session")
def shared_fake() -> Generator[FakeCompatible]:
    with running() as fake:
        yield fake


@pytest.fixture
def fake(shared_fake: FakeCompatible) -> FakeCompatible:
    shared_fake.reset()
    return shared_fake


@pytest.fixture(scope="module")
async def client(shared_fake: FakeCompatible) -> AsyncGenerator[Any]:
    async with signed_in(backend, shared_fake.base_url, "") as harness:
        yield harness.client


def harness(client: Any, place: int, *models: str) -> AdapterHarness:
    """Return a capability with these models."""
    capability = replace(backend.capabilities[place], models=tuple(Model(id=name) for name in models))
    return AdapterHarness(backend, client, capability)


@pytest.fixture
def image(fake: FakeCompatible, client: Any) -> AdapterHarness:
    return harness(client, 0, "flux", "gpt-image-1", "azure/gpt-image-1", "default")


@pytest.fixture
def speech(fake: FakeCompatible, client: Any) -> AdapterHarness:
    return harness(client, 1, "kokoro", "default")


@pytest.fixture
def video(fake: FakeCompatible, client: Any) -> AdapterHarness:
    return harness(client, 2, "wan", "default")
