"""What the tests of the ElevenLabs backend share: one fake in each process, and the adapter signed in to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from fakes.elevenlabs import KEY, FakeElevenLabs, running
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.elevenlabs import backend


@pytest.fixture(scope="session")
def shared_fake() -> Generator[FakeElevenLabs]:
    """The fake of this test process."""
    with running() as fake:
        yield fake


@pytest.fixture
def fake(shared_fake: FakeElevenLabs) -> FakeElevenLabs:
    """The fake, without a memory of earlier tests."""
    shared_fake.reset()
    return shared_fake


@pytest.fixture
async def adapter(fake: FakeElevenLabs, request: pytest.FixtureRequest) -> AsyncGenerator[AdapterHarness]:
    """The capability that a file of tests names as its `CAPABILITY`, signed in to the fake."""
    untyped: Any = request  # the type of its module is not known
    async with signed_in(backend, fake.url, KEY, capability=untyped.module.CAPABILITY) as adapter:
        yield adapter
