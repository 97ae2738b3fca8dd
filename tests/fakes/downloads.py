"""Downloads in tests: servers with prepared answers, and names that resolve to prepared addresses."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener

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


MEDIA = "media.example"
