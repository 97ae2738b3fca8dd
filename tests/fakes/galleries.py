"""Serve the gallery on a loopback port of this process, and look at it as its page does."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2
from mcp.server.auth.provider import TokenVerifier

from fakes.http import OwnSite
from mediasmith.config.installation import Installation
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.gallery.gallery_app import Gallery
from mediasmith.mcp.http.listener import http_app, http_server
from mediasmith.runtime.clock import Clock


@dataclass(frozen=True, kw_only=True)
class GallerySite(OwnSite):
    """A server with the gallery."""

    gallery: Gallery

    @property
    def key(self) -> str:
        """The key in the address that the server prints."""
        return self.gallery.address.partition("#key=")[2]

    @asynccontextmanager
    async def visitor(self, key: str = "") -> AsyncGenerator[Visitor]:
        """Sign in, by default with the key in the address."""
        async with self.browser() as browser:
            answer = await browser.post("/gallery/session", json={"key": key or self.key})
            assert answer.status_code == 204, answer.text
            yield Visitor(browser)


class Visitor:
    """A person who is signed in."""

    def __init__(self, browser: httpx2.AsyncClient) -> None:
        self.browser = browser

    async def get(self, path: str, **query: str) -> Any:
        """Return the JSON of a path."""
        answer = await self.browser.get(f"/gallery{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def call(self, tool: str, **arguments: Any) -> Any:
        """Call a tool, and return the JSON that it answers with."""
        result = await self.result(tool, arguments)
        assert not result["isError"], result
        return json.loads(result["content"][0]["text"])

    async def result(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        """Call a tool, and return its result."""
        answer = await self.browser.post("/gallery/api/call", json={"name": tool, "arguments": arguments})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def make(self, prompt: str = "a lighthouse", **arguments: Any) -> Any:
        """Make something, and return its file."""
        result = await self.call("generate_media", prompt=prompt, wait_seconds=30, **arguments)
        return result["files"][0]


@asynccontextmanager
async def gallery_site(
    installation: Installation, *, verifier: TokenVerifier | None = None, clock: Clock | None = None
) -> AsyncGenerator[GallerySite]:
    """Serve an installation with its gallery in this block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with lazy_engine(lambda: installation, clock=clock) as opened, anyio.create_task_group() as tasks:
            app = http_app(opened, url=url, token_verifier=verifier)
            gallery = Gallery(opened, url=url, verifier=verifier)
            app.router.routes.extend(gallery.routes())
            server = http_server(app)
            tasks.start_soon(server.serve, [listener])
            yield GallerySite(url=url, opened=opened, gallery=gallery)
            server.should_exit = True
