"""A fake of xAI, and the backend signed in to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from fakes.xai.server import running
from fakes.xai.state import KEY, FakeXAI
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.xai import backend
from mediasmith_backends.xai.image import image
from mediasmith_backends.xai.video import video


@pytest.fixture(scope="module", autouse=True)
async def one_loop(anyio_backend: str) -> AsyncGenerator[None]:
    """Use one event loop for a module, and ignore what gRPC reports late about calls in closed ones."""
    assert anyio_backend == "asyncio"
    loop = asyncio.get_running_loop()
    usual = loop.get_exception_handler()
    assert usual

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if str(context.get("exception")) != "Event loop is closed":
            usual(loop, context)

    loop.set_exception_handler(handle)
    yield
    loop.set_exception_handler(usual)


@pytest.fixture(scope="session")
def session_fake() -> Generator[FakeXAI]:
    with running() as fake:
        yield fake


@pytest.fixture
def fake(session_fake: FakeXAI) -> FakeXAI:
    """The fake, with no memory of earlier tests."""
    session_fake.reset()
    return session_fake


@pytest.fixture
async def images(fake: FakeXAI) -> AsyncGenerator[AdapterHarness]:
    """The image capability, signed in."""
    async with signed_in(backend, fake.base_url, KEY, capability=image) as harness:
        yield harness


@pytest.fixture
async def videos(fake: FakeXAI) -> AsyncGenerator[AdapterHarness]:
    """The video capability, signed in."""
    async with signed_in(backend, fake.base_url, KEY, capability=video) as harness:
        yield harness
