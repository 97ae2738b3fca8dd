"""What stands before the server, so that connections to it can be broken: gRPC itself ends them politely."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_PIECE = 65_536
_DRIP_SECONDS = 0.02


class Connection:
    """One client's connection. `cut` ends it half-way through what comes next, `slow` sends a byte now and then."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self._client = client
        self.cut = False
        self.slow = False

    def abort(self) -> None:
        """End it at once, whatever is under way."""
        self._client.transport.abort()

    async def send(self, data: bytes) -> None:
        """Send this to the client, as well as the connection still can."""
        if self.cut:
            self._client.write(data[: len(data) // 2])
            await self._client.drain()
            self.abort()
        for piece in (data[at : at + 1] for at in range(len(data))) if self.slow else (data,):
            self._client.write(piece)
            await self._client.drain()
            if self.slow:
                await asyncio.sleep(_DRIP_SECONDS)


class Gate:
    """Passes every byte on, and knows each connection by the port that the server sees."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._connections: dict[str, Connection] = {}

    def connection(self, peer: str) -> Connection:
        """The connection of a call, whose peer is as gRPC has it: `ipv4:127.0.0.1:50000`."""
        return self._connections[peer.rpartition(":")[2]]

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until either side goes."""
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        port = str(to_server.get_extra_info("sockname")[1])
        connection = self._connections[port] = Connection(writer)
        ways = {asyncio.create_task(_up(reader, to_server)), asyncio.create_task(_down(from_server, connection))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            to_server.close()
            writer.close()
            del self._connections[port]


async def _up(reader: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
    while data := await reader.read(_PIECE):
        to_server.write(data)
        await to_server.drain()


async def _down(from_server: asyncio.StreamReader, connection: Connection) -> None:
    while data := await from_server.read(_PIECE):
        await connection.send(data)


@asynccontextmanager
async def gate(server_port: int) -> AsyncGenerator[tuple[Gate, int]]:
    """A gate before the server at this port, and the port of the gate."""
    opened = Gate(server_port)
    listener = await asyncio.start_server(opened.pass_on, "127.0.0.1", 0, backlog=1024)
    async with listener:
        yield opened, listener.sockets[0].getsockname()[1]
