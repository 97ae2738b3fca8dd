"""Who may look at the gallery: the person with the key, from its own page, and each only at what is theirs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from mcp.server.auth.provider import AccessToken, TokenVerifier
from pydantic import SecretStr
from starlette.requests import HTTPConnection
from starlette.responses import Response

from fakes.backends import capability, fake
from fakes.galleries import GallerySite, gallery_site
from fakes.http import ANN, BOB, Users, installed, site
from fakes.server import on_disk
from fakes.virtual_clock import VirtualClock
from mediasmith.config.caller import HOLDER
from mediasmith.config.installation import Installation
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.gallery.gallery_app import Gallery, app_with_gallery, serve_http_with_gallery
from mediasmith.gallery.sessions import LIFETIME, Sessions, session_keys
from mediasmith.mcp.http.tokens import StaticTokenVerifier
from mediasmith.plugin.contract import Takes
from mediasmith.plugin.errors import MediaError

TOKEN = "a-token-of-the-tests-0123456789"
OPEN = [("GET", ""), ("GET", "/assets/gallery.js"), ("POST", "/session")]
GUARDED = [
    *(("GET", path) for path in ("/api/files", "/api/files/ID", "/api/files/ID/tree", "/api/counts", "/api/spent")),
    *(("GET", path) for path in ("/api/events", "/files/ID", "/thumbnails/ID")),
    *(("POST", "/api/call"), ("DELETE", "/api/files/ID")),
]


def installation(folder: Path, **settings: Any) -> Installation:
    return installed(folder, fake(capabilities=(capability(takes={"image": Takes(max=4)}, edits="image"),)), **settings)


@pytest.fixture(scope="module")
async def own(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[GallerySite]:
    """A gallery of the user of this machine."""
    async with gallery_site(installation(tmp_path_factory.mktemp("own"))) as served:
        yield served


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[GallerySite]:
    """A gallery of two users, who sign in with their tokens."""
    async with gallery_site(installation(tmp_path_factory.mktemp("shared")), verifier=Users()) as served:
        yield served


async def test_every_route_is_named_here(own: GallerySite) -> None:
    routes = {
        (method, route.path) for route in own.gallery.routes() for method in route.methods or () if method != "HEAD"
    }
    here = {(method, f"/gallery{path}") for method, path in [*OPEN, *GUARDED]}
    assert {(method, path.replace("{id}", "ID").replace("{name}", "gallery.js")) for method, path in routes} == here


@pytest.mark.parametrize(("method", "path"), [*OPEN, *GUARDED])
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Host: evil.test", 421),
        ("Host: 127.0.0.1.evil.test", 421),
        ("Origin: https://evil.test", 403),
        ("Origin: http://127.0.0.1:1", 403),
        ("Origin: null", 403),
        ("Sec-Fetch-Site: cross-site", 403),
        ("Sec-Fetch-Site: same-site", 403),  # another port of this machine
    ],
)
async def test_other_pages_get_nothing(own: GallerySite, method: str, path: str, header: str, status: int) -> None:
    name, value = header.split(": ")
    async with own.visitor() as visitor:
        answer = await visitor.browser.request(method, f"/gallery{path}", headers={name: value})
    assert answer.status_code == status
    assert "access-control-allow-credentials" not in answer.headers


async def test_the_own_page_and_the_person_get_what_they_ask_for(own: GallerySite) -> None:
    async with own.visitor() as visitor:
        for site_, origin in (("same-origin", own.url), ("none", None)):
            headers = {"Sec-Fetch-Site": site_, **({"Origin": origin} if origin else {})}
            assert (await visitor.browser.get("/gallery/api/files", headers=headers)).status_code == 200


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_nothing_is_told_without_a_session(own: GallerySite, method: str, path: str) -> None:
    name = f"mediasmith-gallery-{own.url.rpartition(':')[2]}"
    async with own.browser() as browser:
        for cookie in ("", f"{name}=", f"{name}=wrong", f"{name}={own.key}"):
            answer = await browser.request(method, f"/gallery{path}", headers={"Cookie": cookie} if cookie else {})
            assert answer.status_code == 401


async def test_the_page_itself_has_no_secret(own: GallerySite) -> None:
    async with own.browser() as browser:
        for path in ("/gallery", "/gallery/", "/gallery/assets/gallery.js", "/gallery/assets/card.js"):
            answer = await browser.get(path)
            assert answer.status_code == 200
            assert own.key not in answer.text
        assert (await browser.get("/gallery/assets/gallery_app.py")).status_code == 404
        assert (await browser.get("/gallery/assets/..%2fgallery_app.py")).status_code == 404


@pytest.mark.parametrize("body", [{"key": "wrong"}, {"key": ""}, {"key": None}, {}, []])
async def test_a_wrong_key_opens_nothing(own: GallerySite, body: object) -> None:
    async with own.browser() as browser:
        answer = await browser.post("/gallery/session", json=body)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_the_key_gives_a_cookie_for_the_gallery_of_this_port_alone(own: GallerySite) -> None:
    async with own.browser() as browser:
        answer = await browser.post("/gallery/session", json={"key": own.key})
    name, *attributes = answer.headers["set-cookie"].lower().split("; ")
    assert name.startswith(f"mediasmith-gallery-{own.url.rpartition(':')[2]}=")
    assert own.key.lower() not in name
    assert {"httponly", "samesite=strict", "path=/gallery"} <= {*attributes}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
@pytest.mark.parametrize("path", ["/session", "/api/call"])
async def test_what_a_form_can_send_is_refused(own: GallerySite, path: str, kind: str) -> None:
    body = f'{{"key": "{own.key}", "name": "list_backends", "arguments": {{}}}}'
    async with own.visitor() as visitor:
        headers = {"Content-Type": kind} if kind else {}
        answer = await visitor.browser.post(f"/gallery{path}", content=body, headers=headers)
    assert answer.status_code in {400, 403}


def a_gallery(*secrets: str, token: str = "", url: str = "http://a", path: str = "/", key: str = "k") -> Sessions:
    """Return the sessions of a gallery, or of a replica with these secrets."""
    signing_keys = session_keys(map(SecretStr, secrets), SecretStr(token) if token else None)
    return Sessions(url=url, path=path, clock=VirtualClock(), signing_keys=signing_keys, key=key)


def as_request(cookie: str) -> HTTPConnection:
    """Return a request with what a `Set-Cookie` header says, or with any other cookie."""
    return HTTPConnection({"type": "http", "headers": [(b"cookie", cookie.partition(";")[0].encode())]})


@pytest.mark.parametrize(
    ("other", "known"),
    [
        (a_gallery("new", "old"), True),
        (a_gallery("old", token="t"), False),
        (a_gallery("new"), False),
        (a_gallery(), False),
    ],
)
async def test_a_session_counts_at_every_replica_with_the_same_secret_and_token(
    other: Sessions, *, known: bool
) -> None:
    response = Response()
    assert await a_gallery("old").sign_in("k", response)
    assert (other.principal(as_request(response.headers["set-cookie"])) is not None) is known


@pytest.mark.parametrize("changed", ["", "x", ".", "x.x", "W10=.x"])
async def test_a_cookie_that_was_made_up_is_no_session(changed: str) -> None:
    sessions = a_gallery("old")
    assert sessions.principal(as_request(f"{sessions.cookie}={changed}")) is None


async def test_a_session_ends_after_a_month() -> None:
    sessions, response = a_gallery("old"), Response()
    assert await sessions.sign_in("k", response)
    request = as_request(response.headers["set-cookie"])
    clock = sessions.clock
    assert isinstance(clock, VirtualClock)
    await clock.advance(LIFETIME - 1)
    assert sessions.principal(request) == "local"
    await clock.advance(1)
    assert sessions.principal(request) is None


async def test_behind_tls_the_cookie_never_leaves_it(tmp_path: Path) -> None:
    async with lazy_engine(lambda: installation(tmp_path)) as engine:
        gallery = Gallery(engine, url="https://media.example.org/studio")
        assert gallery.address.startswith("https://media.example.org/studio/gallery#key=")
    url = "https://media.example.org/studio"
    sessions, response = a_gallery(url=url, path="/studio/gallery"), Response()
    assert await sessions.sign_in(sessions.key, response)
    cookie = response.headers["set-cookie"].lower()
    assert cookie.startswith("mediasmith-gallery-443=")
    assert "secure" in cookie
    assert "path=/studio/gallery" in cookie


async def test_the_cookie_is_no_way_to_the_tools_of_models(shared: GallerySite) -> None:
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream"}
    async with shared.visitor(ANN) as visitor:
        assert len(visitor.browser.cookies) == 1
        [cookie] = [f"{one.name}={one.value}" for one in visitor.browser.cookies.jar]
        answer = await visitor.browser.post("/mcp", json=message, headers={**headers, "Cookie": cookie})
        assert answer.status_code == 401
        bearer = {**headers, "Authorization": f"Bearer {ANN}"}
        assert (await visitor.browser.post("/mcp", json=message, headers=bearer)).status_code != 401


async def test_browsers_are_told_what_answers_may_do(own: GallerySite) -> None:
    async with own.visitor() as visitor:
        file = await visitor.make()
        for path in ("", "/api/files", "/assets/gallery.js", "/api/nothing", f"/files/{file['id']}", "/files/none"):
            answer = await visitor.browser.get(f"/gallery{path}")
            if answer.status_code == 404 and path == "/api/nothing":
                continue  # no route of the gallery
            headers = answer.headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-resource-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
            policy = headers["content-security-policy"]
            if path == f"/files/{file['id']}":
                assert policy == "default-src 'none'; sandbox"
            else:
                expected = ("default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'")
                assert all(part in policy for part in (*expected, "trusted-types 'none'", "frame-ancestors 'none'"))
                assert "unsafe" not in policy


async def test_principals_are_kept_apart(shared: GallerySite) -> None:
    async with shared.visitor(ANN) as ann, shared.visitor(BOB) as bob:
        result = await ann.call("generate_media", prompt="for Ann", wait_seconds=30)
        [file] = result["files"]
        await bob.make("for Bob")
        assert [one["prompt"] for one in (await ann.get("/api/files"))["files"]] == ["for Ann"]
        assert [one["prompt"] for one in (await bob.get("/api/files"))["files"]] == ["for Bob"]
        assert (await bob.get("/api/counts"))["kind"] == {"image": 1}
        assert (await bob.get(f"/api/files/{file['id']}/tree"))["files"] == []
        for path in (f"/files/{file['id']}", f"/thumbnails/{file['id']}", f"/api/files/{file['id']}"):
            assert (await bob.browser.get(f"/gallery{path}")).status_code == 404
            assert (await ann.browser.get(f"/gallery{path}")).status_code == 200
            assert (await bob.browser.get(f"/gallery{path}")).status_code == 404  # also once Ann's picture is kept
        assert (await bob.browser.delete(f"/gallery/api/files/{file['id']}")).status_code == 404
        assert on_disk(file)
        assert (await bob.result("get_job", {"job_id": result["job_id"]}))["isError"]
        assert (await bob.result("continue_edit", {"continuation_id": file["id"], "prompt": "mine"}))["isError"]


async def test_a_token_that_has_expired_ends_its_session(tmp_path: Path) -> None:
    clock = VirtualClock()

    class Expiring(TokenVerifier):
        async def verify_token(self, token: str) -> AccessToken | None:
            return AccessToken(token=token, client_id="program", scopes=[], expires_at=int(clock.now()) + 60)

    site_ = gallery_site(installation(tmp_path), verifier=Expiring(), clock=clock)
    async with site_ as served, served.visitor("any") as visitor:
        assert (await visitor.browser.get("/gallery/api/files")).status_code == 200
        await clock.advance(61)
        assert (await visitor.browser.get("/gallery/api/files")).status_code == 401


async def test_the_token_from_the_settings_is_the_key(tmp_path: Path) -> None:
    settings = installation(tmp_path, http_token=SecretStr(TOKEN))
    async with lazy_engine(lambda: settings) as engine:
        served = app_with_gallery(engine, "http://127.0.0.1:1", ())
        assert served.message.endswith("The gallery is at http://127.0.0.1:1/gallery")
    async with gallery_site(settings, verifier=StaticTokenVerifier(SecretStr(TOKEN))) as shown:
        async with shown.visitor(TOKEN) as visitor:
            file = await visitor.make()
        engine_ = await shown.opened.get()
        assert await engine_.library.artifact(file["id"], principal=HOLDER) is not None


async def test_without_a_token_no_other_machine_gets_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIASMITH_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("MEDIASMITH_HTTP_TOKEN", raising=False)
    with pytest.raises(MediaError, match="without a token"):
        await serve_http_with_gallery("0.0.0.0", 0)


async def test_a_server_has_no_gallery_unless_it_is_asked_for(tmp_path: Path) -> None:
    async with site(installation(tmp_path)) as served, served.browser() as browser:
        assert (await browser.get("/gallery")).status_code == 404
        assert (await browser.get("/gallery/api/files")).status_code == 404
