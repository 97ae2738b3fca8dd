"""Serve over standard input and output: a message is a line of JSON."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import BinaryIO, TypeAlias

import anyio
from anyio import AsyncFile
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCMessage

from mediasmith.config.declaration_cache import load_declarations
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.messages import read_message
from mediasmith.mcp.server import MediaServer
from mediasmith.mcp.shutdown import graceful_shutdown

_Message: TypeAlias = SessionMessage | Exception  # what the SDK expects; no exception is ever sent
_Streams: TypeAlias = tuple[MemoryObjectReceiveStream[_Message], MemoryObjectSendStream[SessionMessage]]

_STDERR = 2


async def serve_stdio() -> None:
    """Serve until the client disconnects. This does not return: the process ends."""
    with _standard_streams() as (stdin, stdout):
        shown, load = load_declarations()
        gc.freeze()
        gc.enable()
        async with lazy_engine(load, shown=shown) as engine, graceful_shutdown(engine):
            try:
                server = MediaServer(engine)
                server.deliveries.follows_messages = True
                written = server.deliveries.sent
                async with message_streams(anyio.wrap_file(stdin), anyio.wrap_file(stdout), written) as streams:
                    await server.serve(*streams)
            except* ConnectionError:
                pass  # the client died while it was being answered


@asynccontextmanager
async def message_streams(
    stdin: AsyncFile[bytes], stdout: AsyncFile[bytes], written: Callable[[JSONRPCMessage], None]
) -> AsyncGenerator[_Streams]:
    """Open the streams of a client's messages and of the answers to them; `written` is called after each was written.

    Unlike the SDK's own, this answers a line that is not a valid message instead of ignoring it.
    """
    requests, received = anyio.create_memory_object_stream[_Message]()
    answers, sent = anyio.create_memory_object_stream[SessionMessage]()
    async with anyio.create_task_group() as task_group:
        task_group.start_soon(_read, stdin, requests, answers.clone())
        task_group.start_soon(_write, stdout, sent, written)
        yield received, answers


async def _read(
    stdin: AsyncFile[bytes],
    requests: MemoryObjectSendStream[_Message],
    answers: MemoryObjectSendStream[SessionMessage],
) -> None:
    with suppress(anyio.BrokenResourceError):  # the other end is closed
        async with requests, answers:
            async for line in stdin:
                message, errors = read_message(line)
                if message is not None:
                    await requests.send(SessionMessage(message))
                for error in errors:
                    await answers.send(SessionMessage(error))


async def _write(
    stdout: AsyncFile[bytes],
    sent: MemoryObjectReceiveStream[SessionMessage],
    written: Callable[[JSONRPCMessage], None],
) -> None:
    async with sent:
        async for answer in sent:
            text = answer.message.model_dump_json(by_alias=True, exclude_unset=True)
            await stdout.write(text.encode() + b"\n")
            await stdout.flush()
            written(answer.message)


@contextmanager
def _standard_streams() -> Generator[tuple[BinaryIO, BinaryIO]]:
    """Take over standard input and output: plug-ins and child processes read nothing, and print to standard error."""
    while (nothing := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass  # one of the three was closed, and must not become the number of another file
    with os.fdopen(os.dup(0), "rb", closefd=False) as stdin, os.fdopen(os.dup(1), "wb", closefd=False) as stdout:
        os.dup2(nothing, 0)
        os.dup2(_STDERR, 1)
        os.close(nothing)
        yield stdin, stdout
