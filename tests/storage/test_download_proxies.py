"""Downloads through the user's proxy."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from typing import Any

import pytest

from fakes.downloads import LOOPBACK, MEDIA, STRICT, Names, fetched, ok, redirect, serving
from fakes.proxies import http_proxy, socks_proxy
from mediasmith.plugin.errors import Misconfigured, NotAllowed, Unreachable
from mediasmith.runtime.network import SystemNetwork


async def no_resolver(host: str, _port: int) -> list[tuple[Any, ...]]:
    """A resolver of a network in which the proxy alone resolves names."""
    raise socket.gaierror(-2, host)


@pytest.mark.parametrize("run", [http_proxy, socks_proxy])
async def test_a_file_comes_through_the_proxy_which_resolves_its_host(
    secured: ssl.SSLContext, accepted: dict[str, str], run: Any
) -> None:
    async with serving({"/a": redirect("/b"), "/b": ok()}, secured) as server, run(server.port) as proxy:
        env = {**accepted, "HTTPS_PROXY": proxy.url("http" if run is http_proxy else "socks5")}
        downloader = replace(STRICT, network=SystemNetwork(env), resolver=no_resolver)
        assert await fetched(f"https://{MEDIA}/a", downloader) == b"picture"
    assert [asked.removeprefix("CONNECT ") for asked in proxy.asked] == [f"{MEDIA}:443"] * 2
    assert [request.split("\r\n")[0] for request in server.requests] == ["GET /a HTTP/1.1", "GET /b HTTP/1.1"]


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/",
        "https://[fd00::1]/",
        "https://169.254.169.254/",
        "https://box.local/",
        "https://2130706433/",
        "http://media.example/",
    ],
)
async def test_what_the_url_itself_forbids_is_not_asked_of_a_proxy(url: str) -> None:
    async with http_proxy(9) as proxy:
        downloader = replace(STRICT, network=SystemNetwork({"ALL_PROXY": proxy.url()}), resolver=no_resolver)
        with pytest.raises(NotAllowed):
            await fetched(url, downloader)
    assert proxy.asked == []


async def test_a_redirect_to_a_private_address_is_not_asked_of_a_proxy(
    secured: ssl.SSLContext, accepted: dict[str, str]
) -> None:
    async with serving({"/a": redirect("https://10.0.0.1/")}, secured) as server, http_proxy(server.port) as proxy:
        downloader = replace(
            STRICT, network=SystemNetwork({**accepted, "ALL_PROXY": proxy.url()}), resolver=no_resolver
        )
        with pytest.raises(NotAllowed, match=r"10.0.0.1 is not a public host"):
            await fetched(f"https://{MEDIA}/a", downloader)
    assert len(proxy.asked) == 1


async def test_a_trusted_host_comes_through_the_proxy_over_plain_http() -> None:
    async with serving({"/a": ok()}) as server, http_proxy(server.port) as proxy:
        network = SystemNetwork({"HTTP_PROXY": proxy.url()})
        downloader = replace(LOOPBACK, trusted=frozenset({"gateway.lan"}), network=network, resolver=no_resolver)
        assert await fetched("http://gateway.lan/a", downloader, headers={"x-key": "1"}) == b"picture"
    assert proxy.asked == ["GET http://gateway.lan/a"]


async def test_an_exempt_host_is_judged_by_its_addresses(connected: list[str]) -> None:
    network = SystemNetwork({"ALL_PROXY": "http://proxy.example:1", "NO_PROXY": "example"})
    with pytest.raises(NotAllowed, match=r"media.example is not a public host"):
        await fetched("https://media.example/", replace(STRICT, network=network, resolver=Names([["10.0.0.1"]])))
    assert connected == []


@pytest.mark.parametrize(("refuses", "kind"), [(403, Misconfigured), (502, Unreachable)])
async def test_a_proxy_that_refuses_is_named(refuses: int, kind: type[Exception]) -> None:
    async with http_proxy(9, refuses=refuses) as proxy:
        downloader = replace(STRICT, network=SystemNetwork({"ALL_PROXY": proxy.url()}), resolver=no_resolver)
        with pytest.raises(kind, match=f"The proxy refused the connection to {MEDIA}: status {refuses}"):
            await fetched(f"https://{MEDIA}/", downloader)


async def test_a_proxy_that_is_not_there_is_named_and_nothing_is_said_about_money() -> None:
    with socket.create_server(("127.0.0.1", 0)) as once:
        url = f"http://127.0.0.1:{once.getsockname()[1]}"
    downloader = replace(STRICT, network=SystemNetwork({"HTTPS_PROXY": url}), resolver=no_resolver)
    with pytest.raises(Unreachable, match=f"No connection to {MEDIA} could be made through the proxy {url}") as caught:
        await fetched(f"https://{MEDIA}/", downloader)
    assert caught.value.billed is None


async def test_a_proxy_that_cannot_be_used_is_named_and_says_nothing_about_money() -> None:
    network = SystemNetwork({"ALL_PROXY": "socks4://proxy.example"})
    with pytest.raises(Misconfigured, match="ALL_PROXY names a socks4 proxy") as caught:
        await fetched("https://media.example/", replace(STRICT, network=network))
    assert caught.value.billed is None
