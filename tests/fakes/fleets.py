"""Replicas of a fleet: engines in this process, or in others that can be killed, on one database and one bucket."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread

from fakes.children import stub_backends
from fakes.engines import WAIT_FOR_END
from mediasmith.config.caller import Caller
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.engine import fleet_deployment
from mediasmith.engine.bootstrap import lazy_engine, open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.jobs.runner.heartbeats import HeartbeatOwners
from mediasmith.jobs.runner.pace import Pace
from mediasmith.plugin.contract import Backend

QUICK = Pace(beat=0.1, dead=1.0, sweep=0.2, respond=0.5)
"""How often replicas look after each other in tests."""

SECRET = "a-secret-of-a-fleet-that-is-only-for-tests"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """What replicas share: `env` leads to it. What each has for itself is in a folder of its own in `folder`."""

    env: Mapping[str, str]
    folder: Path

    def variables(self, name: str, **settings: object) -> dict[str, str]:
        """Return the environment of a replica, with more settings."""
        more = {f"MEDIASMITH_{field.upper()}": str(value) for field, value in settings.items()}
        return {**self.env, "MEDIASMITH_DATA_DIR": str(self.folder / name), **more}

    @asynccontextmanager
    async def replica(
        self, name: str, *backends: Backend[Any], works: bool = True, **settings: object
    ) -> AsyncGenerator[Engine]:
        """Run a replica in this process."""
        registry = Registry(backends={backend.name: backend for backend in backends}, broken={})
        installation = Installation.load(env=self.variables(name, **settings), backends=registry)
        async with lazy_engine(lambda: installation, works=works) as engine:
            yield await engine.get()


def stop_beating(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a replica show no more signs of life, as if it were frozen, though it goes on."""

    async def nothing(_owner: str) -> None:
        pass

    assert isinstance(engine.jobs.owners, HeartbeatOwners)
    monkeypatch.setattr(engine.jobs.owners.replicas, "beat", nothing)


async def until(found: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is the case."""
    with anyio.fail_after(20):
        while True:
            if await found():
                return
            await anyio.sleep(0.02)


async def ended(engine: Engine, job_id: str) -> str:
    """Wait until a job's record says that it has ended, and return its state."""
    states: list[str] = []

    async def has_ended() -> bool:
        job = await engine.library.job(job_id, principal="local")
        states.append(job.state if job else "running")
        return states[-1] != "running"

    await until(has_ended)
    return states[-1]


def generate_in_child(pipe: Any, env: Mapping[str, str], arguments: Mapping[str, Any], wait: float) -> None:
    """Be a replica that makes a call, sends the id of its job after `wait` seconds, and lives until it is killed."""

    async def main() -> None:
        async with open_engine(env=env, backends=stub_backends()) as engine:
            result = await engine.generate(arguments, WAIT_FOR_END if wait < 0 else Caller(wait=wait))
            await engine.promise(result)
            with engine.delivery(result):
                pipe.send(result.job_id)
            await to_thread.run_sync(pipe.recv, abandon_on_cancel=True)

    fleet_deployment.PACE = QUICK
    anyio.run(main)
