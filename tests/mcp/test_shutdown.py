"""At a signal, one machine's server ends at once; a replica of a fleet first lets what is being sent be answered."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from fakes.http import installed
from mediasmith.engine.bootstrap import LazyEngine, lazy_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.mcp import shutdown
from mediasmith.mcp.shutdown import graceful_shutdown
from mediasmith.plugin.errors import MediaError


@dataclass(frozen=True, kw_only=True)
class Served:
    """A server that is `stopped`, and takes no more clients once they are `gone`."""

    opened: LazyEngine
    stopped: anyio.Event = field(default_factory=anyio.Event)
    gone: anyio.Event = field(default_factory=anyio.Event)


FLEET: dict[str, Any] = {"database_url": "postgresql://db/media", "store_url": "s3://media"}


class Sending:
    """A replica that is sending something, until it is `answered`."""

    def __init__(self) -> None:
        self.draining = anyio.Event()
        self.answered = anyio.Event()


@pytest.fixture
def sending(monkeypatch: pytest.MonkeyPatch) -> Sending:
    sending = Sending()

    async def drain(_engine: Engine) -> None:
        sending.draining.set()
        await sending.answered.wait()

    monkeypatch.setattr(Engine, "drain", drain)
    return sending


@pytest.fixture
def exited(monkeypatch: pytest.MonkeyPatch) -> anyio.Event:
    """Set when the process would end."""
    event = anyio.Event()

    async def end(_engine: LazyEngine) -> None:
        event.set()
        await anyio.sleep_forever()

    monkeypatch.setattr(shutdown, "_shut_down", end)
    return event


@asynccontextmanager
async def served(folder: Path, **settings: Any) -> AsyncGenerator[Served]:
    """Serve in this block, with settings of which only the way to shut down is used."""

    async def stop() -> None:
        found.stopped.set()
        await found.gone.wait()

    async def serve() -> None:
        async with graceful_shutdown(opened, stop=stop):
            started.set()
            await found.gone.wait()

    started = anyio.Event()
    async with lazy_engine(lambda: installed(folder)) as opened:
        await opened.get()
        opened.installation = installed(folder, **settings)
        found = Served(opened=opened)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            await started.wait()
            yield found
            tasks.cancel_scope.cancel()


async def test_one_machine_ends_at_once(tmp_path: Path, exited: anyio.Event, sending: Sending) -> None:
    async with served(tmp_path) as server:
        signal.raise_signal(signal.SIGTERM)
        await exited.wait()
    assert not server.stopped.is_set()
    assert not sending.draining.is_set()


async def test_a_replica_ends_once_what_it_sends_was_answered(
    tmp_path: Path, exited: anyio.Event, sending: Sending
) -> None:
    async with served(tmp_path, **FLEET) as server:
        signal.raise_signal(signal.SIGTERM)
        await server.stopped.wait()
        server.gone.set()
        await sending.draining.wait()
        await anyio.wait_all_tasks_blocked()
        assert not exited.is_set()
        sending.answered.set()
        await exited.wait()


async def test_calls_are_taken_until_no_more_can_come(tmp_path: Path, exited: anyio.Event, sending: Sending) -> None:
    async with served(tmp_path, **FLEET) as server:
        signal.raise_signal(signal.SIGTERM)
        await server.stopped.wait()
        await anyio.wait_all_tasks_blocked()
        assert await server.opened.reason_not_ready() == "it is shutting down"
        async with server.opened.call():
            assert not sending.draining.is_set()
        server.gone.set()
        await sending.draining.wait()
    assert not exited.is_set()


async def test_a_second_signal_ends_a_replica_at_once(tmp_path: Path, exited: anyio.Event, sending: Sending) -> None:
    async with served(tmp_path, **FLEET) as server:
        server.gone.set()
        signal.raise_signal(signal.SIGTERM)
        await sending.draining.wait()
        signal.raise_signal(signal.SIGTERM)
        await exited.wait()


@pytest.mark.usefixtures("sending")
async def test_a_replica_waits_no_longer_than_its_settings_say(tmp_path: Path, exited: anyio.Event) -> None:
    async with served(tmp_path, **FLEET, drain_seconds=0) as server:
        server.gone.set()
        signal.raise_signal(signal.SIGTERM)
        await exited.wait()


async def test_calls_that_came_are_answered_and_others_are_told_to_call_again(tmp_path: Path) -> None:
    came, answer, drained = anyio.Event(), anyio.Event(), anyio.Event()

    async def call() -> None:
        async with opened.call():
            came.set()
            await answer.wait()

    async def drain() -> None:
        await opened.drain(30)
        drained.set()

    async with lazy_engine(lambda: installed(tmp_path)) as opened, anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await came.wait()
        tasks.start_soon(drain)
        await anyio.wait_all_tasks_blocked()
        assert not drained.is_set()
        with pytest.raises(MediaError, match=r"^This server is shutting down. Nothing was billed. Call again.$"):
            await opened.call().__aenter__()
        answer.set()
        await drained.wait()
