"""Downloads: what is asked for, what is written, and every answer that is an error."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
from dataclasses import replace

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute

from fakes.downloads import LOOPBACK, Answer, Body, fetched, ok, redirect, serving
from mediasmith.plugin.errors import ProviderError, TimedOut, Unreachable


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


async def test_cookies_are_not_kept() -> None:
    async with serving({"/": redirect("/a", "Set-Cookie: a=b"), "/a": ok()}) as server:
        await fetched(server.url())
    assert "cookie" not in server.requests[1].lower()


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
