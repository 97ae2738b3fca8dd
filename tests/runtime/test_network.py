"""The network as the environment describes it: proxies, and certificates read once per process."""

from __future__ import annotations

import ssl
from collections.abc import Generator

import anyio
import httpx2
import pytest
from anyio.abc import SocketAttribute, SocketStream

from mediasmith.plugin.contract import Network
from mediasmith.runtime.network import SystemNetwork, shared_ssl_context

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
HTTP, HTTPS, ALL = "http://proxy.example:1", "http://proxy.example:2", "http://proxy.example:3"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def _unread_certificates() -> Generator[None]:
    """No certificates were read yet, and those of the test are forgotten."""
    shared_ssl_context.cache_clear()
    yield
    shared_ssl_context.cache_clear()


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "https://api.example/", None),
        ({"HTTPS_PROXY": HTTPS, "HTTP_PROXY": HTTP}, "https://api.example/", HTTPS),
        ({"HTTPS_PROXY": HTTPS, "HTTP_PROXY": HTTP}, "http://api.example/", HTTP),
        ({"https_proxy": HTTPS}, "https://api.example/", HTTPS),
        ({"HTTP_PROXY": HTTP}, "https://api.example/", None),
        ({"ALL_PROXY": ALL, "HTTP_PROXY": HTTP}, "https://api.example/", ALL),
        ({"ALL_PROXY": ALL, "HTTP_PROXY": HTTP}, "http://api.example/", HTTP),
        ({"HTTPS_PROXY": HTTPS, "NO_PROXY": "api.example"}, "https://api.example/", None),
        ({"HTTPS_PROXY": HTTPS, "NO_PROXY": "localhost, .example"}, "https://API.example:444/", None),
        ({"HTTPS_PROXY": HTTPS, "NO_PROXY": "::1"}, "https://[::1]:444/", None),
        ({"HTTPS_PROXY": HTTPS, "NO_PROXY": "*"}, "https://api.example/", None),
        ({"HTTPS_PROXY": HTTPS, "NO_PROXY": "other.example"}, "https://api.example/", HTTPS),
    ],
)
def test_the_environment_names_the_proxy(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert SystemNetwork().proxy_for(url) == proxy


async def answer_as_proxy(stream: SocketStream) -> None:
    async with stream:
        assert (await stream.receive()).startswith(b"GET http://api.example/x HTTP/1.1")
        await stream.send(b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n")


async def test_a_client_uses_the_proxy_and_follows_no_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, answer_as_proxy)
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}")
        async with SystemNetwork().client(base_url="http://api.example", headers={"X-Key": "1"}) as client:
            response = await client.get("/x")
            assert (response.status_code, response.request.headers["X-Key"]) == (302, "1")
        group.cancel_scope.cancel()


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


@pytest.mark.usefixtures("_unread_certificates")
def test_certificates_are_read_once_per_process(monkeypatch: pytest.MonkeyPatch) -> None:
    contexts: list[ssl.SSLContext] = []
    create = httpx2.create_ssl_context

    def create_and_record() -> ssl.SSLContext:
        contexts.append(create())
        return contexts[-1]

    monkeypatch.setattr(httpx2, "create_ssl_context", create_and_record)
    one, other = SystemNetwork(), SystemNetwork()
    checked: Network = one
    assert checked.ssl_context is other.ssl_context
    one.client()
    assert len(contexts) == 1


@pytest.mark.usefixtures("_unread_certificates")
def test_ssl_cert_file_names_the_certificates_to_trust(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("certificates") / "none.pem"
    empty.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    with pytest.raises(ssl.SSLError):
        _ = SystemNetwork().ssl_context
