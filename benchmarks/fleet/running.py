"""Thousands of jobs that run at once in one replica: what holding them costs besides the provider's own answers."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import anyio

from fakes.backends import AnyJson
from fakes.engines import Scripted, accepted
from fakes.postgres import running_postgres
from fakes.s3 import running_store
from mediasmith.config.caller import Caller
from mediasmith.config.registry import Registry
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.plugin.contract import Context, Pending

_AT_ONCE = 50
_BACKENDS = 40  # each takes 256 requests at once
_WATCHED_SECONDS = 30.0
_POLL_SECONDS = 20.0
_MOST_OF_A_CORE = 0.5


class Patient(Scripted):
    """A provider that accepts everything, and says each time when to ask again."""

    async def start(self, call: object) -> object:
        """Accept the work."""
        del call
        return accepted()

    async def poll(self, context: Context[None], handle: AnyJson) -> Pending:
        """Say that it is not done."""
        del context, handle
        return Pending(after=_POLL_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Held:
    """What so many running jobs cost: a share of one core, and kilobytes of memory each."""

    jobs: int
    started_a_second: float
    share_of_core: float
    kilobytes_each: float
    slowest_call: float

    @property
    def accepted(self) -> bool:
        """Whether one replica can hold that many."""
        return self.share_of_core < _MOST_OF_A_CORE

    def __str__(self) -> str:
        """Return the figures."""
        return (
            f"{self.jobs:,} running jobs in one replica: {self.share_of_core:.1%} of a core at a poll each every "
            f"{_POLL_SECONDS:.0f} s, {self.kilobytes_each:.1f} KB each; {self.started_a_second:.0f} started a second; "
            f"a new call is answered in {self.slowest_call * 1000:.0f} ms"
        )


async def run(number: int) -> Held:
    """Start so many jobs, and watch them for half a minute."""
    registry = Registry(
        backends={
            name: Patient().backend(name, deadline=86_400.0) for name in map("backend-{}".format, range(_BACKENDS))
        },
        broken={},
    )
    with running_postgres() as server, server.new_database() as address, running_store() as store:
        env = {
            **store.env,
            "MEDIASMITH_DATABASE_URL": address,
            "MEDIASMITH_STORE_URL": store.make_bucket("running"),
            "MEDIASMITH_DATA_DIR": tempfile.mkdtemp(),
            "MEDIASMITH_CONCURRENCY": "256",
        }
        async with open_engine(env=env, backends=registry) as engine:
            await _start(engine, 0, 100)
            before, began = _megabytes(), time.monotonic()
            await _start(engine, 100, number)
            started = number / (time.monotonic() - began)
            await anyio.sleep(_POLL_SECONDS)
            cpu, since = time.process_time(), time.monotonic()
            await anyio.sleep(_WATCHED_SECONDS)
            share = (time.process_time() - cpu) / (time.monotonic() - since)
            called = time.monotonic()
            await _start(engine, number, number + 1)
            slowest = time.monotonic() - called
            memory = (_megabytes() - before) * 1000 / number
            return Held(
                jobs=number,
                started_a_second=started,
                share_of_core=share,
                kilobytes_each=memory,
                slowest_call=slowest,
            )


async def _start(engine: Engine, first: int, last: int) -> None:
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def one(number: int) -> None:
        async with limiter:
            result = await engine.generate(
                {"prompt": f"picture {number}", "backend": f"backend-{number % _BACKENDS}"}, Caller(wait=0)
            )
            with engine.delivery(result):
                pass

    async with anyio.create_task_group() as task_group:
        for number in range(first, last):
            task_group.start_soon(one, number)


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1_000_000 if os.name == "posix" else 0.0
