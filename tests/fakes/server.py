"""Start server processes and speak to them over their pipes, and call the tools of any server."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from signal import Signals
from typing import Any, Literal, TypeAlias

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream, Process
from mcp import Client
from mcp.shared.message import SessionMessage
from mcp_types import CallToolResult, ResourceLink, TextContent, jsonrpc_message_adapter

from fakes.backends import make
from fakes.provider import STUB, Provider
from mediasmith.plugin.contract import Call, Result

COMMAND = str(Path(sys.executable).with_name("mediasmith"))
"""The console script."""

PITFALLS = Path(__file__).parent / "pitfalls"
"""A folder for PYTHONPATH, with backends that misbehave."""

Era: TypeAlias = Literal["legacy", "auto"]
"""The protocol that a client speaks: the older one with its handshake, or the newest."""

ERAS: tuple[Era, ...] = ("legacy", "auto")

_PATIENCE = 30.0


Variables: TypeAlias = Mapping[str, str | None]
"""Environment variables to set, or with None to remove."""


def environment(folder: Path, provider: Provider | None = None, env: Variables | None = None) -> dict[str, str]:
    """Return the environment of a server with the stub backends, whose home, library and files are in `folder`.

    With a provider, the backends are signed in.
    """
    own: Variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "MEDIASMITH_DATA_DIR": str(folder / "data"),
        "MEDIASMITH_OUTPUT_DIR": str(folder / "out"),
        "MEDIASMITH_BACKENDS": "stub_now,stub_job,stub_slow,stub_stream",
        **(provider.env() if provider else {}),
        "PYTHONPATH": os.pathsep.join(map(str, (STUB, PITFALLS))),
        **(env or {}),
    }
    return {name: value for name, value in own.items() if value is not None}


class Gate:
    """A `start` that waits until it is let through."""

    def __init__(self) -> None:
        self.calls = 0
        self.reached = anyio.Event()
        self.open = anyio.Event()

    async def __call__(self, call: Call[None, Any]) -> Result:
        self.calls += 1
        self.reached.set()
        await self.open.wait()
        return await make(call)


class Server:
    """A server process. `wire` is what it wrote to standard output, `log` what it wrote to standard error."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.wire = bytearray()
        self.log = ""
        self._spoke = anyio.Event()

    @asynccontextmanager
    async def connected(self, era: Era = "auto") -> AsyncGenerator[Client]:
        """Connect a client over the pipes, which stay open."""
        async with Client(self._conversation(), mode=era) as client:
            yield client

    def send(self, number: Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def kill(self) -> None:
        """Kill the process with SIGKILL, and wait until it has ended."""
        self.process.kill()
        await self.gone()

    async def end_input(self) -> None:
        """Close the standard input of the process."""
        assert self.process.stdin
        await self.process.stdin.aclose()

    async def gone(self) -> int:
        """Wait until the process has ended, and return its exit code, or minus the number of a signal."""
        with anyio.fail_after(_PATIENCE):
            return await self.process.wait()

    async def logged(self, text: str) -> None:
        """Wait until this text is on standard error."""
        with anyio.fail_after(_PATIENCE):
            while text not in self.log:
                await self._spoke.wait()

    async def listen(self) -> None:
        """Read standard error to its end."""
        assert self.process.stderr
        async for chunk in self.process.stderr:
            self.log += chunk.decode(errors="replace")
            self._spoke.set()
            self._spoke = anyio.Event()

    @asynccontextmanager
    async def _conversation(
        self,
    ) -> AsyncGenerator[tuple[ObjectReceiveStream[SessionMessage | Exception], ObjectSendStream[SessionMessage]]]:
        heard, hearing = anyio.create_memory_object_stream[SessionMessage | Exception]()
        saying, said = anyio.create_memory_object_stream[SessionMessage]()
        async with heard, hearing, saying, said, anyio.create_task_group() as tasks:
            tasks.start_soon(self._hear, heard)
            tasks.start_soon(self._say, said)
            yield hearing, saying
            tasks.cancel_scope.cancel()

    async def _hear(self, heard: ObjectSendStream[SessionMessage | Exception]) -> None:
        """Pass on every line. A line that is not a message of the protocol is an error."""
        assert self.process.stdout
        async with heard:
            line = b""
            async for chunk in self.process.stdout:
                self.wire += chunk
                *whole, line = (line + chunk).split(b"\n")
                for message in whole:
                    await heard.send(SessionMessage(jsonrpc_message_adapter.validate_json(message, by_name=False)))

    async def _say(self, said: ObjectReceiveStream[SessionMessage]) -> None:
        assert self.process.stdin
        async for message in said:
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            try:
                await self.process.stdin.send(f"{text}\n".encode())
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return  # it was killed, which the client learns from the end of standard output


@asynccontextmanager
async def started(
    folder: Path,
    provider: Provider | None = None,
    *,
    env: Variables | None = None,
    cwd: Path | None = None,
    within: Sequence[str] = (),
) -> AsyncGenerator[Server]:
    """Start a server process for this block, without connecting to it: several may start at the same time.

    `within` is a command that runs the server's command.
    """
    variables = environment(folder, provider, env)
    process = await anyio.open_process([*within, COMMAND], env=variables, cwd=cwd or folder)
    server = Server(process)
    async with process, anyio.create_task_group() as tasks:
        tasks.start_soon(server.listen)
        try:
            yield server
            await server.end_input()
            await server.gone()
        finally:
            if process.returncode is None:
                process.kill()
    assert "Traceback" not in server.log, server.log


@asynccontextmanager
async def serving(
    folder: Path, provider: Provider | None = None, *, era: Era = "auto", env: Variables | None = None
) -> AsyncGenerator[Client]:
    """Start a server process for this block and connect a client to it."""
    async with started(folder, provider, env=env) as server, server.connected(era) as client:
        yield client


def text(result: CallToolResult) -> str:
    """Return the first content block, which must be text."""
    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text


async def ask(client: Client, tool: str, **arguments: Any) -> Any:
    """Call a tool and return the JSON that it answers with."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text(result)
    return json.loads(text(result))


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """Call a tool that must fail and return its error."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, text(result)
    assert [block.type for block in result.content] == ["text"]
    return text(result)


def on_disk(file: Mapping[str, Any]) -> bytes:
    """Return the bytes of a file that an answer names."""
    return Path(file["path"]).read_bytes()


def saved(folder: Path) -> dict[Path, bytes]:
    """Return every file in a server's output folder, including temporary ones."""
    return {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}


def resource_links(result: CallToolResult) -> list[ResourceLink]:
    """Return the links to files in an answer."""
    return [block for block in result.content if isinstance(block, ResourceLink)]


def remove(file: Mapping[str, Any]) -> None:
    """Remove a file that an answer names."""
    Path(file["path"]).unlink()
