"""Serving over HTTP: real sockets, clients of both eras, and whoever should not get in."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import re
import signal
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp_types import BlobResourceContents, CallToolResult, ImageContent, ResourceLink
from PIL import Image
from pydantic import AnyHttpUrl, SecretStr

from fakes.backends import capability, fake, make, png
from fakes.engines import Scripted, job, picture
from fakes.http import ANN, BOB, OwnSite, Site, Users, installed, site
from fakes.provider import KEY, Provider
from fakes.server import ERAS, Era, ask, environment, on_disk, refused, started, text
from fakes.virtual_clock import VirtualClock
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.content import MAX_RESOURCE
from mediasmith.mcp.http.access_control import MAX_BODY
from mediasmith.mcp.http.listener import HOST, http_app, serve_http
from mediasmith.mcp.http.tokens import HOLDER, StaticTokenVerifier, principal_of, request_principal
from mediasmith.mcp.server import MediaServer
from mediasmith.plugin.contract import Backend, Call, Output, Pending, Result, Takes
from mediasmith.plugin.errors import MediaError
from mediasmith_stub.backends import stub_slow

TOKEN = "a-token-of-the-tests-0123456789"
NOTHING_THERE = "get_job with the id of the job that made the file gives a new one."


class Gate:
    """A `start` that waits until it is let through."""

    def __init__(self) -> None:
        self.calls = 0
        self.reached = anyio.Event()
        self.open = anyio.Event()

    async def __call__(self, call: Call[None, Any]) -> Result:
        self.calls += 1
        self.reached.set()
        await self.open.wait()
        return await make(call)


async def noisy(call: Call[None, Any]) -> Result:
    """A picture whose preview is as large as previews get."""
    picture = io.BytesIO()
    Image.effect_noise((512, 512), 100).save(picture, "PNG")
    return Result(outputs=(Output(body=picture.getvalue(), mime="image/png"),))


async def large(call: Call[None, Any]) -> Result:
    """A picture too large to be read as a resource."""
    return Result(outputs=(Output(body=png().ljust(MAX_RESOURCE + 1, b"\0"), mime="image/png"),))


def everything() -> list[Backend[Any]]:
    """A backend for each thing that tests need, the first of them the one that is chosen."""
    edits = capability(takes={"image": Takes(max=4)}, edits="image", preference=1)
    return [fake(capabilities=(edits,)), fake("noisy", start=noisy), fake("large", start=large)]


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    return request.param


@pytest.fixture(scope="module")
async def local(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[OwnSite]:
    """A server without authentication, on this machine."""
    async with site(installed(tmp_path_factory.mktemp("local"), *everything())) as served:
        yield served


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[OwnSite]:
    """A server with the token of the settings."""
    installation = installed(tmp_path_factory.mktemp("guarded"), *everything(), http_token=SecretStr(TOKEN))
    async with site(installation) as served:
        yield served


@pytest.fixture(scope="module")
def commons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the server with two users. All of it but what is theirs is shared."""
    folder = tmp_path_factory.mktemp("commons").resolve()
    (folder / "shared.png").write_bytes(png(8, 8))
    (folder / "out").mkdir()
    (folder / "out" / "of-the-operator.png").write_bytes(png(8, 8))
    return folder


@pytest.fixture(scope="module")
async def shared(commons: Path) -> AsyncGenerator[OwnSite]:
    """A server with two users, told apart by a verifier."""
    installation = installed(commons, *everything(), allowed_dirs=(commons,))
    async with site(installation, token_verifier=Users()) as served:
        yield served


def links(result: CallToolResult) -> list[ResourceLink]:
    return [block for block in result.content if isinstance(block, ResourceLink)]


async def made(client: Client, **arguments: Any) -> Any:
    """What generate_media answers."""
    return await ask(client, "generate_media", **{"prompt": "a lighthouse", **arguments})


async def link_to_large(client: Client) -> tuple[str, Any]:
    """A link to a new file that is too large to be read, and the file."""
    result = await client.call_tool("generate_media", {"prompt": "a lighthouse", "backend": "large"})
    [link], [file] = links(result), json.loads(text(result))["files"]
    return link.uri, file


async def test_what_is_made_is_shown_read_and_edited(local: Site, era: Era) -> None:
    async with local.client(era) as client:
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse"})
        assert [block.type for block in result.content] == ["text", "resource_link", "image"]
        [file] = json.loads(text(result))["files"]
        assert links(result)[0].uri == file["uri"] == f"media://{file['id']}"
        [read] = (await client.read_resource(file["uri"])).contents
        assert isinstance(read, BlobResourceContents)
        assert base64.b64decode(read.blob) == on_disk(file) == png()
        edited = await ask(client, "continue_edit", continuation_id=file["id"], prompt="make it blue")
    assert (edited["status"], edited["parent"]) == ("done", file["id"])


async def test_there_is_one_user_of_this_machine_whoever_asks(local: Site) -> None:
    async with local.client("legacy") as one, local.client("auto") as other:
        [file] = (await made(one))["files"]
        assert (await other.read_resource(file["uri"])).contents


async def test_all_previews_of_an_answer_reach_a_client_that_takes_a_mebibyte(local: Site) -> None:
    async with local.client("legacy") as client:
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse", "backend": "noisy", "n": 5})
    previews = [block for block in result.content if isinstance(block, ImageContent)]
    assert len(previews) == 5
    assert sum(len(preview.data) for preview in previews) > 200_000


async def test_progress_is_told_while_a_call_waits(tmp_path: Path, era: Era) -> None:
    clock = VirtualClock()
    heard: list[tuple[float, str | None]] = []

    async def make_slowly(call: Call[None, Any]) -> Result:
        call.report(Pending(progress=0.5, message="painting"))
        await clock.sleep(12)
        return await make(call)

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, message))

    async with (
        site(installed(tmp_path, fake(start=make_slowly)), clock=clock) as served,
        served.client(era) as client,
        clock.autojump(),
    ):
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse"}, progress_callback=hear)
    assert json.loads(text(result))["status"] == "done"
    assert heard == [(5, "50%, painting"), (10, "50%, painting")]


async def test_a_client_that_disconnects_leaves_its_job_to_be_collected(tmp_path: Path, era: Era) -> None:
    gate = Gate()
    async with site(installed(tmp_path, fake(start=gate))) as served:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(give_up_on, served, era)
            await gate.reached.wait()
            tasks.cancel_scope.cancel()
        async with served.client(era) as client:
            [running] = (await ask(client, "get_job"))["jobs"]
            assert running["status"] == "running"
            gate.open.set()
            done = await made(client)
    assert done["job_id"] == running["job_id"]
    assert "nothing was sent again" in done["warnings"][0]
    assert gate.calls == 1


async def give_up_on(served: Site, era: Era) -> None:
    async with served.client(era) as client:
        await made(client)


OURS = [
    ("GET", "/health"),
    ("GET", "/files/aaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("GET", "/nothing"),
]


@pytest.mark.parametrize(("method", "path"), OURS)
async def test_no_foreign_name_and_no_foreign_page_reaches_anything(local: Site, method: str, path: str) -> None:
    names = ("evil.invalid", "evil.invalid:8765", "127.0.0.1.evil.invalid", "")
    pages = ("http://evil.invalid", "https://localhost.evil.invalid", "null")
    foreign = [("Host", name, 421) for name in names] + [("Origin", page, 403) for page in pages]
    async with local.browser() as browser:
        for header, value, status in foreign:
            answer = await browser.request(method, path, headers={header: value})
            assert answer.status_code == status
            assert "MEDIASMITH_HTTP_URL" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost"},
        {"Host": "localhost:1"},
        {"Host": "[::1]:8765"},
        {"Host": "media.example.org"},
        {"Host": "media.example.org:443", "Origin": "https://media.example.org"},
        {"Host": "10.0.0.7:8765"},
        {"Origin": "http://localhost:6274"},
    ],
    ids=str,
)
async def test_own_names_are_known_with_and_without_a_port(tmp_path: Path, headers: Mapping[str, str]) -> None:
    installation = installed(tmp_path, fake(), http_token=SecretStr(TOKEN), http_url="https://media.example.org")
    async with site(installation, hosts=("10.0.0.7",), url="") as served, served.browser() as browser:
        assert (await browser.get("/health", headers=headers)).status_code == 200


async def test_health_tells_the_version_to_anyone_and_nothing_else(guarded: Site) -> None:
    async with guarded.browser() as browser:
        answer = await browser.get("/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "version"}
    assert answer.json()["status"] == "ok"
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", answer.json()["version"])
    assert "server" not in answer.headers


async def test_who_has_the_token_is_let_in(guarded: OwnSite, era: Era) -> None:
    async with guarded.client(era, TOKEN) as client:
        said = await made(client)
    engine = await guarded.opened.get()
    artifact = await engine.artifact(said["continuation_id"], HOLDER)
    assert artifact.principal == "http"
    assert Path(artifact.path).parent.name.startswith("principal-")


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer ä"],
)
@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
async def test_without_the_token_nobody_is_let_in(guarded: Site, given: str, version: str) -> None:
    headers = {b"MCP-Protocol-Version": version.encode(), b"Authorization": given.encode()}
    async with guarded.browser() as browser:
        for method in ("POST", "GET", "DELETE"):
            answer = await browser.request(method, "/mcp", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("url", "hosts", "settings"),
    [
        ("https://media.example.org", (), {}),
        ("", (), {"http_url": "https://media.example.org"}),
        ("", ("10.0.0.7",), {}),
        ("", ("0.0.0.0",), {}),
        ("", ("localhost.example.org",), {}),
    ],
)
async def test_beyond_this_machine_it_is_not_served_without_a_token_or_a_verifier(
    tmp_path: Path, url: str, hosts: tuple[str, ...], settings: dict[str, Any]
) -> None:
    async with lazy_engine(installed(tmp_path, **settings)) as opened:
        with pytest.raises(MediaError, match="without a token") as caught:
            http_app(opened, url=url, hosts=hosts)
        assert http_app(opened, url=url, hosts=hosts, token_verifier=Users())
    async with lazy_engine(installed(tmp_path, http_token=SecretStr(TOKEN), **settings)) as opened:
        assert http_app(opened, url=url, hosts=hosts)
    assert "Set MEDIASMITH_HTTP_TOKEN" in caught.value.hint


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({"MEDIASMITH_HTTP_TOKEN": "too-short-012345"[:15]}, "MEDIASMITH_HTTP_TOKEN is not accepted as it stands"),
        ({"MEDIASMITH_HTTP_TOKEN": "with a space in it 0123456789"}, "at least 16 characters without spaces"),
        ({"MEDIASMITH_HTTP_TOKEN": "${HTTP_TOKEN}"}, "MEDIASMITH_HTTP_TOKEN still reads ${...}"),
        ({"MEDIASMITH_HTTP_TOKN": TOKEN}, "did you mean MEDIASMITH_HTTP_TOKEN?"),
        ({"MEDIASMITH_HTTP_URL": "media.example.org"}, "MEDIASMITH_HTTP_URL is not accepted as it stands"),
        ({"MEDIASMITH_HTTP_URL": "https://media.example.org/mcp"}, "an address without /mcp"),
    ],
    ids=str,
)
async def test_a_setting_that_cannot_be_used_ends_the_start(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], problem: str
) -> None:
    said = await not_served(monkeypatch, env=env)
    assert problem in said
    assert env.get("MEDIASMITH_HTTP_TOKEN", TOKEN) not in said


@pytest.mark.parametrize(
    ("host", "env", "expected"),
    [
        ("0.0.0.0", {}, "0.0.0.0 is reached from other machines"),
        ("0", {}, "0.0.0.0 is reached from other machines"),
        ("::", {}, ":: is reached from other machines"),
        ("0.0.0.0", {"MEDIASMITH_HTTP_TOKEN": TOKEN}, "Set MEDIASMITH_HTTP_URL to it, such as https://media."),
        ("0", {"MEDIASMITH_HTTP_TOKEN": TOKEN}, "0 stands for every address of this machine"),
        ("::", {"MEDIASMITH_HTTP_TOKEN": TOKEN}, ":: stands for every address of this machine"),
        (HOST, {"MEDIASMITH_HTTP_URL": "https://media.example.org"}, "Set MEDIASMITH_HTTP_TOKEN to at least 16"),
        ("192.0.2.1", {}, "192.0.2.1 is reached from other machines"),
        ("192.0.2.1", {"MEDIASMITH_HTTP_TOKEN": TOKEN}, "Nothing can listen on port 0 of 192.0.2.1"),
        ("", {}, "'' is no address of this machine"),
        ("a b", {}, "'a b' is no address of this machine"),
    ],
)
async def test_it_listens_only_where_it_may_and_can(
    monkeypatch: pytest.MonkeyPatch, host: str, env: dict[str, str], expected: str
) -> None:
    assert expected in await not_served(monkeypatch, host, env=env)


async def test_a_port_that_is_in_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        said = await not_served(monkeypatch, port=port)
    assert said.startswith(f"Nothing can listen on port {port} of 127.0.0.1: Address already in use.")
    assert "Choose one from 0 to 65535" in await not_served(monkeypatch, port=65_536)


async def not_served(
    monkeypatch: pytest.MonkeyPatch, host: str = HOST, port: int = 0, env: Mapping[str, str] | None = None
) -> str:
    """Why it does not start so."""
    for name, value in (env or {}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(MediaError) as caught:
        await serve_http(host, port)
    return str(caught.value)


async def test_without_a_token_where_one_is_needed_a_call_does_nothing(tmp_path: Path) -> None:
    auth = AuthSettings(issuer_url=AnyHttpUrl("https://id.invalid"), resource_server_url=None)
    async with (
        lazy_engine(installed(tmp_path, fake())) as opened,
        Client(MediaServer(opened, principal=request_principal, token_verifier=Users(), auth=auth)) as client,
    ):
        assert "no token" in await refused(client, "generate_media", prompt="a lighthouse")
        with pytest.raises(MCPError, match="no token"):
            await client.read_resource("media://aaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert not (tmp_path / "out").exists()


async def test_who_issues_tokens_is_published_for_a_verifier_that_says_so(tmp_path: Path, era: Era) -> None:
    url = "https://media.example.org/mcp"
    auth = AuthSettings.model_validate(
        {"issuer_url": "https://id.invalid", "resource_server_url": url, "validate_token_resource": False}
    )
    async with site(installed(tmp_path, fake()), token_verifier=Users(), auth=auth) as served:
        async with served.browser() as browser:
            challenge = (await browser.post("/mcp")).headers["www-authenticate"]
            published = await browser.get("/.well-known/oauth-protected-resource/mcp")
        async with served.client(era, ANN) as ann:
            assert (await made(ann))["status"] == "done"
    assert 'resource_metadata="https://media.example.org/.well-known/oauth-protected-resource/mcp"' in challenge
    assert (published.json()["resource"], published.json()["authorization_servers"]) == (url, ["https://id.invalid"])


async def test_only_the_very_token_is_accepted_and_it_is_not_passed_on() -> None:
    verifier = StaticTokenVerifier(SecretStr(TOKEN))
    access = await verifier.verify_token(TOKEN)
    assert access is not None
    assert principal_of(access) == "http"
    assert TOKEN not in repr((access, verifier))
    for other in ("", TOKEN.upper(), f" {TOKEN}", TOKEN + "\0", "ä", "\xff" * 16):
        assert await verifier.verify_token(other) is None


def test_every_holder_of_a_token_is_told_apart() -> None:
    def of(client: str, subject: str | None = None, issuer: str | None = None) -> str:
        claims = {"iss": issuer} if issuer is not None else None
        return principal_of(AccessToken(token="t", client_id=client, scopes=[], subject=subject, claims=claims))

    found = [of("a"), of("a", "b"), of("a", "", "b"), of("a", "b", ""), of("a", None, "b"), of('a", "b'), of("")]
    found += [of("http"), of("local"), of("a", "null"), of("null", "a")]
    assert len({*found, "http", "local"}) == len(found) + 2
    assert of("a", "b", "c") == of("a", "b", "c")


@asynccontextmanager
async def two_users(shared: Site, era: Era) -> AsyncGenerator[tuple[Client, Client]]:
    async with shared.client(era, ANN) as ann, shared.client(era, BOB) as bob:
        yield ann, bob


async def test_an_id_of_another_user_is_as_unknown_as_one_that_never_was(shared: Site, era: Era) -> None:
    async with two_users(shared, era) as (ann, bob):
        hers = await made(ann)
        for identifier, user in ((hers["continuation_id"], ann), (hers["job_id"], ann)):
            assert identifier in json.dumps(await ask(user, "get_job"))
        answers = [await everything_said(bob, *ids) for ids in (("a" * 26, "b" * 26), ids_of(hers))]
        assert answers[0] == answers[1]
        assert await ask(bob, "get_job") == {"jobs": []} or hers["job_id"] not in json.dumps(await ask(bob, "get_job"))
        assert (await ann.read_resource(hers["files"][0]["uri"])).contents


def ids_of(said: Any) -> tuple[str, str]:
    return said["continuation_id"], said["job_id"]


async def everything_said(client: Client, file_id: str, job_id: str) -> list[str]:
    """What is said about a file and a job, wherever an id may be given, without the ids."""
    said = [
        await refused(client, "continue_edit", continuation_id=file_id, prompt="make it blue"),
        await refused(client, "generate_media", prompt="a lighthouse", image=[file_id]),
        await refused(client, "generate_media", prompt="a lighthouse", image=[f"media://{file_id}"]),
        await refused(client, "get_job", job_id=job_id),
        await refused(client, "get_job", job_id=job_id, cancel=True),
        await refused(client, "get_job", job_id=file_id),
    ]
    with pytest.raises(MCPError) as caught:
        await client.read_resource(f"media://{file_id}")
    said.append(f"{caught.value.code} {caught.value.message}")
    return [text.replace(file_id, "FILE").replace(job_id, "JOB") for text in said]


async def test_each_user_has_a_folder_of_their_own(shared: Site, commons: Path) -> None:
    async with two_users(shared, "auto") as (ann, bob):
        places = [Path((await made(user))["files"][0]["path"]).parent for user in (ann, bob)]
        named = Path((await made(ann, output="castles/first"))["files"][0]["path"])
    assert places[0] != places[1]
    assert {place.parent for place in places} == {commons / "out"}
    assert named.parent == places[0] / "castles"


async def test_no_path_leads_a_user_to_what_is_anothers(shared: Site, commons: Path) -> None:
    async with two_users(shared, "auto") as (ann, bob):
        hers = (await made(ann))["files"][0]["path"]
        own = Path((await made(bob))["files"][0]["path"])
        beside = link_beside(own, hers)
        theirs = [hers, f"file://{hers}", beside, "link.png", str(commons / "out" / "of-the-operator.png")]
        cwd = [str(Path(__file__)), "~/a.png", "/etc/hosts"]
        for path in (*theirs, *cwd):
            said = await refused(bob, "generate_media", prompt="a lighthouse", image=[path])
            assert "is outside the allowed folders" in said
            assert path.removeprefix("file://") in said, "what a link leads to is not told"
        for output in (hers, f"{Path(hers).parent}/", f"{Path(beside).parent}/x", f"{commons}/out/", "../x.png", "~/x"):
            said = await refused(bob, "generate_media", prompt="a lighthouse", output=output)
            assert "is outside the allowed folders" in said
        assert Path(hers).parent.name not in json.dumps(await made(bob, image=[own.name]))


def link_beside(file: Path, target: str) -> str:
    """Put link.png beside a file; the way from there to the target."""
    (file.parent / "link.png").unlink(missing_ok=True)
    (file.parent / "link.png").symlink_to(target)
    return os.path.relpath(target, file.parent)


async def test_what_the_settings_share_is_for_every_user(shared: Site, commons: Path) -> None:
    async with two_users(shared, "auto") as (ann, bob):
        for user in (ann, bob):
            said = await made(user, image=[str(commons / "shared.png")], output=f"{commons}/together/")
            assert Path(said["files"][0]["path"]).parent == commons / "together"


async def test_a_lost_answer_is_not_given_to_another_user(tmp_path: Path) -> None:
    gate = Gate()
    async with site(installed(tmp_path, fake(start=gate)), token_verifier=Users()) as served:
        async with served.client("auto", ANN) as ann, anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: made(ann))
            await gate.reached.wait()
            tasks.cancel_scope.cancel()
        gate.open.set()
        async with two_users(served, "auto") as (ann, bob):
            assert "warnings" not in await made(bob)
            assert "nothing was sent again" in (await made(ann))["warnings"][0]
    assert gate.calls == 2


async def test_a_users_job_is_collected_into_their_folder_after_a_restart(tmp_path: Path, era: Era) -> None:
    provider = Scripted(job(), polls=[Pending(), picture()])
    clock = VirtualClock()
    installation = installed(tmp_path, provider.backend())
    async with site(installation, clock=clock, token_verifier=Users()) as served, served.client(era, ANN) as ann:
        running = await made(ann, wait_seconds=0)
        while not provider.polled:
            await anyio.lowlevel.checkpoint()
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


async def test_a_conversation_belongs_to_who_began_it(shared: Site) -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    accept = {"Accept": "application/json, text/event-stream"}
    async with shared.browser(ANN) as ann, shared.browser(BOB) as bob:
        begun = await ann.post("/mcp", json=message("initialize", hello), headers=accept)
        session = {**accept, "Mcp-Session-Id": begun.headers["mcp-session-id"]}
        assert (await bob.post("/mcp", json=message("tools/list", {}), headers=session)).status_code == 404
        assert (await ann.post("/mcp", json=message("tools/list", {}), headers=session)).status_code == 200
        await ann.delete("/mcp", headers=session)


def message(method: str, params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def test_a_large_file_is_fetched_by_its_link_without_a_token(guarded: Site, era: Era) -> None:
    async with guarded.client(era, TOKEN) as client, guarded.browser() as anyone:
        link, file = await link_to_large(client)
        assert link.startswith(f"{guarded.url}/files/{file['id']}?")
        fetched = await anyone.get(link)
        with pytest.raises(MCPError, match="6,291,457 bytes") as caught:
            await client.read_resource(file["uri"])
        [named] = re.findall(r"http://\S+", caught.value.message)
        again = await anyone.head(named)
    assert fetched.content == on_disk(file)
    assert fetched.headers["content-type"] == "image/png"
    assert fetched.headers["content-disposition"] == f'attachment; filename="{Path(file["path"]).name}"'
    assert (again.status_code, again.headers["content-length"], again.content) == (200, "6291457", b"")


async def test_a_link_can_be_fetched_in_pieces(local: Site) -> None:
    async with local.client() as client, local.browser() as browser:
        link, file = await link_to_large(client)
        piece = await browser.get(link, headers={"Range": "bytes=1-3"})
        beyond = await browser.get(link, headers={"Range": "bytes=9999999-"})
    assert (piece.status_code, piece.content) == (206, on_disk(file)[1:4])
    assert piece.headers["content-range"] == f"bytes 1-3/{MAX_RESOURCE + 1}"
    assert beyond.status_code == 416


async def test_nothing_in_a_file_runs_as_a_page_of_the_server(tmp_path: Path) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'.ljust(MAX_RESOURCE + 1)

    async def draw(_call: Call[None, Any]) -> Result:
        return Result(outputs=(Output(body=drawing, mime="image/svg+xml"),))

    installation = installed(tmp_path, fake("large", start=draw))
    async with site(installation) as served, served.client() as client, served.browser() as browser:
        link, _ = await link_to_large(client)
        headers = (await browser.get(link)).headers
    assert headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private"
    assert headers["content-disposition"].startswith("attachment")


async def test_a_link_that_is_not_right_tells_nothing(local: Site) -> None:
    async with local.client() as client, local.browser() as browser:
        link, file = await link_to_large(client)
        other = (await made(client))["continuation_id"]
        bare, _, query = link.partition("?")
        wrong = [
            bare,
            link[:-1],
            re.sub(r"expires=\d+", "expires=9999999999", link),
            re.sub(r"expires=\d+", "expires=", link),
            link.replace(file["id"], other),
            link.replace(file["id"], "a" * 26),
            link.replace(file["id"], "..%2F..%2Fetc%2Fpasswd"),
            f"{bare}?{query.replace('signature=', 'signature=%ff')}",
        ]
        answers = [await browser.get(url) for url in wrong]
    assert {answer.status_code for answer in answers} <= {403, 404}
    assert [answer.status_code for answer in answers].count(404) <= 1  # a slash is of another path
    assert {answer.text for answer in answers if answer.status_code == 403} == {
        f"This link is not valid, or no longer. {NOTHING_THERE}"
    }


async def test_a_link_ends_after_an_hour_and_get_job_gives_a_new_one(tmp_path: Path) -> None:
    clock = VirtualClock()
    installation = installed(tmp_path, *everything())
    async with site(installation, clock=clock) as served, served.client() as client, served.browser() as browser:
        link, _ = await link_to_large(client)
        await clock.advance(3599)
        assert (await browser.get(link)).status_code == 200
        await clock.advance(1)
        late = await browser.get(link)
        [job] = (await ask(client, "get_job"))["jobs"]
        [anew] = links(await client.call_tool("get_job", {"job_id": job["job_id"]}))
        assert (await browser.get(anew.uri)).status_code == 200
    assert (late.status_code, late.text) == (410, f"This link has expired. {NOTHING_THERE}")


async def test_a_link_to_a_file_that_was_removed_says_so(local: Site) -> None:
    async with local.client() as client, local.browser() as browser:
        link, file = await link_to_large(client)
        remove(file)
        gone = await browser.get(link)
    assert (gone.status_code, gone.text) == (410, "The file that this link led to is gone.")


def remove(file: Any) -> None:
    Path(file["path"]).unlink()


async def test_a_library_that_cannot_be_read_is_no_page_of_errors(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "library.sqlite3").write_bytes(b"not a library" * 100)
    async with site(installed(tmp_path)) as served, served.browser() as browser:
        answer = await browser.get("/files/aaaaaaaaaaaaaaaaaaaaaaaaaa?expires=1&signature=x")
    assert (answer.status_code, answer.text) == (503, "The file cannot be served just now. Try again later.")


async def test_links_begin_with_the_public_address(tmp_path: Path) -> None:
    url = "https://media.example.org/studio"
    installation = installed(tmp_path, *everything(), http_token=SecretStr(TOKEN), http_url=url)
    async with site(installation, url="") as served, served.client("auto", TOKEN) as client:
        link, _ = await link_to_large(client)
    assert link.startswith(f"{url}/files/")


async def test_a_request_that_is_too_large_is_told_the_limit_and_what_to_do(local: Site) -> None:
    image = f"data:image/png;base64,{'A' * MAX_BODY}"
    async with local.client() as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("generate_media", {"prompt": "a lighthouse", "image": [image]})
        assert len((await client.list_tools(cache_mode="refresh")).tools) == 4
    assert "larger than the 16 MiB" in caught.value.message
    assert all(way in caught.value.message for way in ("https://", "media://", "path"))


async def test_a_picture_fits_into_a_request(local: Site) -> None:
    image = f"data:image/png;base64,{base64.b64encode(png().ljust(4_000_000, bytes(1))).decode()}"
    async with local.client() as client:
        assert (await made(client, image=[image]))["status"] == "done"
    assert MAX_BODY > 12_000_000 * 4 / 3


async def test_a_request_of_unknown_length_is_measured_as_it_comes(local: Site) -> None:
    async def endless() -> AsyncGenerator[bytes]:
        for _ in range(MAX_BODY // 2**20 + 1):
            yield bytes(2**20)

    async with local.browser() as browser:
        headers = {"Content-Type": "application/json", "Mcp-Protocol-Version": "2026-07-28"}
        answer = await browser.post("/mcp", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["id"] is None
    assert "16 MiB" in answer.json()["error"]["message"]


async def test_neither_tokens_nor_links_are_logged(guarded: Site, era: Era, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with guarded.client(era, TOKEN) as client, guarded.browser("wrong-token-0123456789") as browser:
        link, _ = await link_to_large(client)
        await browser.get(link)
        await browser.get(f"{link}x")
        await browser.post("/mcp")
    said = [record.getMessage() for record in caplog.records if not record.name.startswith(("http", "mcp.client"))]
    assert said or era == "auto"
    assert not any(
        secret in line for line in said for secret in (TOKEN, "wrong-token", link.partition("signature=")[2])
    )


async def test_a_backend_that_got_hold_of_the_token_cannot_tell_it(tmp_path: Path) -> None:
    backend = Scripted(picture(note=f"Bearer {TOKEN}")).backend()
    installation = installed(tmp_path, backend, http_token=SecretStr(TOKEN))
    async with site(installation) as served, served.client("auto", TOKEN) as client:
        assert (await made(client))["details"] == {"note": "Bearer [secret]"}


OVER_HTTP = ("sh", "-c", 'exec "$0" serve --http --port 0')


async def test_it_leaves_at_a_signal_and_what_was_in_flight_is_collected_later(
    tmp_path: Path, provider: Provider
) -> None:
    env = {"MEDIASMITH_BACKENDS": "stub_slow,busy", "MEDIASMITH_HTTP_TOKEN": TOKEN}
    async with started(tmp_path, provider, env=env, within=OVER_HTTP) as server:
        await server.logged("/mcp")
        [url] = re.findall(r"http://127\.0\.0\.1:\d+", server.log)
        own = server.log.removeprefix("noise from a backend\n")
        assert own == f"Serving MCP over HTTP at {url}/mcp; Ctrl-C ends it.\n"
        async with Site(url=url).client("legacy", TOKEN) as client:
            slow = await made(client, backend="stub_slow", wait_seconds=0)
            busy = await made(client, backend="busy", wait_seconds=0)
            await provider.seen("GET /jobs/{id}")
            await server.logged("busy from now on")
            server.send(signal.SIGTERM)
            assert await server.gone() == 0
    assert not any(secret in server.log for secret in (TOKEN, KEY))
    provider.finish()
    variables = environment(tmp_path, provider, env=env)
    successor = Installation.load(env=variables, backends=Registry(backends={"stub_slow": stub_slow}, broken={}))
    async with site(successor) as served, served.client("auto", TOKEN) as client:
        assert (await ask(client, "get_job", job_id=slow["job_id"]))["status"] == "done"
        assert (await ask(client, "get_job", job_id=busy["job_id"]))["status"] == "unknown"
    assert provider.paid() == 1
