"""The baseline: a server with a single tool, which costs what any server built with `mcp` costs."""

from __future__ import annotations

import os
from pathlib import Path

import httpx2
from mcp.server import MCPServer

server = MCPServer("bare")


@server.tool()
async def fetch(url: str, key: str, path: str) -> str:
    """Download a URL to a file."""
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, trust_env=False, verify=False) as http:
        with Path(path).open("wb") as file:  # noqa: ASYNC230 - nothing else runs here
            async with http.stream("GET", url) as response:
                async for chunk in response.raise_for_status().aiter_bytes():
                    file.write(chunk)
            os.fsync(file.fileno())
    return path


server.run()
