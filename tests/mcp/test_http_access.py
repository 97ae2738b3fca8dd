"""Who may call the server over HTTP: hosts, origins and tokens."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl, SecretStr

from fakes.backends import fake
from fakes.engines import Scripted, picture
from fakes.http import ANN, OwnSite, Site, Users, installed, site
from fakes.server import Era, refused
from fakes.sites import TOKEN, generate, link_to_large
from mediasmith.config.caller import HOLDER
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.http.tokens import StaticTokenVerifier, principal_of, request_principal
from mediasmith.mcp.server import MediaServer

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
