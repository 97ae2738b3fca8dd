"""A process that is killed at any step of a job: nothing is paid twice, and nothing that has a handle is lost.

The provider is a process of its own and counts requests. A real server is killed with signal 9 while the provider
holds an answer back; a process with the engine alone kills itself so between two steps of its own.
"""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

import anyio
import pytest
from anyio import to_thread
from mcp import Client, MCPError

from fakes.backends import png
from fakes.children import child_process, generate_and_die, stub_backends
from fakes.provider import Provider, running
from fakes.server import ask, environment, on_disk, refused, saved, serving, started
from mediasmith.config.installation import Installation
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.server import MediaServer
from mediasmith_stub.accepted import Picture
from mediasmith_stub.media import large_picture, picture

PROMPT = "a lighthouse"
MODELS = {"stub_now": "now-2", "stub_job": "job-1", "stub_slow": "slow-1"}

LIBRARY = "mediasmith.storage.library.store:Library"
DESTINATION = "mediasmith.storage.artifacts.folder_destination:FolderDestination"


@dataclass(frozen=True)
class Death:
    """A step at which a server dies that this backend makes something for."""

    backend: str
    step: str


@asynccontextmanager
async def successor(folder: Path, provider: Provider) -> AsyncGenerator[Client]:
    """The next server on the same library, in this process."""
    installation = Installation.load(env=environment(folder, provider), backends=stub_backends())
    async with lazy_engine(lambda: installation) as opened, Client(MediaServer(opened)) as client:
        yield client


def drawn(backend: str, prompt: str) -> bytes:
    """The picture that the provider makes for this backend."""
    body = Picture(prompt=prompt, model=MODELS[backend])
    return picture(f"0 {body.model_dump_json()}".encode(), (256, 256), "png")


def requests(provider: Provider, *prompts: str) -> list[str]:
    """The paying requests for these prompts."""
    log = provider.log()
    return [entry["path"] for entry in log if entry["method"] == "POST" and entry["body"]["prompt"] in prompts]


async def cut_off(client: Client, prompt: str, backend: str) -> None:
    """A call whose server dies."""
    with pytest.raises(MCPError):
        await client.call_tool("generate_media", {"prompt": prompt, "backend": backend})


async def dead(folder: Path, provider: Provider, death: Death, prompt: str) -> None:
    """Generate in a process that dies of it."""
    env = environment(folder, provider)
    with child_process(generate_and_die, env, death.backend, prompt, death.step) as (child, _):
        await to_thread.run_sync(child.join)
        assert child.exitcode == -SIGKILL


async def the_job(client: Client) -> Any:
    """The only job, at its end."""
    [job] = (await ask(client, "get_job"))["jobs"]
    return await ask(client, "get_job", job_id=job["job_id"])


async def accounted(client: Client, folder: Path) -> dict[Path, bytes]:
    """The files on the disk, which are exactly those on record; none is only begun."""
    jobs = (await ask(client, "get_job"))["jobs"]
    recorded = {Path(file["path"]): file["bytes"] for job in jobs for file in job.get("files", ())}
    files = saved(folder)
    assert {path: len(body) for path, body in files.items()} == recorded
    assert not any(path.suffix == ".part" for path in files)
    return files


UNSENT = {
    "before the job is recorded": Death("stub_now", f"before {LIBRARY}.add_job"),
    "queued": Death("stub_now", f"after {LIBRARY}.add_job"),
}

LOST = {
    "about to send": Death("stub_now", f"after {LIBRARY}.begin_task sending"),
    "the handle has come and is not recorded": Death("stub_job", f"before {LIBRARY}.save_task accepted"),
    "the bytes are on the disk and not recorded": Death("stub_now", f"before {LIBRARY}.stage"),
}

KEPT = {
    "the handle is recorded": Death("stub_job", f"after {LIBRARY}.save_task accepted"),
    "downloaded and not recorded": Death("stub_job", f"before {LIBRARY}.stage"),
    "staged": Death("stub_now", f"after {LIBRARY}.stage"),
    "renamed and not recorded": Death("stub_now", f"after {DESTINATION}.commit"),
    "saved and the job not finished": Death("stub_now", f"after {LIBRARY}.commit"),
}


DELIVERED = {"done and not answered": Death("stub_now", f"after {LIBRARY}.save_job done")}


@dataclass(frozen=True)
class DeadServers:
    """What each server left that died of a step of its own: a folder for each moment, which was its prompt too."""

    folder: Path
    provider: Provider

    @asynccontextmanager
    async def opened(self, moment: str) -> AsyncGenerator[tuple[Client, Path]]:
        async with successor(self.folder / moment, self.provider) as client:
            yield client, self.folder / moment

    def paid(self, moment: str) -> int:
        return len(requests(self.provider, moment))


@pytest.fixture(scope="module")
async def dead_servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[DeadServers]:
    folder = tmp_path_factory.mktemp("dead_servers")
    together = anyio.CapacityLimiter(os.cpu_count() or 1)

    async def kill_one(provider: Provider, moment: str, death: Death) -> None:
        async with together:
            await dead(made(folder / moment), provider, death, moment)

    with running() as provider:
        async with anyio.create_task_group() as tasks:
            for moment, death in {**UNSENT, **LOST, **KEPT, **DELIVERED}.items():
                tasks.start_soon(kill_one, provider, moment, death)
        yield DeadServers(folder=folder, provider=provider)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.mark.parametrize("moment", UNSENT)
async def test_an_unsent_job_costs_nothing_and_can_be_requested_again(dead_servers: DeadServers, moment: str) -> None:
    async with dead_servers.opened(moment) as (client, folder):
        for job in (await ask(client, "get_job"))["jobs"]:
            ended = await ask(client, "get_job", job_id=job["job_id"])
            assert ended["status"] == "failed"
            assert ended["error"].startswith(
                "The server stopped before anything was sent. Nothing was billed. Call again"
            )
            assert "cost" not in ended
        assert dead_servers.paid(moment) == 0
        again = await ask(client, "generate_media", prompt=moment, backend="stub_now")
        assert "warnings" not in again
        assert list((await accounted(client, folder)).values()) == [drawn("stub_now", moment)]
    assert dead_servers.paid(moment) == 1


@pytest.mark.parametrize("moment", LOST)
async def test_a_lost_answer_is_reported_and_never_sent_again(dead_servers: DeadServers, moment: str) -> None:
    paid = dead_servers.paid(moment)
    async with dead_servers.opened(moment) as (client, folder):
        job = await the_job(client)
        assert job["status"] == "unknown"
        assert "It may have been billed" in job["error"]
        assert "usage page" in job["next"]
        assert job["cost"]
        assert "continuation_id" not in job
        assert await accounted(client, folder) == {}
        assert await the_job(client) == job
    assert dead_servers.paid(moment) == paid <= 1


@pytest.mark.parametrize("moment", KEPT)
async def test_recorded_work_is_collected_and_paid_for_once(dead_servers: DeadServers, moment: str) -> None:
    async with dead_servers.opened(moment) as (client, folder):
        job = await the_job(client)
        assert job["status"] == "done"
        assert list((await accounted(client, folder)).values()) == [drawn(KEPT[moment].backend, moment)]
        assert dead_servers.paid(moment) == 1
        edited = await ask(client, "continue_edit", continuation_id=job["continuation_id"], prompt="redder")
        assert edited["parent"] == job["continuation_id"]
    assert dead_servers.paid(moment) == 1


@pytest.mark.parametrize("moment", DELIVERED)
async def test_an_undelivered_answer_is_given_to_the_same_call(dead_servers: DeadServers, moment: str) -> None:
    async with dead_servers.opened(moment) as (client, folder):
        said = await ask(client, "generate_media", prompt=moment, backend="stub_now")
        assert "nothing was sent again" in said["warnings"][0]
        assert list((await accounted(client, folder)).values()) == [drawn("stub_now", moment)]
        assert dead_servers.paid(moment) == 1
        again = await ask(client, "generate_media", prompt=moment, backend="stub_now")
        assert again["job_id"] != said["job_id"]
    assert dead_servers.paid(moment) == 2


async def test_a_partial_download_is_repeated(tmp_path: Path, provider: Provider) -> None:
    provider.script("GET /files/{id}", {"fixed": "jpeg", "times": 2})
    await dead(
        tmp_path, provider, Death("stub_job", "before mediasmith.storage.artifacts.sink:FileSink.finish"), PROMPT
    )
    [half] = saved(tmp_path).values()
    assert large_picture("jpeg").startswith(half)
    async with successor(tmp_path, provider) as client:
        assert (await the_job(client))["status"] == "done"
        assert list((await accounted(client, tmp_path)).values()) == [large_picture("jpeg")]
    assert provider.paid() == 1


@dataclass(frozen=True)
class KilledServer:
    """What is left of a server that was killed with many jobs in flight, by name, and its successor."""

    folder: Path
    provider: Provider
    jobs: dict[str, str]
    client: Client

    async def job(self, name: str) -> Any:
        return await ask(self.client, "get_job", job_id=self.jobs[name])

    def paid(self, *prompts: str) -> int:
        return len(requests(self.provider, *prompts))


@pytest.fixture(scope="module")
async def killed_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[KilledServer]:
    folder = tmp_path_factory.mktemp("killed_server")
    jobs: dict[str, str] = {}
    with running() as provider:
        async with (
            started(folder, provider) as server,
            server.connected() as client,
            anyio.create_task_group() as tasks,
        ):

            async def begin(name: str, backend: str, **more: Any) -> None:
                given = {"prompt": name, **more} if "prompts" not in more else more
                said = await ask(client, "generate_media", backend=backend, wait_seconds=0, **given)
                assert said["status"] == "running"
                jobs[name] = said["job_id"]

            provider.script("GET /files/{id}", {"hang": True})
            await begin("downloading", "stub_job")
            await provider.seen("GET /files/{id}")
            await begin("polling", "stub_slow")
            await begin("batch", "stub_slow", prompts=["one", "two"])
            tasks.start_soon(cut_off, client, "polling and waited for", "stub_slow")
            await polled(provider, 5)
            provider.script("POST /jobs", {"hang": True})
            provider.script("POST /make", {"hang": True, "times": 2})
            await begin("the handle is due", "stub_job")
            await begin("the answer is due", "stub_now", image=[data_uri()])
            tasks.start_soon(cut_off, client, "the answer is due and waited for", "stub_now")
            await provider.seen("POST /jobs", 6)
            await provider.seen("POST /make", 2)
            assert scratch(folder)
            await server.kill()
        provider.release()
        provider.finish()
        async with successor(folder, provider) as client:
            yield KilledServer(folder=folder, provider=provider, jobs=jobs, client=client)


async def polled(provider: Provider, jobs: int) -> None:
    """Wait until so many jobs were asked about: each had its handle on record then."""
    while len({entry["path"] for entry in provider.log() if entry["path"].startswith("/jobs/")}) < jobs:
        await provider.seen("GET /jobs/{id}", provider.counts().get("GET /jobs/{id}", 0) + 1)


def data_uri() -> str:
    return f"data:image/png;base64,{base64.b64encode(png()).decode()}"


def scratch(folder: Path) -> list[Path]:
    return [path for path in (folder / "data" / "scratch").rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["the answer is due", "the handle is due"])
async def test_a_request_in_flight_at_the_kill_may_have_been_billed(killed_server: KilledServer, name: str) -> None:
    job = await killed_server.job(name)
    assert job["status"] == "unknown"
    assert "It may have been billed" in job["error"]
    assert await killed_server.job(name) == job
    assert killed_server.paid(name) == 1


@pytest.mark.parametrize(("name", "backend"), [("polling", "stub_slow"), ("downloading", "stub_job")])
async def test_a_job_with_a_handle_is_collected_by_its_id(killed_server: KilledServer, name: str, backend: str) -> None:
    job = await killed_server.job(name)
    assert job["status"] == "done"
    assert on_disk(job["files"][0]) == drawn(backend, name)
    assert killed_server.paid(name) == 1


async def test_a_batch_is_collected_item_by_item(killed_server: KilledServer) -> None:
    job = await killed_server.job("batch")
    assert [item["status"] for item in job["items"]] == ["done", "done"]
    assert [on_disk(file) for file in job["files"]] == [drawn("stub_slow", prompt) for prompt in ("one", "two")]
    assert killed_server.paid("one", "two") == 2


async def test_the_same_call_after_the_kill_collects_accepted_work(killed_server: KilledServer) -> None:
    name = "polling and waited for"
    said = await ask(killed_server.client, "generate_media", prompt=name, backend="stub_slow")
    assert "nothing was sent again" in said["warnings"][0]
    assert on_disk(said["files"][0]) == drawn("stub_slow", name)
    assert killed_server.paid(name) == 1


async def test_the_same_call_after_the_kill_first_reports_a_possible_bill(killed_server: KilledServer) -> None:
    name = "the answer is due and waited for"
    said = await refused(killed_server.client, "generate_media", prompt=name, backend="stub_now")
    assert "It may have been billed" in said
    assert killed_server.paid(name) == 1
    again = await ask(killed_server.client, "generate_media", prompt=name, backend="stub_now")
    assert "warnings" not in again
    assert killed_server.paid(name) == 2


async def test_temporary_inputs_are_removed(killed_server: KilledServer) -> None:
    await killed_server.job("the answer is due")
    assert scratch(killed_server.folder) == []


async def test_every_file_is_recorded_and_none_is_partial(killed_server: KilledServer) -> None:
    for name in killed_server.jobs:
        await killed_server.job(name)
    await accounted(killed_server.client, killed_server.folder)


async def test_a_new_server_process_recovers_the_jobs_of_a_killed_one(tmp_path: Path, provider: Provider) -> None:
    provider.script("POST /make", {"hang": True})
    env = {"MEDIASMITH_CONCURRENCY": "1"}
    async with started(tmp_path, provider, env=env) as server, server.connected() as client:
        lost = await ask(client, "generate_media", prompt=PROMPT, backend="stub_now", wait_seconds=0)
        kept = await ask(client, "generate_media", prompt=PROMPT, backend="stub_slow", wait_seconds=0)
        await provider.seen("POST /make")
        queued = await ask(
            client, "generate_media", prompt="queued", backend="stub_now", image=[data_uri()], wait_seconds=0
        )
        await provider.seen("GET /jobs/{id}")
        await server.kill()
    provider.release()
    provider.finish()
    async with serving(tmp_path, provider, era="legacy") as client:
        collected = await ask(client, "get_job", job_id=kept["job_id"])
        assert collected["status"] == "done"
        sent = await ask(client, "get_job", job_id=queued["job_id"])
        assert sent["status"] == "done"
        assert set((await accounted(client, tmp_path)).values()) == {
            on_disk(sent["files"][0]),
            drawn("stub_slow", PROMPT),
        }
        reported = await ask(client, "get_job", job_id=lost["job_id"])
        assert reported["status"] == "unknown"
        assert "It may have been billed" in reported["error"]
    assert provider.paid() == 3
