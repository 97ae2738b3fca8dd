"""Downloads go to no address, and follow no redirect, that a provider must not choose."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from typing import Any

import pytest

from fakes.downloads import LOOPBACK, STRICT, Names, fetched, ok, redirect, serving
from mediasmith.plugin.errors import Misconfigured, NotAllowed, ProviderError, Unreachable
from mediasmith.runtime.network import SystemNetwork
from mediasmith.storage.downloader import Downloader


@pytest.fixture
def trusting(accepted: dict[str, str]) -> Downloader:
    """A downloader that accepts that server's certificate."""
    return replace(STRICT, network=SystemNetwork(accepted))


_ALLOW = "To allow it, add it to MEDIASMITH_TRUSTED_HOSTS and restart the server."
"""What to do about a host that is not public, and about no other URL."""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "media.example/x.png",
        "//media.example/x.png",
        "file:///etc/passwd",
        "ftp://media.example/x",
        "gopher://media.example/",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "https://",
        "https:///x",
        "https:x",
        "https://a@media.example/",
        "https://a:b@media.example/",
        "https://media.example\\@evil.example/",
        "https://media.example:0/",
        "https://media.example:65536/",
        "https://media.example:-1/",
        "https://med ia.example/",
        "https://%6dedia.example/",
        f"https://{'a.' * 130}example/",
        "https://media.example/\n",
        "https://media\0.example/",
        f"https://media.example/{'a' * 1_000_000}",
        "https://[gg]/",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://2130706433/",
        "https://127.0.0.1/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://\u24db\u24de\u24d2alhost/",
        "https://\uff11\uff12\uff17.0.0.1/",
    ],
)
async def test_a_dangerous_url_is_refused_before_its_host_is_resolved(url: str) -> None:
    names = Names([["93.184.216.34"]])
    with pytest.raises(NotAllowed) as caught:
        await fetched(url, replace(STRICT, resolver=names))
    assert names.asked == []
    assert len(str(caught.value)) < 400
    assert caught.value.next_step in {"Use another path or URL.", _ALLOW}


async def test_plain_http_is_for_trusted_hosts_only() -> None:
    names = Names([["93.184.216.34"]])
    with pytest.raises(NotAllowed, match=r"media.example.*HTTPS is required"):
        await fetched("http://media.example/", replace(STRICT, resolver=names))
    assert names.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_and_headers_stay_with_their_origin(status: int) -> None:
    async with (
        serving({"/b": ok()}) as other,
        serving({"/": redirect("/a", status=status), "/a": redirect(other.url("/b"), status=status)}) as server,
    ):
        assert await fetched(server.url(), headers={"Authorization": "secret"}) == b"picture"
    assert ["Authorization: secret" in request for request in server.requests] == [True, True]
    assert "secret" not in other.requests[0]


async def test_five_redirects_are_followed_and_a_sixth_is_not() -> None:
    hops = {f"/{n}": redirect(f"/{n + 1}") for n in range(5)}
    async with serving({**hops, "/5": ok(), "/loop": redirect("/loop")}) as server:
        assert await fetched(server.url("/0")) == b"picture"
        server.requests.clear()
        with pytest.raises(ProviderError, match=r"127.0.0.1 redirected more than 5 times"):
            await fetched(server.url("/loop"))
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/latest/meta-data",
        "//10.0.0.1/",
        "https://[::1]/",
        "https://0x7f000001/",
        "http://media.example/",
        "file:///etc/passwd",
        "https://a@media.example/",
        "http://[::1",
    ],
)
async def test_every_redirect_is_checked_like_the_first_url(target: str) -> None:
    async with serving({"/": redirect(target)}) as server:
        with pytest.raises(NotAllowed):
            await fetched(server.url())


@pytest.mark.parametrize("answer", [["10.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1", "93.184.216.34"]])
async def test_a_host_with_any_private_address_is_refused(answer: list[str], connected: list[str]) -> None:
    with pytest.raises(NotAllowed, match=r"media.example is not a public host"):
        await fetched("https://media.example/", replace(STRICT, resolver=Names([answer])))
    assert connected == []


async def test_the_checked_address_is_the_one_connected_to(
    secured: ssl.SSLContext, trusting: Downloader, connected: list[str]
) -> None:
    names = Names([["93.184.216.34"], ["127.0.0.1"]])
    async with serving({"/a": ok()}, secured) as server:
        url = f"https://media.example:{server.port}/a"
        assert await fetched(url, replace(trusting, resolver=names)) == b"picture"
    assert connected == ["93.184.216.34"]
    assert names.asked == [("media.example", server.port)]
    assert f"Host: media.example:{server.port}" in server.requests[0]


async def test_a_host_that_turns_private_between_two_hops_is_refused(
    secured: ssl.SSLContext, trusting: Downloader, connected: list[str]
) -> None:
    names = Names([["93.184.216.34"], ["127.0.0.1"]])
    async with serving({"/a": redirect("/b"), "/b": ok()}, secured) as server:
        with pytest.raises(NotAllowed, match=r"media.example is not a public host"):
            await fetched(f"https://media.example:{server.port}/a", replace(trusting, resolver=names))
    assert len(server.requests) == 1


async def test_a_certificate_for_another_name_is_not_accepted(
    secured: ssl.SSLContext, trusting: Downloader, connected: list[str]
) -> None:
    downloader = replace(trusting, resolver=Names([["93.184.216.34"]]))
    async with serving({"/a": ok()}, secured) as server:
        with pytest.raises(Misconfigured, match=r"certificate of other.example is not accepted: Hostname mi") as caught:
            await fetched(f"https://other.example:{server.port}/a", downloader)
    assert caught.value.billed is None  # it is the file that was not fetched; what was paid for it is another matter
    assert server.requests == []


async def test_the_next_address_is_tried_when_one_refuses_the_connection(connected: list[str]) -> None:
    downloader = replace(LOOPBACK, trusted=frozenset({"own"}), resolver=Names([["9.9.9.9", "8.8.8.8"]]))
    async with serving({"/": ok()}) as server:
        assert await fetched(server.url(host="own"), downloader) == b"picture"
    assert connected == ["9.9.9.9", "8.8.8.8"]


async def test_a_trusted_host_may_be_private_and_local() -> None:
    downloader = replace(LOOPBACK, trusted=frozenset({"box.local"}), resolver=Names([["127.0.0.1"]]))
    async with serving({"/": ok()}) as server:
        assert await fetched(server.url(host="BOX.local"), downloader) == b"picture"


@pytest.mark.parametrize("error", [socket.gaierror(-2, "secret"), UnicodeError("secret")])
async def test_an_unknown_host_is_unreachable(error: Exception) -> None:
    async def fails(_host: str, _port: int) -> list[tuple[Any, ...]]:
        raise error

    with pytest.raises(Unreachable, match=r"^The host media.example was not found\. "):
        await fetched("https://media.example/", replace(STRICT, resolver=fails))


async def test_a_host_without_addresses_is_unreachable() -> None:
    with pytest.raises(Unreachable, match=r"media.example has no address"):
        await fetched("https://media.example/", replace(STRICT, resolver=Names([[]])))


async def test_the_system_resolves_hosts_by_default() -> None:
    async with serving({"/": ok()}) as server:
        downloader = replace(LOOPBACK, trusted=frozenset({"localhost"}))
        assert await fetched(server.url(host="localhost"), downloader) == b"picture"
