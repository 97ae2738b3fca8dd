"""Just enough HTTP/1.1 to also break it: an answer can be cut off, or a connection closed without one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus

_PIECE = 4096
_ZEROS = bytes(65_536)
_DRIP_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client sent. Header names are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the client gets. `chunked` sends it in pieces of no announced length, `cut` only its first half.

    So many zeros as `padding` says follow a body that is not chunked; they are never held as a whole. `drip` sends one
    byte now and then. With `raw` these bytes are sent instead of any HTTP.
    """

    status: int = 200
    mime: str = "application/json"
    body: bytes = b""
    padding: int = 0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    chunked: bool = False
    cut: bool = False
    drip: bool = False
    raw: bytes = b""


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
            if answer.cut or answer.raw:
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
        raise NotImplementedError("A fake provider reads bodies of a known length only.")
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
    if answer.raw:
        writer.write(answer.raw)
        await writer.drain()
        return
    whole = len(answer.body) + answer.padding
    length = {"transfer-encoding": "chunked"} if answer.chunked else {"content-length": str(whole)}
    headers = {"content-type": answer.mime, **length, **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    sent = replace(answer, body=answer.body[: len(answer.body) // 2], padding=0) if answer.cut else answer
    await (_write_chunks(writer, sent) if answer.chunked else _write_whole(writer, sent))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"  # Providers have statuses of their own, 529 for one.


async def _write_whole(writer: asyncio.StreamWriter, answer: Answer) -> None:
    if answer.drip:
        await _drip(writer, answer.body)
        return
    writer.write(answer.body)
    await writer.drain()
    for sent in range(0, answer.padding, len(_ZEROS)):
        writer.write(_ZEROS[: answer.padding - sent])
        await writer.drain()


async def _drip(writer: asyncio.StreamWriter, body: bytes) -> None:
    for byte in body:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(_DRIP_SECONDS)


async def _write_chunks(writer: asyncio.StreamWriter, answer: Answer) -> None:
    piece = 1 if answer.drip else _PIECE
    for start in range(0, len(answer.body), piece):
        part = answer.body[start : start + piece]
        writer.write(b"%x\r\n%b\r\n" % (len(part), part))
        await writer.drain()
        if answer.drip:
            await asyncio.sleep(_DRIP_SECONDS)
    if not answer.cut:
        writer.write(b"0\r\n\r\n")
        await writer.drain()
