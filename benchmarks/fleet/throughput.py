"""What a second and a third replica bring: pictures a second, as a ratio to one replica."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from functools import partial

import anyio
from fleet.clients import Fleet
from fleet.replica import Replica

from fakes.postgres import running_postgres
from fakes.provider import running as running_provider
from fakes.s3 import running_store

_CLIENTS = 24


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """Pictures a second by number of replicas."""

    rates: dict[int, float]

    @property
    def accepted(self) -> bool:
        """Whether more replicas are not slower."""
        return self.rates[max(self.rates)] > 0.9 * self.rates[1]

    def __str__(self) -> str:
        """Return the figures."""
        rows = [
            f"{count} replicas: {rate:.1f} a second ({rate / self.rates[1]:.2f})" for count, rate in self.rates.items()
        ]
        return "\n".join(rows)


async def run(pictures: int) -> Throughput:
    """Make so many pictures with one, two and three replicas."""
    return Throughput(rates={count: await _rate(count, pictures) for count in (1, 2, 3)})


async def _rate(count: int, pictures: int) -> float:
    with (
        running_postgres() as server,
        server.new_database() as address,
        running_store() as store,
        running_provider() as provider,
    ):
        provider.script("POST /make", {"delay": 0.5, "times": 1_000_000})
        env = {
            **provider.env(),
            **store.env,
            "MEDIASMITH_DATABASE_URL": address,
            "MEDIASMITH_STORE_URL": store.make_bucket("throughput"),
            "MEDIASMITH_DATA_DIR": tempfile.mkdtemp(),
        }
        began = ended = time.monotonic()
        async with anyio.create_task_group() as task_group:
            fleet = Fleet(start=partial(Replica.start, env, "/dev/null"), task_group=task_group, kinds=("stub_now",))
            for _ in range(count):
                await fleet.add()
            began = time.monotonic()
            async with anyio.create_task_group() as clients:
                for _ in range(_CLIENTS):
                    clients.start_soon(fleet.client, pictures)
            ended = time.monotonic()
            for replica in list(fleet.replicas):
                await replica.kill()
            task_group.cancel_scope.cancel()
    return pictures / (ended - began)
