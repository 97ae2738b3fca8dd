"""The downloader, over real sockets; public addresses are redirected to loopback."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

from fakes.proxies import http_proxy, socks_proxy
from fakes.tls import certificate
from mediasmith.plugin.errors import Misconfigured, NotAllowed, ProviderError, TimedOut, Unreachable
from mediasmith.runtime.network import SystemNetwork
from mediasmith.storage.downloader import Downloader

Answer = bytes | Callable[[ByteStream], Awaitable[None]]


@dataclass
class Server:
    """Answers each path with prepared bytes or a function, and records the requests."""

    answers: Mapping[str, Answer]
    port: int = 0
    requests: list[str] = field(default_factory=list[str])

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def handle(self, stream: ByteStream) -> None:
        async with stream:
            request = b""
            while b"\r\n\r\n" not in request:
                request += await stream.receive()
            self.requests.append(request.decode())
            answer = self.answers[request.split()[1].decode().partition("?")[0]]
            if isinstance(answer, bytes):
                await stream.send(answer)
            else:
                await answer(stream)


@contextlib.asynccontextmanager
async def serving(answers: Mapping[str, Answer], tls: ssl.SSLContext | None = None) -> AsyncGenerator[Server]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server = Server(answers, listener.extra(SocketAttribute.local_port))
    secured = TLSListener(listener, tls, standard_compatible=False) if tls else listener
    async with secured, anyio.create_task_group() as tasks:
        tasks.start_soon(secured.serve, server.handle)
        yield server
        tasks.cancel_scope.cancel()


def ok(body: bytes = b"picture", *headers: str, kind: str = "image/png") -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(to: str, *headers: str, status: int = 302) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Found", f"Location: {to}", "Content-Length: 0", *headers, "", ""]).encode()


async def reset(stream: ByteStream) -> None:
    await stream.send(ok(b"picture")[:-3])
    raw = stream.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def silence(stream: ByteStream) -> None:
    await anyio.sleep_forever()


async def only_headers(stream: ByteStream) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
    await anyio.sleep_forever()


async def endless(stream: ByteStream) -> None:
    await stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(anyio.BrokenResourceError):
        while True:
            await stream.send(b"64\r\n" + b"x" * 100 + b"\r\n")


@dataclass
class Body:
    """Collects what is written."""

    data: bytearray = field(default_factory=bytearray)

    async def write(self, piece: bytes) -> None:
        self.data += piece


@dataclass
class Names:
    """A resolver that returns prepared answers in turn and then repeats the last one."""

    answers: list[list[str]]
    asked: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    async def __call__(self, host: str, port: int) -> list[tuple[Any, ...]]:
        self.asked.append((host, port))
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, kind, 0, "", (address, port)) for address in found for kind in (1, 2)]


LOOPBACK = Downloader(trusted=frozenset({"127.0.0.1"}), network=SystemNetwork({}))
STRICT = replace(LOOPBACK, trusted=frozenset())


async def fetched(url: str, downloader: Downloader = LOOPBACK, max_bytes: int = 1000, **rest: Any) -> bytes:
    body = Body()
    await downloader.fetch(url, body.write, max_bytes=max_bytes, **rest)
    return bytes(body.data)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses connected to. All lead to loopback, except 9.9.9.9, which refuses."""
    addresses: list[str] = []
    real = anyio.connect_tcp

    async def connect(remote_host: str, remote_port: int, **rest: Any) -> Any:
        addresses.append(remote_host)
        if remote_host == "9.9.9.9":
            raise OSError
        return await real("127.0.0.1", remote_port)

    monkeypatch.setattr(anyio, "connect_tcp", connect)
    return addresses


MEDIA = "media.example"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """The TLS of a server for MEDIA."""
    return certificate(MEDIA).serve(tmp_path_factory.mktemp("server"))


@pytest.fixture
def accepted(tmp_path: Path) -> dict[str, str]:
    """The environment in which that server's certificate is accepted."""
    (tmp_path / "ca.pem").write_bytes(certificate(MEDIA).pem)
    return {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}


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


async def test_a_download_is_written_and_its_type_returned() -> None:
    body = Body()
    async with serving({"/a": ok(b"picture", kind="Image/PNG; q=1")}) as server:
        assert await LOOPBACK.fetch(server.url("/a"), body.write, max_bytes=7) == "image/png"
    assert body.data == b"picture"


async def test_the_request_names_host_and_port_and_accepts_no_compression() -> None:
    async with serving({"/a": ok()}) as server:
        await fetched(server.url("/a?b=%2F"), headers={"accept-encoding": "gzip", "host": "evil", "x-key": "1"})
    lines = server.requests[0].lower().split("\r\n")
    assert lines[0] == "get /a?b=%2f http/1.1"
    assert {f"host: 127.0.0.1:{server.port}", "accept-encoding: identity", "x-key: 1"} < set(lines)
    assert sum(line.startswith(("host:", "accept-encoding:")) for line in lines) == 2


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with serving({"/": ok()}) as server:
        assert await fetched(server.url()) == b"picture"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_and_headers_stay_with_their_origin(status: int) -> None:
    async with (
        serving({"/b": ok()}) as other,
        serving({"/": redirect("/a", status=status), "/a": redirect(other.url("/b"), status=status)}) as server,
    ):
        assert await fetched(server.url(), headers={"Authorization": "secret"}) == b"picture"
    assert ["Authorization: secret" in request for request in server.requests] == [True, True]
    assert "secret" not in other.requests[0]


async def test_cookies_are_not_kept() -> None:
    async with serving({"/": redirect("/a", "Set-Cookie: a=b"), "/a": ok()}) as server:
        await fetched(server.url())
    assert "cookie" not in server.requests[1].lower()


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


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_a_temporary_failure_is_unreachable(status: int) -> None:
    async with serving({"/": b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status}) as server:
        with pytest.raises(Unreachable, match=f"cannot serve the file at the moment .status {status}"):
            await fetched(server.url())


@pytest.mark.parametrize("status", [204 + 100, 400, 403, 404, 410])
async def test_an_error_page_is_not_saved_and_its_status_is_named(status: int) -> None:
    page = b"HTTP/1.1 %d X\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>" % status
    body = Body()
    async with serving({"/": page}) as server:
        with pytest.raises(ProviderError, match=f"127.0.0.1 answered with status {status}") as caught:
            await LOOPBACK.fetch(server.url("/?token=secret"), body.write, max_bytes=99)
    assert body.data == b""
    assert caught.value.billed is None
    assert "secret" not in str(caught.value)


async def test_a_redirect_without_a_location_is_an_error() -> None:
    async with serving({"/": b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"}) as server:
        with pytest.raises(ProviderError, match="302"):
            await fetched(server.url())


@pytest.mark.parametrize(
    "answer",
    [
        ok()[:-3],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        b"",
        b"\x00\x01 what is this\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        reset,
    ],
    ids=["short", "no chunk", "short chunk", "huge length", "no length", "nothing", "garbage", "long header", "reset"],
)
async def test_a_broken_answer_is_unreachable_in_our_words(answer: Answer) -> None:
    async with serving({"/": answer}) as server:
        with pytest.raises(
            Unreachable, match=r"^The connection to 127.0.0.1 broke before the whole answer had arrived\. "
        ):
            await fetched(server.url())


async def test_a_closed_port_is_unreachable() -> None:
    async with serving({}) as server:
        pass
    with pytest.raises(Unreachable, match=r"Could not connect to 127.0.0.1"):
        await fetched(server.url())


async def test_silence_times_out() -> None:
    downloader = replace(LOOPBACK, timeout=0.05)
    async with serving({"/": silence}) as server:
        with pytest.raises(TimedOut, match=r"127.0.0.1 did not answer within 0.05 seconds"):
            await fetched(server.url(), downloader)


async def test_a_body_announced_as_too_large_is_refused_before_it_is_read() -> None:
    async with serving({"/": only_headers}) as server:
        with pytest.raises(ProviderError, match=r"127.0.0.1 sent more than the 1,000 bytes"):
            await fetched(server.url())


async def test_an_endless_body_is_refused_at_the_limit() -> None:
    body = Body()
    async with serving({"/": endless}) as server:
        with pytest.raises(ProviderError, match="more than the 1,000 bytes"):
            await LOOPBACK.fetch(server.url(), body.write, max_bytes=1000)
    assert len(body.data) <= 1000


async def test_a_body_that_is_compressed_anyway_is_decompressed() -> None:
    async with serving({"/": ok(gzip.compress(b"picture"), "Content-Encoding: gzip")}) as server:
        assert await fetched(server.url()) == b"picture"


async def test_a_decompression_bomb_is_refused_at_the_limit() -> None:
    bomb, body = gzip.compress(bytes(20_000_000)), Body()
    async with serving({"/": ok(bomb, "Content-Encoding: gzip")}) as server:
        with pytest.raises(ProviderError, match="more than the 2,000,000 bytes"):
            await LOOPBACK.fetch(server.url(), body.write, max_bytes=2_000_000)
    assert len(body.data) <= 2_000_000


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "gzip, br", "gzip, gzip, gzip, gzip, gzip, gzip", "secret"])
async def test_a_body_that_cannot_be_decompressed_is_an_error(coding: str) -> None:
    async with serving({"/": ok(b"picture", f"Content-Encoding: {coding}")}) as server:
        with pytest.raises(ProviderError, match=r"127.0.0.1 sent a body"):
            await fetched(server.url())


async def test_an_error_of_the_writer_passes_unchanged() -> None:
    async def full(_piece: bytes) -> None:
        raise OSError("the disk is full")

    async with serving({"/": ok()}) as server:
        with pytest.raises(OSError, match="the disk is full"):
            await LOOPBACK.fetch(server.url(), full, max_bytes=1000)


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


# Through the user's proxy


async def nobody(host: str, _port: int) -> list[tuple[Any, ...]]:
    """A resolver of a network in which the proxy alone resolves names."""
    raise socket.gaierror(-2, host)


@pytest.mark.parametrize("run", [http_proxy, socks_proxy])
async def test_a_file_comes_through_the_proxy_which_resolves_its_host(
    secured: ssl.SSLContext, accepted: dict[str, str], run: Any
) -> None:
    async with serving({"/a": redirect("/b"), "/b": ok()}, secured) as server, run(server.port) as proxy:
        env = {**accepted, "HTTPS_PROXY": proxy.url("http" if run is http_proxy else "socks5")}
        downloader = replace(STRICT, network=SystemNetwork(env), resolver=nobody)
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
        downloader = replace(STRICT, network=SystemNetwork({"ALL_PROXY": proxy.url()}), resolver=nobody)
        with pytest.raises(NotAllowed):
            await fetched(url, downloader)
    assert proxy.asked == []


async def test_a_redirect_to_a_private_address_is_not_asked_of_a_proxy(
    secured: ssl.SSLContext, accepted: dict[str, str]
) -> None:
    async with serving({"/a": redirect("https://10.0.0.1/")}, secured) as server, http_proxy(server.port) as proxy:
        downloader = replace(STRICT, network=SystemNetwork({**accepted, "ALL_PROXY": proxy.url()}), resolver=nobody)
        with pytest.raises(NotAllowed, match=r"10.0.0.1 is not a public host"):
            await fetched(f"https://{MEDIA}/a", downloader)
    assert len(proxy.asked) == 1


async def test_a_trusted_host_comes_through_the_proxy_over_plain_http() -> None:
    async with serving({"/a": ok()}) as server, http_proxy(server.port) as proxy:
        network = SystemNetwork({"HTTP_PROXY": proxy.url()})
        downloader = replace(LOOPBACK, trusted=frozenset({"gateway.lan"}), network=network, resolver=nobody)
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
        downloader = replace(STRICT, network=SystemNetwork({"ALL_PROXY": proxy.url()}), resolver=nobody)
        with pytest.raises(kind, match=f"The proxy refused the connection to {MEDIA}: status {refuses}"):
            await fetched(f"https://{MEDIA}/", downloader)


async def test_a_proxy_that_cannot_be_used_is_named_and_says_nothing_about_money() -> None:
    network = SystemNetwork({"ALL_PROXY": "socks4://proxy.example"})
    with pytest.raises(Misconfigured, match="ALL_PROXY names a socks4 proxy") as caught:
        await fetched("https://media.example/", replace(STRICT, network=network))
    assert caught.value.billed is None
