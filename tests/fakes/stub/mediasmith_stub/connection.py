"""Just enough HTTP/1.1 to also break it: an answer can be cut off, or a connection closed without one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus

_PIECE = 4096


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client sent. Header names are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the client gets. `chunked` sends it in pieces of no announced length, `cut` only its first half."""

    status: int = 200
    mime: str = "application/json"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    chunked: bool = False
    cut: bool = False


Handler = Callable[[Request], Awaitable[Answer | None]]
"""Answers a request; None closes the connection instead."""


async def serve(handler: Handler, port: int) -> asyncio.Server:
    """Listen on loopback; port 0 is any free one."""
    return await asyncio.start_server(partial(_converse, handler), "127.0.0.1", port, backlog=1024)


async def _converse(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while request := await _read(reader):
            answer = await handler(request)
            if answer is None:
                writer.transport.abort()
                return
            await _write(writer, answer)
            if answer.cut:
                return
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # The client went away, which is what killed servers do.
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await _head(reader)
    if not head:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _version = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    if "transfer-encoding" in headers:
        raise NotImplementedError("The stub provider reads bodies of a known length only.")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method=method, path=path, headers=headers, body=body)


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return b""


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    length = {"transfer-encoding": "chunked"} if answer.chunked else {"content-length": str(len(answer.body))}
    headers = {"content-type": answer.mime, **length, **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    sent = replace(answer, body=answer.body[: len(answer.body) // 2]) if answer.cut else answer
    await (_write_chunks(writer, sent) if answer.chunked else _write_whole(writer, sent))


async def _write_whole(writer: asyncio.StreamWriter, answer: Answer) -> None:
    writer.write(answer.body)
    await writer.drain()


async def _write_chunks(writer: asyncio.StreamWriter, answer: Answer) -> None:
    for start in range(0, len(answer.body), _PIECE):
        piece = answer.body[start : start + _PIECE]
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
    if not answer.cut:
        writer.write(b"0\r\n\r\n")
        await writer.drain()
