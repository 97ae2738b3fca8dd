"""The fleet that `deploy/local.py` starts, as clients meet it: made here, edited there, kept when a replica dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import httpx2
import pytest

from fakes.http import Site
from fakes.provider import Provider
from fakes.server import ask

pytestmark = pytest.mark.fleet

SCRIPT = Path(__file__).parents[2] / "deploy" / "local.py"


@dataclass(frozen=True, kw_only=True)
class LocalFleet:
    """The running fleet: where its parts are, by its own account."""

    about: Any

    def replica(self, name: str) -> Site:
        return Site(url=self.about["replicas"][name]["url"])

    @property
    def balancer(self) -> Site:
        return Site(url=self.about["url"])

    @property
    def token(self) -> str:
        return self.about["token"]

    async def kill(self, name: str) -> None:
        """Kill a replica, and wait until it takes no more connections."""
        os.kill(self.about["replicas"][name]["pid"], signal.SIGKILL)
        port = int(self.about["replicas"][name]["url"].rpartition(":")[2])
        with anyio.fail_after(30), suppress(OSError):
            while True:
                async with await anyio.connect_tcp("127.0.0.1", port):
                    await anyio.sleep(0.02)


@pytest.fixture(scope="module")
def local_fleet(process: Provider) -> Generator[LocalFleet]:
    env = {**os.environ, **process.env(), "MEDIASMITH_BACKENDS": "stub_now,stub_slow"}
    # Not pytest's folder, which is closed to the user that PostgreSQL runs as.
    with TemporaryDirectory(prefix="fleet") as folder:
        command = [sys.executable, str(SCRIPT), "--port", "0", "--folder", folder]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as running:
            try:
                assert running.stdout
                assert running.stdout.readline()  # once all of it answers
                yield LocalFleet(about=json.loads(Path(folder, "fleet.json").read_text(encoding="utf-8")))
            finally:
                running.send_signal(signal.SIGINT)
                running.wait(30)


async def test_what_one_replica_makes_another_edits_and_a_browser_opens(
    local_fleet: LocalFleet, process: Provider
) -> None:
    paid = process.paid()
    async with local_fleet.replica("one").client("auto", local_fleet.token) as one:
        made = await ask(one, "generate_media", prompt="a fox", backend="stub_now")
    async with local_fleet.replica("two").client("legacy", local_fleet.token) as two:
        edited = await ask(two, "continue_edit", continuation_id=made["continuation_id"], prompt="in snow")
    assert edited["parent"] == made["continuation_id"]
    assert process.paid() == paid + 2
    async with httpx2.AsyncClient() as browser:
        answer = await browser.get(edited["files"][0]["url"])
    assert edited["files"][0]["url"].startswith(local_fleet.about["url"])
    assert (answer.headers["content-type"], len(answer.content)) == ("image/png", edited["files"][0]["bytes"])
    assert answer.headers["content-disposition"].startswith("inline")


async def test_a_killed_replicas_film_is_delivered_through_the_balancer_and_paid_once(
    local_fleet: LocalFleet, process: Provider
) -> None:
    process.settings(polls={"slow-1": 1_000_000})
    paid = process.paid()
    async with local_fleet.replica("one").client("auto", local_fleet.token) as one:
        film = await ask(one, "generate_media", prompt="a film", backend="stub_slow", wait_seconds=1)
    await local_fleet.kill("one")
    process.finish()
    with anyio.fail_after(90):
        async with local_fleet.balancer.client("auto", local_fleet.token) as client:
            found = await ask(client, "get_job", job_id=film["job_id"], wait_seconds=80)
    assert found["status"] == "done"
    assert process.paid() == paid + 1
