"""The baseline of a call: a server that asks OpenAI's SDK for an image and writes it to a file."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from anyio import to_thread
from mcp.server import MCPServer
from openai import AsyncOpenAI

server = MCPServer("bare")
client = AsyncOpenAI(max_retries=0)


@server.tool()
async def generate(prompt: str, path: str) -> str:
    """Generate an image and write it to a file."""
    answer = await client.images.generate(model="dall-e-3", prompt=prompt)
    await to_thread.run_sync(_write, Path(path), answer.data[0].b64_json if answer.data else None)
    return path


def _write(path: Path, encoded: str | None) -> None:
    with path.open("wb") as file:
        file.write(base64.b64decode(encoded or ""))
        os.fsync(file.fileno())


server.run()
