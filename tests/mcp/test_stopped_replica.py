"""A replica as a process: it says why it cannot be used, and when it is stopped, nothing is lost."""

from __future__ import annotations

import re
import signal
from collections.abc import Generator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from fakes.http import Site
from fakes.provider import Provider
from fakes.s3 import Store, running_store
from fakes.server import Server, ask, started
from fakes.sites import TOKEN

pytestmark = pytest.mark.fleet

OVER_HTTP = ("sh", "-c", 'exec "$0" serve --http --port 0')


@pytest.fixture(scope="module")
def store() -> Generator[Store]:
    with running_store() as store:
        yield store


@pytest.fixture
def env(store: Store, database_url: str) -> Mapping[str, str]:
    return {
        **store.env,
        "MEDIASMITH_DATABASE_URL": database_url,
        "MEDIASMITH_STORE_URL": store.make_bucket("media"),
        "MEDIASMITH_SECRET": "0123456789abcdef" * 2,
        "MEDIASMITH_HTTP_TOKEN": TOKEN,
        "MEDIASMITH_BACKENDS": "stub_now",
    }


async def address(server: Server) -> str:
    """Return the address of a replica once it listens."""
    await server.logged("/mcp")
    [url] = re.findall(r"http://127\.0\.0\.1:\d+", server.log)
    return url


async def refuses_connections(url: str) -> None:
    """Wait until a replica takes no more connections."""
    with anyio.fail_after(30), suppress(OSError):
        while True:
            async with await anyio.connect_tcp("127.0.0.1", int(url.rpartition(":")[2])):
                await anyio.sleep(0.02)


async def test_a_replica_that_its_database_refuses_says_so_and_is_not_ready(
    tmp_path: Path, env: Mapping[str, str]
) -> None:
    url = env["MEDIASMITH_DATABASE_URL"].replace("mediasmith@", "ghost:pw-0123456789@")
    async with started(tmp_path, env={**env, "MEDIASMITH_DATABASE_URL": url}, within=OVER_HTTP) as server:
        await server.logged("This replica cannot take calls. The database cannot be used: ")
        await server.logged('role "ghost" does not exist. Correct MEDIASMITH_DATABASE_URL')
        async with httpx2.AsyncClient() as balancer:
            assert (await balancer.get(f"{await address(server)}/ready")).status_code == 503
        server.send(signal.SIGTERM)
        assert await server.gone() == 0
    assert "pw-0123456789" not in server.log


async def test_a_replica_answers_its_calls_and_records_what_it_has_paid_for(
    tmp_path: Path, provider: Provider, env: Mapping[str, str]
) -> None:
    provider.script("POST /make", {"hang": True})
    answers: list[Any] = []

    async def call(url: str) -> None:
        async with Site(url=url).client("legacy", TOKEN) as client:
            await client.list_tools()  # or the SDK does so after its first call
            answers.append(await ask(client, "generate_media", prompt="a lighthouse", wait_seconds=300))

    async with started(tmp_path, provider, env=env, within=OVER_HTTP) as server:
        url = await address(server)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, url)
            await provider.seen("POST /make")
            server.send(signal.SIGTERM)
        [running] = answers
        assert running["status"] == "running"
        await refuses_connections(url)
        assert server.process.returncode is None
        provider.release()
        assert await server.gone() == 0
    async with started(tmp_path, provider, env=env, within=OVER_HTTP) as server:
        async with Site(url=await address(server)).client("auto", TOKEN) as client:
            done = await ask(client, "get_job", job_id=running["job_id"])
        server.send(signal.SIGTERM)
        assert await server.gone() == 0
    assert (done["status"], provider.paid()) == ("done", 1)


async def test_a_client_that_asks_again_at_once_does_not_reach_a_replica_that_stops(
    tmp_path: Path, provider: Provider, env: Mapping[str, str]
) -> None:
    provider.script("POST /make", {"hang": True})

    async def call(url: str) -> None:
        async with Site(url=url).client("legacy", TOKEN) as client:
            await client.list_tools()  # or the SDK does so after its first call
            await ask(client, "generate_media", prompt="a lighthouse", wait_seconds=300)
        with pytest.raises(OSError, match="All connection attempts failed"):
            await anyio.connect_tcp("127.0.0.1", int(url.rpartition(":")[2]))

    async with started(tmp_path, provider, env=env, within=OVER_HTTP) as server:
        url = await address(server)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, url)
            await provider.seen("POST /make")
            server.send(signal.SIGTERM)
        provider.release()
        assert await server.gone() == 0
