"""What every test shares."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from fakes.held import FakeProcess
from fakes.provider import Provider, running


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The server runs on asyncio, so the tests do."""
    return "asyncio"


@pytest.fixture(scope="module")
async def one_loop(anyio_backend: str) -> AsyncGenerator[None]:
    """One event loop for a file of tests. What gRPC says late of calls in closed ones is heard without complaint."""
    assert anyio_backend == "asyncio"
    loop = asyncio.get_running_loop()
    usual = loop.get_exception_handler()
    assert usual

    def told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if str(context.get("exception")) != "Event loop is closed":
            usual(loop, context)

    loop.set_exception_handler(told)
    yield
    loop.set_exception_handler(usual)


@pytest.fixture(scope="module")
def process() -> Generator[Provider]:
    """The stub provider's process; a file of tests has one."""
    with running() as provider:
        yield provider


@pytest.fixture
def provider(process: Provider) -> Provider:
    """The stub provider, with no memory of earlier tests."""
    process.reset()
    return process


@pytest.fixture(scope="module")
def held(request: pytest.FixtureRequest) -> Generator[FakeProcess]:
    """The process of the fake that a file of tests names as its `PROVIDER`."""
    asked: Any = request  # the type of its module is not known
    with asked.module.PROVIDER() as fake:
        yield fake


@pytest.fixture
def fake(held: FakeProcess) -> FakeProcess:
    """The same, with no memory of earlier tests."""
    held.reset()
    return held
