"""HTTP clients of the user's network: through its proxies, with its certificates, and never short of connections."""

from __future__ import annotations

import gc
import socket
import ssl
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from anyio.streams.tls import TLSListener

from fakes.proxies import PASSWORD, USER, http_proxy, socks_proxy
from fakes.tls import certificate
from mediasmith.plugin.access import Network
from mediasmith.plugin.errors import MediaError, Misconfigured, Unreachable
from mediasmith.plugin.http_errors import transport_error
from mediasmith.runtime.network import SystemNetwork

API = "api.example"
SOCKS = b"\x05"
"""How a greeting in SOCKS5 begins."""

WRONG = "wrong-password"


async def answer(stream: ByteStream) -> None:
    async with stream:
        head = b""
        while b"\r\n\r\n" not in head:
            head += await stream.receive()
            if head.startswith(SOCKS):
                return await stream.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        assert head.startswith(b"GET /x HTTP/1.1\r\n")
        assert b"authorization" not in head.lower()
        moved = b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"
        return await stream.send(moved)


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    """Serve one address, with TLS for API or without; yield its port."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    secured = TLSListener(listener, tls, standard_compatible=False) if tls else listener
    async with secured, anyio.create_task_group() as tasks:
        tasks.start_soon(secured.serve, answer)
        yield listener.extra(SocketAttribute.local_port)
        tasks.cancel_scope.cancel()


async def get(url: str, **env: str) -> httpx2.Response:
    network: Network = SystemNetwork(env)
    async with network.client(headers={"X-Key": "1"}, read_seconds=5) as client:
        return await client.get(url)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize(("tls", "login"), [(False, f"{USER}:{PASSWORD}"), (True, f"{USER}:{PASSWORD}"), (True, "")])
async def test_a_client_goes_through_the_proxy_and_follows_no_redirect(
    tmp_path: Path, scheme: str, tls: bool, login: str
) -> None:
    (tmp_path / "ca.pem").write_bytes(certificate(API).pem)
    run = http_proxy if scheme == "http" else socks_proxy
    async with (
        serving(certificate(API).serve(tmp_path) if tls else None) as port,
        run(port, wants_login=bool(login)) as proxy,
    ):
        env = {"ALL_PROXY": proxy.url(scheme, login), "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        response = await get(f"{'https' if tls else 'http'}://{API}/x", **env)
    assert (response.status_code, response.request.headers["X-Key"]) == (302, "1")
    target = f"{API}:{443 if tls else 80}"
    if scheme == "http":
        target = f"CONNECT {target}" if tls else f"GET http://{API}/x"
    assert proxy.asked == [target]


async def test_an_exempt_host_is_reached_without_the_proxy() -> None:
    async with serving() as port:
        response = await get(f"http://127.0.0.1:{port}/x", HTTP_PROXY="http://proxy.invalid:1")
    assert response.status_code == 302


async def failure(url: str, **env: str) -> MediaError:
    """Return what the exception means that a request ends with."""
    error: MediaError | None = None
    shown = ""
    try:
        await get(url, **env)
    except Exception as exception:  # noqa: BLE001 - whatever it is
        error = transport_error(exception, "Acme")
        shown = f"{exception} {error}"
    assert WRONG not in shown
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        if "socks5" in env.get("ALL_PROXY", ""):
            gc.collect()  # the library leaves the socket of a proxy that refuses to the garbage collector
    assert error
    return error


@pytest.mark.parametrize(
    ("scheme", "refuses", "kind", "words"),
    [
        ("http", 403, Misconfigured, "status 403"),
        ("http", 502, Unreachable, "status 502"),
        ("socks5", 2, Unreachable, "Connection not allowed by ruleset"),
    ],
)
async def test_a_proxy_that_refuses_is_told_from_a_provider_that_does(
    scheme: str, refuses: int, kind: type[Exception], words: str
) -> None:
    run = http_proxy if scheme == "http" else socks_proxy
    async with run(9, refuses=refuses) as proxy:
        error = await failure(f"https://{API}/x", ALL_PROXY=proxy.url(scheme))
    assert isinstance(error, kind)
    assert error.message.startswith("The proxy refused the connection to Acme: ")
    assert words in error.message
    assert "HTTPS_PROXY" in error.hint


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_wrong_login_at_the_proxy_is_named_and_not_shown(scheme: str) -> None:
    run = http_proxy if scheme == "http" else socks_proxy
    async with run(9, wants_login=True) as proxy:
        error = await failure(f"https://{API}/x", ALL_PROXY=proxy.url(scheme, f"ann:{WRONG}"))
    assert isinstance(error, Misconfigured)


async def test_a_proxy_that_does_not_speak_socks_is_named() -> None:
    async with serving() as port:
        error = await failure(f"http://{API}/x", ALL_PROXY=f"socks5://127.0.0.1:{port}")
    assert isinstance(error, Misconfigured)
    assert "SOCKS5" in error.message


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_not_there_is_named_rather_than_the_host_behind_it(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        place = f"127.0.0.1:{once.getsockname()[1]}"
    error = await failure(f"https://{API}/x", ALL_PROXY=f"{scheme}://ann:{WRONG}@{place}")
    assert isinstance(error, Unreachable)
    assert error.message == f"No connection to {API} could be made through the proxy {scheme}://{place}."
    assert error.billed == "no"
    assert "NO_PROXY" in error.hint


@asynccontextmanager
async def no_proxy(says: bytes, tls: ssl.SSLContext | None = None) -> AsyncGenerator[str]:
    """Serve, in place of a proxy, what says this and hangs up; yield its address."""

    async def answer(stream: ByteStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(says)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    secured = TLSListener(listener, tls, standard_compatible=False) if tls else listener
    async with secured, anyio.create_task_group() as tasks:
        tasks.start_soon(secured.serve, answer)
        yield f"127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("says", [b"", b"\x05\xff", b"HTTP/1.1 200 Connected\r\n\r\n"], ids=["", "SOCKS", "no host"])
async def test_what_ends_before_the_host_has_connected_is_the_proxys_and_not_billed(says: bytes) -> None:
    async with no_proxy(says) as place:
        error = await failure(f"https://{API}/x", HTTPS_PROXY=f"http://{place}")
    assert isinstance(error, Unreachable)
    assert error.message == f"No connection to {API} could be made through the proxy http://{place}."
    assert error.billed == "no"


async def test_a_proxy_without_tls_is_not_taken_for_a_host_without() -> None:
    async with no_proxy(b"HTTP/1.1 400 Bad Request\r\n\r\n") as place:
        error = await failure(f"https://{API}/x", HTTPS_PROXY=f"https://{place}")
    assert isinstance(error, Misconfigured)
    assert error.message == f"The proxy https://{place} does not answer with TLS."
    assert "write http:// in HTTPS_PROXY" in error.hint


async def test_the_certificate_of_a_proxy_is_not_taken_for_that_of_the_host(tmp_path: Path) -> None:
    async with no_proxy(b"", certificate(API).serve(tmp_path)) as place:
        error = await failure(f"https://{API}/x", HTTPS_PROXY=f"https://{place}")
    assert isinstance(error, Misconfigured)
    assert error.message.startswith(f"The certificate of the proxy https://{place} is not accepted: self-signed")


async def test_a_connection_that_breaks_behind_the_proxy_may_have_been_billed() -> None:
    async with no_proxy(b"") as place:
        error = await failure(f"http://{API}/x", HTTP_PROXY=f"http://{place}")
    assert isinstance(error, Unreachable)
    assert error.message.startswith("The connection to Acme broke")
    assert error.billed is None


async def test_a_proxy_that_cannot_be_used_is_named_at_once() -> None:
    error = await failure(f"https://{API}/x", HTTPS_PROXY="http://proxy:port")
    assert isinstance(error, Misconfigured)
    assert error.variables == ("HTTPS_PROXY",)


@pytest.mark.parametrize("host", [API, "other.example"])
async def test_a_certificate_that_is_not_accepted_says_why_and_what_to_set(tmp_path: Path, host: str) -> None:
    (tmp_path / "ca.pem").write_bytes(certificate(API if host != API else "another.example").pem)
    async with serving(certificate(API).serve(tmp_path)) as port, http_proxy(port) as proxy:
        env = {"ALL_PROXY": proxy.url(), "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        error = await failure(f"https://{host}/x", **env)
    assert isinstance(error, Misconfigured)
    assert error.billed == "no"
    reason = "self-signed certificate" if host == API else "Hostname mismatch"
    assert error.message.startswith(f"The certificate of Acme is not accepted: {reason}")
    assert "SSL_CERT_FILE" in error.hint


async def test_plain_http_where_tls_is_expected_says_so(tmp_path: Path) -> None:
    async with serving(certificate(API).serve(tmp_path)) as port:
        error = await failure(f"http://127.0.0.1:{port}/x")
    assert isinstance(error, Unreachable)
    assert error.message.endswith("; if TLS is expected there, its base URL begins with https://.")


async def test_no_request_waits_for_a_connection() -> None:
    everyone, arrived = 150, 0  # more than HTTP clients open by default
    together = anyio.Event()

    async def answer(stream: SocketStream) -> None:
        nonlocal arrived
        async with stream:
            await stream.receive()
            arrived += 1
            if arrived == everyone:
                together.set()
            await together.wait()
            await stream.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1", backlog=everyone) as listener,
        anyio.create_task_group() as server,
    ):
        server.start_soon(listener.serve, answer)
        url = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        async with SystemNetwork().client(base_url=url) as client, anyio.create_task_group() as requests:
            for _ in range(everyone):
                requests.start_soon(client.get, "/")
        server.cancel_scope.cancel()
    assert arrived == everyone
