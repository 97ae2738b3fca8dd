"""A TCP proxy before the gRPC server, to break connections: gRPC itself only ever ends them politely."""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.from_thread import start_blocking_portal

from mediasmith.testing.wire import Fault

_DRIP_SECONDS = 0.02
_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)


class Gate:
    """Passes every byte on. `faults` are the connections to break, by the port that the server sees."""

    def __init__(self) -> None:
        self.port = 0
        self.server_port = 0
        self.faults: dict[str, Fault] = {}

    async def serve(self, client: SocketStream) -> None:
        """Serve one connection until either side ends it."""
        async with client, await anyio.connect_tcp("127.0.0.1", self.server_port) as server:
            port = str(server.extra(SocketAttribute.local_port))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_pump, client, server.send, tasks.cancel_scope)
                tasks.start_soon(_pump, server, partial(self._send_back, client, port), tasks.cancel_scope)
            self.faults.pop(port, None)  # another connection may get the same port

    async def _send_back(self, client: SocketStream, port: str, data: bytes) -> None:
        fault = self.faults.get(port, "")
        if fault == "drip":
            for byte in data:
                await client.send(bytes([byte]))
                await anyio.sleep(_DRIP_SECONDS)
        elif fault:
            if fault == "truncate":
                await client.send(data[: len(data) // 2])
            raw = client.extra(SocketAttribute.raw_socket)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # end with a reset
            await client.aclose()
        else:
            await client.send(data)


async def _pump(source: SocketStream, send: Callable[[bytes], Awaitable[None]], scope: anyio.CancelScope) -> None:
    with suppress(*_GONE):
        while True:
            await send(await source.receive())
    scope.cancel()


@contextmanager
def gate(port: int = 0) -> Generator[Gate]:
    """Open a gate at a port, 0 for any; give it its `server_port` before the first connection."""
    opened = Gate()
    with start_blocking_portal() as portal:
        listener = portal.call(partial(anyio.create_tcp_listener, local_host="127.0.0.1", local_port=port))
        opened.port = listener.extra(SocketAttribute.local_port)
        serving = portal.start_task_soon(listener.serve, opened.serve)
        try:
            yield opened
        finally:
            serving.cancel()
            portal.call(listener.aclose)
