"""An HTTP proxy and a SOCKS5 proxy on loopback, for which every host is one port of this machine."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

USER, PASSWORD = "ann", "secret-of-proxy"
"""The only account of a proxy that wants one."""

_REQUEST = re.compile(rb"(CONNECT) ([^\s/]+:\d+) HTTP/1\.1\r\n|([A-Z]+) (http://[^\s/]+)(/\S*) HTTP/1\.1\r\n")


@dataclass(kw_only=True)
class FakeProxy:
    """A proxy that runs. `asked` is what it was asked to connect to, or to send."""

    port: int
    asked: list[str] = field(default_factory=list[str])

    def url(self, scheme: str = "http", login: str = "") -> str:
        """Return its URL."""
        return f"{scheme}://{login and f'{login}@'}127.0.0.1:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """What a proxy does: it leads to the port `to`, unless it `refuses` with this status or SOCKS reply."""

    to: int
    refuses: int = 0
    wants_login: bool = False


@asynccontextmanager
async def http_proxy(to: int, *, refuses: int = 0, wants_login: bool = False) -> AsyncGenerator[FakeProxy]:
    """Run an HTTP proxy in this block."""
    async with _running(_serve_http, Behaviour(to=to, refuses=refuses, wants_login=wants_login)) as proxy:
        yield proxy


@asynccontextmanager
async def socks_proxy(to: int, *, refuses: int = 0, wants_login: bool = False) -> AsyncGenerator[FakeProxy]:
    """Run a SOCKS5 proxy in this block."""
    async with _running(_serve_socks, Behaviour(to=to, refuses=refuses, wants_login=wants_login)) as proxy:
        yield proxy


_Serve = Callable[[FakeProxy, Behaviour, SocketStream], Awaitable[None]]


@asynccontextmanager
async def _running(serve: _Serve, behaviour: Behaviour) -> AsyncGenerator[FakeProxy]:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        proxy = FakeProxy(port=listener.extra(SocketAttribute.local_port))

        async def handle(stream: SocketStream) -> None:
            async with stream:
                await serve(proxy, behaviour, stream)

        tasks.start_soon(listener.serve, handle)
        yield proxy
        tasks.cancel_scope.cancel()


async def _serve_http(proxy: FakeProxy, behaviour: Behaviour, stream: SocketStream) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += await stream.receive()
    found = _REQUEST.match(head)
    assert found, f"no request to a proxy: {head!r}"
    method, target, path = found[1] or found[3], found[2] or found[4], found[5] or b""
    proxy.asked.append(f"{method.decode()} {target.decode()}{path.decode()}")
    login = b"Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode())
    status = behaviour.refuses or (407 if behaviour.wants_login and login not in head else 0)
    if status:
        await stream.send(f"HTTP/1.1 {status} Refused\r\nContent-Length: 0\r\n\r\n".encode())
        return
    async with await anyio.connect_tcp("127.0.0.1", behaviour.to) as server:
        if method == b"CONNECT":
            await stream.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            rest = re.sub(rb"proxy-authorization: [^\r]*\r\n", b"", head[found.end() :], flags=re.IGNORECASE)
            await server.send(method + b" " + path + b" HTTP/1.1\r\n" + rest)
        await _relay(stream, server)


async def _serve_socks(proxy: FakeProxy, behaviour: Behaviour, stream: SocketStream) -> None:
    reader = BufferedByteReceiveStream(stream)
    version, count = await reader.receive_exactly(2)
    method = b"\x02" if behaviour.wants_login else b"\x00"
    assert version == 5
    if method not in await reader.receive_exactly(count):
        await stream.send(b"\x05\xff")
        return
    await stream.send(b"\x05" + method)
    if behaviour.wants_login:
        assert await reader.receive_exactly(1) == b"\x01"
        login = [await reader.receive_exactly((await reader.receive_exactly(1))[0]) for _ in range(2)]
        await stream.send(b"\x01" + (b"\x00" if login == [USER.encode(), PASSWORD.encode()] else b"\x01"))
    assert await reader.receive_exactly(4) == b"\x05\x01\x00\x03", "only names are asked for"
    host = await reader.receive_exactly((await reader.receive_exactly(1))[0])
    port = int.from_bytes(await reader.receive_exactly(2), "big")
    proxy.asked.append(f"{host.decode()}:{port}")
    await stream.send(b"\x05" + bytes([behaviour.refuses]) + b"\x00\x01\x00\x00\x00\x00\x00\x00")
    if not behaviour.refuses:
        async with await anyio.connect_tcp("127.0.0.1", behaviour.to) as server:
            await _relay(stream, server)


async def _relay(one: ByteStream, other: ByteStream) -> None:
    """Pass bytes on in both directions until either side closes."""

    async def pass_on(source: ByteStream, to: ByteStream) -> None:
        try:
            async for chunk in source:
                await to.send(chunk)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pass_on, one, other)
        tasks.start_soon(pass_on, other, one)
