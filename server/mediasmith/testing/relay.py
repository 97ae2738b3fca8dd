"""A wire for everything that speaks HTTP: it stands before a fake provider, notes what passes, and breaks it."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from email import message_from_bytes
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from anyio.from_thread import start_blocking_portal
from anyio.streams.buffered import BufferedByteReceiveStream

from mediasmith.testing.wire import Answer, Sent

if TYPE_CHECKING:
    import httpx2

_MAX_HEAD = 65_536
_MAX_BODY = 100_000_000
_DRIP_SECONDS = 0.02
_OF_ONE_HOP = {"connection", "content-length", "content-encoding", "transfer-encoding", "accept-encoding", "expect"}
"""Headers that belong to one connection; each side gets its own."""

_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, anyio.IncompleteRead)


def is_post(sent: Sent) -> bool:
    """Whether it is a POST, which is what most providers charge for."""
    return sent.method == "POST"


class Relay:
    """Implements `Wire`; `relay` opens it."""

    def __init__(self, upstream: str, client: httpx2.AsyncClient, pays: Callable[[Sent], bool]) -> None:
        self.url = ""
        self._upstream = upstream.rstrip("/")
        self._client = client
        self._pays = pays
        self._log: list[Sent] = []
        self._scripts: Mapping[bool, deque[Answer]] = {True: deque(), False: deque()}

    def requests(self) -> Sequence[Sent]:
        """What went out since the last `clear`, in order."""
        return tuple(self._log)

    def script(self, *answers: Answer, pays: bool = True) -> None:
        """Answer the next requests so, one after the other, and then normally again."""
        self._scripts[pays].extend(answers)

    def clear(self) -> None:
        """Forget the log and the script."""
        self._log.clear()
        for script in self._scripts.values():
            script.clear()

    async def converse(self, stream: SocketStream) -> None:
        """Answer the requests of one connection until either side closes it."""
        reader = BufferedByteReceiveStream(stream)
        with suppress(*_GONE):
            async with stream:
                while await self._one(reader, stream):
                    pass

    async def _one(self, reader: BufferedByteReceiveStream, stream: SocketStream) -> bool:
        """Answer one request; whether another may follow."""
        sent, raw = await _read(reader)
        sent = replace(sent, pays=self._pays(sent))
        self._log.append(sent)
        script = self._scripts[sent.pays]
        answer = script.popleft() if script else Answer()
        if answer.fault == "silence":
            await anyio.sleep_forever()
        if answer.fault == "reset":
            _reset(stream)
            return False
        if not answer.status:
            answer = await self._normal(sent, raw, answer)
        return await _write(stream, answer)

    async def _normal(self, sent: Sent, raw: bytes, answer: Answer) -> Answer:
        """What the provider itself answers, edited."""
        own = {name: value for name, value in sent.headers.items() if name not in _OF_ONE_HOP}
        headers = {**own, "accept-encoding": "identity"}
        response = await self._client.request(sent.method, self._upstream + sent.path, headers=headers, content=raw)
        body = answer.edit(response.content) if answer.edit else response.content
        mime = response.headers.get("content-type", "")
        back = {name: value for name, value in response.headers.items() if name not in {*_OF_ONE_HOP, "content-type"}}
        return replace(answer, status=response.status_code, body=body, mime=mime, headers=back)


@contextmanager
def relay(upstream: str, *, pays: Callable[[Sent], bool] = is_post) -> Generator[Relay]:
    """A relay before the fake provider at this address. `pays` says which requests cost money."""
    import httpx2  # noqa: PLC0415 - heavy: only needed by who tests an HTTP provider

    with start_blocking_portal() as portal:
        # On loopback there are neither certificates nor proxies.
        client = httpx2.AsyncClient(trust_env=False, verify=False, timeout=None)
        wire = Relay(upstream, client, pays)
        listener = portal.call(partial(anyio.create_tcp_listener, local_host="127.0.0.1"))
        wire.url = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"  # noqa: S610 - no database
        serving = portal.start_task_soon(listener.serve, wire.converse)
        try:
            yield wire
        finally:
            serving.cancel()
            portal.call(listener.aclose)
            portal.call(client.aclose)


async def _read(reader: BufferedByteReceiveStream) -> tuple[Sent, bytes]:
    head = (await reader.receive_until(b"\r\n\r\n", _MAX_HEAD)).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding", "") == "chunked":
        raw = await _chunks(reader)
    else:
        raw = await reader.receive_exactly(int(headers.get("content-length", 0)))
    return Sent(method=method, path=path, headers=headers, body=_body(raw, headers.get("content-type", ""))), raw


async def _chunks(reader: BufferedByteReceiveStream) -> bytes:
    raw = b""
    while size := int(await reader.receive_until(b"\r\n", _MAX_HEAD), 16):
        raw += await reader.receive_exactly(size)
        await reader.receive_exactly(2)
    await reader.receive_exactly(2)
    return raw


def _body(raw: bytes, mime: str) -> object:
    if mime.startswith("multipart/"):
        return _form(raw, mime)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return raw
    with suppress(ValueError):
        return json.loads(text)
    return text


def _form(raw: bytes, mime: str) -> Mapping[str, object]:
    """The fields of a form; a file is its name, its type and its bytes."""
    message = message_from_bytes(b"content-type: " + mime.encode() + b"\r\n\r\n" + raw)
    fields: dict[str, list[object]] = {}
    for part in message.walk():
        if not part.is_multipart():
            name = str(part.get_param("name", "", "content-disposition"))
            content: Any = part.get_payload(decode=True)
            value = (part.get_filename(), part.get_content_type(), content) if part.get_filename() else content
            fields.setdefault(name, []).append(value)
    return fields


async def _write(stream: ByteStream, answer: Answer) -> bool:
    length = 1_000_000 if answer.fault == "drip" else len(answer.body)
    headers = {"content-type": answer.mime, "content-length": str(length), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} Scripted", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    await stream.send("\r\n".join(lines).encode("latin-1"))
    if answer.fault == "drip":
        while True:
            await stream.send(b" ")
            await anyio.sleep(_DRIP_SECONDS)
    whole = answer.fault != "truncate"
    if answer.body:
        await stream.send(answer.body if whole else answer.body[: len(answer.body) // 2])
    return whole


def _reset(stream: SocketStream) -> None:
    """Have the connection end with a reset, not with a farewell, when it is closed."""
    raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - no database
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
