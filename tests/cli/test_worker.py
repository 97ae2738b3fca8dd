"""A worker starts with the settings of a fleet, and ends at a signal."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from fakes.s3 import running_store
from fakes.server import started

WORKER = ("sh", "-c", 'exec "$0" worker')


@pytest.mark.fleet
async def test_a_worker_works_until_a_signal(tmp_path: Path, database_url: str) -> None:
    with running_store() as store:
        env = {
            **store.env,
            "MEDIASMITH_DATABASE_URL": database_url,
            "MEDIASMITH_STORE_URL": store.make_bucket("media"),
        }
        async with started(tmp_path, env=env, within=WORKER) as server:
            await server.logged("Doing the jobs of the fleet; press Ctrl-C to stop.")
            server.send(signal.SIGTERM)
            assert await server.gone() == 0
