"""The server over HTTP, on real sockets: clients of both protocols, access control and signed links."""

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
from mcp_types import BlobResourceContents, ImageContent
from PIL import Image
from pydantic import AnyHttpUrl, SecretStr

from fakes.backends import capability, fake, make, png
from fakes.engines import Scripted, accepted, picture
from fakes.http import ANN, BOB, OwnSite, Site, Users, installed, site
from fakes.provider import KEY, Provider
from fakes.server import (
    ERAS,
    Era,
    Gate,
    ask,
    environment,
    on_disk,
    refused,
    remove,
    resource_links,
    started,
    text,
)
from fakes.virtual_clock import VirtualClock
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.content import MAX_RESOURCE
from mediasmith.mcp.http.listener import HOST, http_app, serve_http
from mediasmith.mcp.http.message_errors import MAX_BODY
from mediasmith.mcp.http.request_timeout import TimedProtocol
from mediasmith.mcp.http.tokens import HOLDER, StaticTokenVerifier, principal_of, request_principal
from mediasmith.mcp.server import MediaServer
from mediasmith.plugin.contract import Backend, Call, Output, Pending, Result, Takes
from mediasmith.plugin.errors import MediaError
from mediasmith_stub.backends import stub_slow

TOKEN = "a-token-of-the-tests-0123456789"
NEW_LINK = "To get a new one, call get_job with the id of the job that made the file."


async def noisy(call: Call[None, Any]) -> Result:
    """Make an image with a preview as large as previews get."""
    picture = io.BytesIO()
    Image.effect_noise((512, 512), 100).save(picture, "PNG")
    return Result(outputs=(Output(body=picture.getvalue(), mime="image/png"),))


async def large(call: Call[None, Any]) -> Result:
    """Make an image that is too large to be read as a resource."""
    return Result(outputs=(Output(body=png().ljust(MAX_RESOURCE + 1, b"\0"), mime="image/png"),))


def backends() -> list[Backend[Any]]:
    """Return the backends that tests need; the first one is chosen by default."""
    edits = capability(takes={"image": Takes(max=4)}, edits="image", preference=1)
    return [fake(capabilities=(edits,)), fake("noisy", start=noisy), fake("large", start=large)]


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    return request.param


@pytest.fixture(scope="module")
async def local(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[OwnSite]:
    """A server without authentication."""
    async with site(installed(tmp_path_factory.mktemp("local"), *backends())) as served:
        yield served


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[OwnSite]:
    """A server with a token in its settings."""
    installation = installed(tmp_path_factory.mktemp("guarded"), *backends(), http_token=SecretStr(TOKEN))
    async with site(installation) as served:
        yield served


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


async def generate(client: Client, **arguments: Any) -> Any:
    """Call generate_media and return its answer."""
    return await ask(client, "generate_media", **{"prompt": "a lighthouse", **arguments})


async def link_to_large(client: Client) -> tuple[str, Any]:
    """Generate a file that is too large to be read, and return its link and the file."""
    result = await client.call_tool("generate_media", {"prompt": "a lighthouse", "backend": "large"})
    [link], [file] = resource_links(result), json.loads(text(result))["files"]
    return link.uri, file


async def test_a_file_is_generated_read_and_edited(local: Site, era: Era) -> None:
    async with local.client(era) as client:
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse"})
        assert [block.type for block in result.content] == ["text", "resource_link", "image"]
        [file] = json.loads(text(result))["files"]
        assert resource_links(result)[0].uri == file["uri"] == f"media://{file['id']}"
        [read] = (await client.read_resource(file["uri"])).contents
        assert isinstance(read, BlobResourceContents)
        assert base64.b64decode(read.blob) == on_disk(file) == png()
        edited = await ask(client, "continue_edit", continuation_id=file["id"], prompt="make it blue")
    assert (edited["status"], edited["parent"]) == ("done", file["id"])


async def test_without_tokens_every_client_is_the_same_user(local: Site) -> None:
    async with local.client("legacy") as one, local.client("auto") as other:
        [file] = (await generate(one))["files"]
        assert (await other.read_resource(file["uri"])).contents


async def test_the_previews_of_an_answer_fit_into_one_mebibyte(local: Site) -> None:
    async with local.client("legacy") as client:
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse", "backend": "noisy", "n": 5})
    previews = [block for block in result.content if isinstance(block, ImageContent)]
    assert len(previews) == 5
    assert sum(len(preview.data) for preview in previews) > 200_000


async def test_progress_is_sent_while_a_call_waits(tmp_path: Path, era: Era) -> None:
    clock = VirtualClock()
    received: list[tuple[float, str | None]] = []

    async def make_slowly(call: Call[None, Any]) -> Result:
        call.report(Pending(progress=0.5, message="painting"))
        await clock.sleep(12)
        return await make(call)

    async def receive(progress: float, total: float | None, message: str | None) -> None:
        received.append((progress, message))

    async with (
        site(installed(tmp_path, fake(start=make_slowly)), clock=clock) as served,
        served.client(era) as client,
        clock.autojump(),
    ):
        result = await client.call_tool("generate_media", {"prompt": "a lighthouse"}, progress_callback=receive)
    assert json.loads(text(result))["status"] == "done"
    assert received == [(5, "50%, painting"), (10, "50%, painting")]


async def test_the_job_of_a_client_that_disconnected_is_attached_to(tmp_path: Path, era: Era) -> None:
    gate = Gate()
    async with site(installed(tmp_path, fake(start=gate))) as served:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(disconnect, served, era)
            await gate.reached.wait()
            tasks.cancel_scope.cancel()
        async with served.client(era) as client:
            [running] = (await ask(client, "get_job"))["jobs"]
            assert running["status"] == "running"
            gate.open.set()
            done = await generate(client)
    assert done["job_id"] == running["job_id"]
    assert "nothing was sent again" in done["warnings"][0]
    assert gate.calls == 1


async def disconnect(served: Site, era: Era) -> None:
    async with served.client(era) as client:
        await generate(client)


OURS = [
    ("GET", "/files/aaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("POST", "/mcp"),
    ("GET", "/mcp"),
    ("GET", "/nothing"),
]


@pytest.mark.parametrize(("method", "path"), OURS)
async def test_unknown_hosts_and_origins_are_refused_on_every_route(local: Site, method: str, path: str) -> None:
    foreign = [("Host", "localhost:evil.test", 421), ("Host", "", 421), ("Origin", "http://localhost:1.evil.test", 403)]
    async with local.browser() as browser:
        for header, value, status in foreign:
            answer = await browser.request(method, path, headers={header: value})
            assert answer.status_code == status
            assert "MEDIASMITH_HTTP_URL" in answer.text
            assert "access-control-allow-origin" not in answer.headers


async def test_the_state_of_the_server_can_be_asked_for_under_any_host(local: Site) -> None:
    async with local.browser() as browser:
        for path in ("/health", "/health/"):
            assert (await browser.get(path, headers={"Host": "10.42.0.7:8765"})).status_code == 200
        assert (await browser.get("/health", headers={"Origin": "http://evil.invalid"})).status_code == 403


PAGE = {"Origin": "http://localhost:6274"}


async def test_pages_of_known_origins_can_call(guarded: Site) -> None:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version,mcp-method",
        "Access-Control-Request-Private-Network": "true",
    }
    async with guarded.browser() as browser:
        preflight = await browser.options("/mcp", headers={**PAGE, **asked})
        answer = await browser.post("/mcp", headers=PAGE)
        plain = await browser.post("/mcp")
    assert preflight.status_code == 200
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == asked["Access-Control-Request-Headers"]
    assert preflight.headers["access-control-allow-private-network"] == "true"
    assert answer.status_code == 401
    for answered in (preflight, answer):
        assert answered.headers["access-control-allow-origin"] == PAGE["Origin"]
    exposed = answer.headers["access-control-expose-headers"]
    assert {"Mcp-Session-Id", "Mcp-Protocol-Version", "WWW-Authenticate"} <= set(exposed.split(", "))
    assert "access-control-allow-origin" not in plain.headers


async def test_a_slash_at_the_end_of_the_path_makes_no_difference(local: Site) -> None:
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    accept = {"Accept": "application/json, text/event-stream"}
    async with local.browser() as browser:
        begun = await browser.post("/mcp/", json=message("initialize", hello), headers=accept)
        await browser.delete("/mcp/", headers={"Mcp-Session-Id": begun.headers["mcp-session-id"]})
    assert begun.status_code == 200


@pytest.mark.parametrize("rest", [b"", b"Content-Length: 9\r\n\r\n{"])
async def test_a_connection_with_half_a_request_is_closed_without_a_trace(
    local: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, rest: bytes
) -> None:
    head = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: */*\r\n"
    with monkeypatch.context() as patched:
        patched.setattr(TimedProtocol, "seconds", 0.01)
        async with await anyio.connect_tcp(HOST, int(local.url.rpartition(":")[2])) as connection:
            await connection.send(head + rest)
            with anyio.fail_after(30), pytest.raises(anyio.EndOfStream):
                await connection.receive()
    async with local.browser() as browser:  # by when what the half request started has ended
        await browser.get("/health")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost"},
        {"Host": "LOCALHOST:1"},
        {"Host": "[::1]:8765"},
        {"Host": "media.example.org"},
        {"Host": "media.example.org:443", "Origin": "https://media.example.org"},
        {"Host": "10.0.0.7:8765"},
        {"Origin": "http://localhost:6274"},
    ],
    ids=str,
)
async def test_known_hosts_and_origins_are_accepted_with_and_without_a_port(
    tmp_path: Path, headers: Mapping[str, str]
) -> None:
    installation = installed(tmp_path, fake(), http_token=SecretStr(TOKEN), http_url="https://media.example.org")
    async with site(installation, hosts=("10.0.0.7",), url="") as served, served.browser() as browser:
        assert (await browser.get("/health", headers=headers)).status_code == 200


async def test_health_shows_only_the_version_to_anyone(guarded: Site) -> None:
    async with guarded.browser() as browser:
        answer = await browser.get("/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status", "version"}
    assert answer.json()["status"] == "ok"
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", answer.json()["version"])
    assert "server" not in answer.headers


async def test_a_client_with_the_token_has_access(guarded: OwnSite, era: Era) -> None:
    async with guarded.client(era, TOKEN) as client:
        said = await generate(client)
    engine = await guarded.opened.get()
    artifact = await engine.artifact(said["continuation_id"], HOLDER)
    assert artifact.principal == "http"
    assert Path(artifact.path).parent.name.startswith("principal-")


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer ä"],
)
@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
async def test_a_client_without_the_token_has_no_access(guarded: Site, given: str, version: str) -> None:
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
async def test_an_app_for_other_machines_needs_a_token_or_a_verifier(
    tmp_path: Path, url: str, hosts: tuple[str, ...], settings: dict[str, Any]
) -> None:
    async with lazy_engine(lambda: installed(tmp_path, **settings)) as opened:
        with pytest.raises(MediaError, match="without a token") as caught:
            http_app(opened, url=url, hosts=hosts)
        assert http_app(opened, url=url, hosts=hosts, token_verifier=Users())
    async with lazy_engine(lambda: installed(tmp_path, http_token=SecretStr(TOKEN), **settings)) as opened:
        assert http_app(opened, url=url, hosts=hosts)
    assert "Set MEDIASMITH_HTTP_TOKEN" in caught.value.hint


@pytest.mark.parametrize(
    ("env", "problem"),
    [
        ({"MEDIASMITH_HTTP_TOKEN": "too-short-012345"[:15]}, "Correct it and start the server again."),
        ({"MEDIASMITH_HTTP_TOKEN": "with a space in it 0123456789"}, "at least 16 characters without spaces"),
        ({"MEDIASMITH_HTTP_TOKEN": "${HTTP_TOKEN}"}, "MEDIASMITH_HTTP_TOKEN still contains ${...}"),
        ({"MEDIASMITH_HTTP_TOKN": TOKEN}, "did you mean MEDIASMITH_HTTP_TOKEN?"),
        ({"MEDIASMITH_HTTP_URL": "media.example.org"}, "MEDIASMITH_HTTP_URL is not valid"),
        ({"MEDIASMITH_HTTP_URL": "https://media.example.org/mcp"}, "a URL without /mcp"),
    ],
    ids=str,
)
async def test_the_server_does_not_start_with_an_invalid_http_setting(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], problem: str
) -> None:
    said = await start_error(monkeypatch, env=env)
    assert problem in said
    assert env.get("MEDIASMITH_HTTP_TOKEN", TOKEN) not in said


@pytest.mark.parametrize(
    ("host", "env", "expected"),
    [
        ("0.0.0.0", {}, "0.0.0.0 can be reached from other machines"),
        ("0", {}, "0.0.0.0 can be reached from other machines"),
        ("::", {}, ":: can be reached from other machines"),
        (
            "0.0.0.0",
            {"MEDIASMITH_HTTP_TOKEN": TOKEN},
            "Set MEDIASMITH_HTTP_URL to that address, for example https://media.",
        ),
        ("0", {"MEDIASMITH_HTTP_TOKEN": TOKEN}, "0 means every address of this machine"),
        ("::", {"MEDIASMITH_HTTP_TOKEN": TOKEN}, ":: means every address of this machine"),
        (HOST, {"MEDIASMITH_HTTP_URL": "https://media.example.org"}, "Set MEDIASMITH_HTTP_TOKEN to at least 16"),
        ("192.0.2.1", {}, "192.0.2.1 can be reached from other machines"),
        ("192.0.2.1", {"MEDIASMITH_HTTP_TOKEN": TOKEN}, "Cannot listen on port 0 of 192.0.2.1"),
        ("", {}, "'' is not an address of this machine"),
        ("a b", {}, "'a b' is not an address of this machine"),
    ],
)
async def test_the_server_does_not_start_on_an_address_that_it_may_not_or_cannot_use(
    monkeypatch: pytest.MonkeyPatch, host: str, env: dict[str, str], expected: str
) -> None:
    assert expected in await start_error(monkeypatch, host, env=env)


async def test_the_server_does_not_start_on_a_port_that_it_cannot_use(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        said = await start_error(monkeypatch, port=port)
    assert said.startswith(f"Cannot listen on port {port} of 127.0.0.1: Address already in use.")
    assert "Choose one from 0 to 65535" in await start_error(monkeypatch, port=65_536)


async def start_error(
    monkeypatch: pytest.MonkeyPatch, host: str = HOST, port: int = 0, env: Mapping[str, str] | None = None
) -> str:
    """Return the error with which the server does not start."""
    for name, value in (env or {}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(MediaError) as caught:
        await serve_http(host, port)
    return str(caught.value)


async def test_a_call_without_a_required_token_does_nothing(tmp_path: Path) -> None:
    auth = AuthSettings(issuer_url=AnyHttpUrl("https://id.invalid"), resource_server_url=None)
    async with (
        lazy_engine(lambda: installed(tmp_path, fake())) as opened,
        Client(MediaServer(opened, principal=request_principal, token_verifier=Users(), auth=auth)) as client,
    ):
        assert "no token" in await refused(client, "generate_media", prompt="a lighthouse")
        with pytest.raises(MCPError, match="no token"):
            await client.read_resource("media://aaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert not (tmp_path / "out").exists()


async def test_the_issuer_of_tokens_is_published(tmp_path: Path, era: Era) -> None:
    url = "https://media.example.org/mcp"
    auth = AuthSettings.model_validate(
        {"issuer_url": "https://id.invalid", "resource_server_url": url, "validate_token_resource": False}
    )
    async with site(installed(tmp_path, fake()), token_verifier=Users(), auth=auth) as served:
        async with served.browser() as browser:
            challenge = (await browser.post("/mcp")).headers["www-authenticate"]
            published = await browser.get("/.well-known/oauth-protected-resource/mcp")
        async with served.client(era, ANN) as ann:
            assert (await generate(ann))["status"] == "done"
    assert 'resource_metadata="https://media.example.org/.well-known/oauth-protected-resource/mcp"' in challenge
    assert (published.json()["resource"], published.json()["authorization_servers"]) == (url, ["https://id.invalid"])


async def test_only_the_exact_token_is_accepted_and_it_is_not_passed_on() -> None:
    verifier = StaticTokenVerifier(SecretStr(TOKEN))
    access = await verifier.verify_token(TOKEN)
    assert access is not None
    assert principal_of(access) == "http"
    assert TOKEN not in repr((access, verifier))
    for other in ("", TOKEN.upper(), f" {TOKEN}", TOKEN + "\0", "ä", "\xff" * 16):
        assert await verifier.verify_token(other) is None


def test_principals_differ_by_client_subject_and_issuer() -> None:
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
    with pytest.raises(MCPError) as caught:
        await client.read_resource(f"media://{file_id}")
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


def message(method: str, params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def test_a_large_file_is_downloaded_by_its_link_without_a_token(guarded: Site, era: Era) -> None:
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


async def test_a_link_supports_ranges(local: Site) -> None:
    async with local.client() as client, local.browser() as browser:
        link, file = await link_to_large(client)
        piece = await browser.get(link, headers={"Range": "bytes=1-3"})
        beyond = await browser.get(link, headers={"Range": "bytes=9999999-"})
    assert (piece.status_code, piece.content) == (206, on_disk(file)[1:4])
    assert piece.headers["content-range"] == f"bytes 1-3/{MAX_RESOURCE + 1}"
    assert beyond.status_code == 416


async def test_scripts_in_a_file_do_not_run_as_a_page_of_the_server(tmp_path: Path) -> None:
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


async def test_an_invalid_link_discloses_nothing(local: Site) -> None:
    async with local.client() as client, local.browser() as browser:
        link, file = await link_to_large(client)
        other = (await generate(client))["continuation_id"]
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
    assert {answer.text for answer in answers if answer.status_code == 403} == {f"This link is not valid. {NEW_LINK}"}


async def test_a_link_expires_after_an_hour_and_get_job_gives_a_new_one(tmp_path: Path) -> None:
    clock = VirtualClock()
    installation = installed(tmp_path, *backends())
    async with site(installation, clock=clock) as served, served.client() as client, served.browser() as browser:
        link, _ = await link_to_large(client)
        await clock.advance(3599)
        assert (await browser.get(link)).status_code == 200
        await clock.advance(1)
        late = await browser.get(link)
        [job] = (await ask(client, "get_job"))["jobs"]
        [new_link] = resource_links(await client.call_tool("get_job", {"job_id": job["job_id"]}))
        assert (await browser.get(new_link.uri)).status_code == 200
    assert (late.status_code, late.text) == (410, f"This link has expired. {NEW_LINK}")


async def test_a_link_to_a_removed_file_says_so(local: Site) -> None:
    async with local.client() as client, local.browser() as browser:
        link, file = await link_to_large(client)
        remove(file)
        gone = await browser.get(link)
    assert (gone.status_code, gone.text) == (410, "The file no longer exists.")


async def test_a_library_that_cannot_be_read_is_a_short_error(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "library.sqlite3").write_bytes(b"not a library" * 100)
    async with site(installed(tmp_path)) as served, served.browser() as browser:
        answer = await browser.get("/files/aaaaaaaaaaaaaaaaaaaaaaaaaa?expires=1&signature=x")
    assert (answer.status_code, answer.text) == (503, "The file cannot be served at the moment. Try again later.")


async def test_links_begin_with_the_public_url(tmp_path: Path) -> None:
    url = "https://media.example.org/studio"
    installation = installed(tmp_path, *backends(), http_token=SecretStr(TOKEN), http_url=url)
    async with site(installation, url="") as served, served.client("auto", TOKEN) as client:
        link, _ = await link_to_large(client)
    assert link.startswith(f"{url}/files/")


async def test_the_error_of_a_request_that_is_too_large_says_what_to_do(local: Site) -> None:
    image = f"data:image/png;base64,{'A' * MAX_BODY}"
    async with local.client() as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("generate_media", {"prompt": "a lighthouse", "image": [image]})
        assert len((await client.list_tools(cache_mode="refresh")).tools) == 4
    assert "larger than 16 MiB" in caught.value.message
    assert all(way in caught.value.message for way in ("https://", "media://", "path"))


@pytest.mark.parametrize(
    ("body", "code", "known"),
    [
        (b"garbage", -32700, None),
        (b'{"jsonrpc": "2.0", "id": "a", "method": "tools/list", "params": {"x": "\\ud83d"}}', -32700, "a"),
        (b'{"jsonrpc": "2.0", "id": null, "method": "tools/list"}', -32600, None),
        (b'[{"jsonrpc": "2.0", "id": 7, "method": "tools/list"}]', -32600, 7),
    ],
)
async def test_a_message_that_is_not_valid_is_answered_as_over_stdio(
    local: Site, body: bytes, code: int, known: str | int | None
) -> None:
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    async with local.browser() as browser:
        answer = await browser.post("/mcp", content=body, headers=headers)
    told = answer.json()
    assert (answer.status_code, told["id"], told["error"]["code"]) == (400, known, code)
    assert told["error"]["message"].endswith("Nothing was done or billed.")


async def test_an_image_of_12_mb_fits_into_a_request(local: Site) -> None:
    image = f"data:image/png;base64,{base64.b64encode(png().ljust(4_000_000, bytes(1))).decode()}"
    async with local.client() as client:
        assert (await generate(client, image=[image]))["status"] == "done"
    assert MAX_BODY > 12_000_000 * 4 / 3


async def test_the_limit_also_holds_for_a_request_of_unknown_length(local: Site) -> None:
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


async def test_the_token_is_redacted_in_the_answers_of_backends(tmp_path: Path) -> None:
    backend = Scripted(picture(note=f"Bearer {TOKEN}")).backend()
    installation = installed(tmp_path, backend, http_token=SecretStr(TOKEN))
    async with site(installation) as served, served.client("auto", TOKEN) as client:
        assert (await generate(client))["details"] == {"note": "Bearer [secret]"}


OVER_HTTP = ("sh", "-c", 'exec "$0" serve --http --port 0')


async def test_the_server_stops_at_a_signal_and_its_jobs_are_collected_later(
    tmp_path: Path, provider: Provider
) -> None:
    env = {"MEDIASMITH_BACKENDS": "stub_slow,busy", "MEDIASMITH_HTTP_TOKEN": TOKEN}
    async with started(tmp_path, provider, env=env, within=OVER_HTTP) as server:
        await server.logged("/mcp")
        [url] = re.findall(r"http://127\.0\.0\.1:\d+", server.log)
        own = server.log.removeprefix("noise from a backend\n")
        assert own == f"Serving MCP over HTTP at {url}/mcp; press Ctrl-C to stop.\n"
        async with Site(url=url).client("legacy", TOKEN) as client:
            slow = await generate(client, backend="stub_slow", wait_seconds=0)
            busy = await generate(client, backend="busy", wait_seconds=0)
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
