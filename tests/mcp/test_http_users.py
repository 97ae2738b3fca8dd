"""Users of one server over HTTP: none sees the jobs, files or sessions of another."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError

from fakes.backends import fake, png
from fakes.engines import Scripted, accepted, picture
from fakes.http import ANN, BOB, OwnSite, Site, Users, installed, site
from fakes.server import Era, Gate, ask, refused
from fakes.sites import backends, generate, message
from fakes.virtual_clock import VirtualClock
from mediasmith.plugin.contract import Pending


@pytest.fixture(scope="module")
def commons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the server with two users. All of it is shared except the output folder."""
    folder = tmp_path_factory.mktemp("commons").resolve()
    (folder / "shared.png").write_bytes(png(8, 8))
    (folder / "out").mkdir()
    (folder / "out" / "of-the-operator.png").write_bytes(png(8, 8))
    return folder


@pytest.fixture(scope="module")
async def shared(commons: Path) -> AsyncGenerator[OwnSite]:
    """A server with two users, whom a verifier tells apart."""
    installation = installed(commons, *backends(), allowed_dirs=(commons,))
    async with site(installation, token_verifier=Users()) as served:
        yield served


@asynccontextmanager
async def two_users(shared: Site, era: Era) -> AsyncGenerator[tuple[Client, Client]]:
    async with shared.client(era, ANN) as ann, shared.client(era, BOB) as bob:
        yield ann, bob


async def test_the_id_of_another_user_is_like_one_that_does_not_exist(shared: Site, era: Era) -> None:
    async with two_users(shared, era) as (ann, bob):
        hers = await generate(ann)
        for identifier, user in ((hers["continuation_id"], ann), (hers["job_id"], ann)):
            assert identifier in json.dumps(await ask(user, "get_job"))
        answers = [await every_error(bob, *ids) for ids in (("a" * 26, "b" * 26), ids_of(hers))]
        assert answers[0] == answers[1]
        assert await ask(bob, "get_job") == {"jobs": []} or hers["job_id"] not in json.dumps(await ask(bob, "get_job"))
        assert (await ann.read_resource(hers["files"][0]["uri"])).contents


def ids_of(said: Any) -> tuple[str, str]:
    return said["continuation_id"], said["job_id"]


async def every_error(client: Client, file_id: str, job_id: str) -> list[str]:
    """Return every error about a file and a job, wherever an id may be given, without the ids."""
    said = [
        await refused(client, "continue_edit", continuation_id=file_id, prompt="make it blue"),
        await refused(client, "generate_media", prompt="a lighthouse", image=[file_id]),
        await refused(client, "generate_media", prompt="a lighthouse", image=[f"media://{file_id}"]),
        await refused(client, "get_job", job_id=job_id),
        await refused(client, "get_job", job_id=job_id, cancel=True),
        await refused(client, "get_job", job_id=file_id),
    ]
    for part in ("", "/preview", "/about"):
        with pytest.raises(MCPError) as caught:
            await client.read_resource(f"media://{file_id}{part}")
        said.append(f"{caught.value.code} {caught.value.message}")
    return [text.replace(file_id, "FILE").replace(job_id, "JOB") for text in said]


async def test_each_user_has_a_folder_of_their_own(shared: Site, commons: Path) -> None:
    async with two_users(shared, "auto") as (ann, bob):
        places = [Path((await generate(user))["files"][0]["path"]).parent for user in (ann, bob)]
        named = Path((await generate(ann, output="castles/first"))["files"][0]["path"])
    assert places[0] != places[1]
    assert {place.parent for place in places} == {commons / "out"}
    assert named.parent == places[0] / "castles"


async def test_no_path_leads_to_the_files_of_another_user(shared: Site, commons: Path) -> None:
    async with two_users(shared, "auto") as (ann, bob):
        hers = (await generate(ann))["files"][0]["path"]
        own = Path((await generate(bob))["files"][0]["path"])
        beside = link_beside(own, hers)
        theirs = [hers, f"file://{hers}", beside, "link.png", str(commons / "out" / "of-the-operator.png")]
        cwd = [str(Path(__file__)), "~/a.png", "/etc/hosts"]
        for path in (*theirs, *cwd):
            said = await refused(bob, "generate_media", prompt="a lighthouse", image=[path])
            assert "is outside the allowed folders" in said
            assert path.removeprefix("file://") in said, "the target of a link is not shown"
        for output in (hers, f"{Path(hers).parent}/", f"{Path(beside).parent}/x", f"{commons}/out/", "../x.png", "~/x"):
            said = await refused(bob, "generate_media", prompt="a lighthouse", output=output)
            assert "is outside the allowed folders" in said
        assert Path(hers).parent.name not in json.dumps(await generate(bob, image=[own.name]))


def link_beside(file: Path, target: str) -> str:
    """Put link.png beside a file, and return the relative path to its target."""
    (file.parent / "link.png").unlink(missing_ok=True)
    (file.parent / "link.png").symlink_to(target)
    return os.path.relpath(target, file.parent)


async def test_allowed_folders_are_shared_by_all_users(shared: Site, commons: Path) -> None:
    async with two_users(shared, "auto") as (ann, bob):
        for user in (ann, bob):
            said = await generate(user, image=[str(commons / "shared.png")], output=f"{commons}/together/")
            assert Path(said["files"][0]["path"]).parent == commons / "together"


async def test_another_user_does_not_attach_to_a_lost_answer(tmp_path: Path) -> None:
    gate = Gate()
    async with site(installed(tmp_path, fake(start=gate)), token_verifier=Users()) as served:
        async with served.client("auto", ANN) as ann, anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: generate(ann))
            await gate.reached.wait()
            tasks.cancel_scope.cancel()
        gate.open.set()
        async with two_users(served, "auto") as (ann, bob):
            assert "warnings" not in await generate(bob)
            assert "nothing was sent again" in (await generate(ann))["warnings"][0]
    assert gate.calls == 2


async def test_a_users_job_is_collected_into_their_folder_after_a_restart(tmp_path: Path, era: Era) -> None:
    provider = Scripted(accepted(), polls=[Pending(), picture()])
    clock = VirtualClock()
    installation = installed(tmp_path, provider.backend())
    async with site(installation, clock=clock, token_verifier=Users()) as served, served.client(era, ANN) as ann:
        running = await generate(ann, wait_seconds=0)
        await clock.advance(0.25)
    async with (
        site(installation, clock=clock, token_verifier=Users()) as served,
        two_users(served, era) as (ann, bob),
        clock.autojump(),
    ):
        assert "There is no job" in await refused(bob, "get_job", job_id=running["job_id"])
        done = await ask(ann, "get_job", job_id=running["job_id"])
    assert done["status"] == "done"
    assert Path(done["files"][0]["path"]).parent.name.startswith("principal-")
    assert len(provider.calls) == 1


async def test_a_session_belongs_to_the_user_who_began_it(shared: Site) -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    accept = {"Accept": "application/json, text/event-stream"}
    async with shared.browser(ANN) as ann, shared.browser(BOB) as bob:
        begun = await ann.post("/mcp", json=message("initialize", hello), headers=accept)
        session = {**accept, "Mcp-Session-Id": begun.headers["mcp-session-id"]}
        assert (await bob.post("/mcp", json=message("tools/list", {}), headers=session)).status_code == 404
        assert (await ann.post("/mcp", json=message("tools/list", {}), headers=session)).status_code == 200
        await ann.delete("/mcp", headers=session)
