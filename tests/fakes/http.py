"""Serve HTTP on a loopback port of this process, and connect clients to it."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings

from fakes.server import Era
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import LazyEngine, lazy_engine
from mediasmith.mcp.http.listener import http_app, http_server
from mediasmith.plugin.contract import Backend
from mediasmith.runtime.clock import Clock

ANN, BOB = "token-of-ann-0123", "token-of-bob-0123"
"""The tokens of the two users of `Users`."""


class Users(TokenVerifier):
    """Knows two users of one client program."""

    async def verify_token(self, token: str) -> AccessToken | None:
        subject = {ANN: "ann", BOB: "bob"}.get(token)
        claims = {"iss": "https://id.invalid"}
        return (
            AccessToken(token=token, client_id="program", scopes=[], subject=subject, claims=claims)
            if subject
            else None
        )


@dataclass(frozen=True, kw_only=True)
class Site:
    """A server, as its clients know it."""

    url: str

    @asynccontextmanager
    async def client(self, era: Era = "auto", token: str = "") -> AsyncGenerator[Client]:
        """Connect an MCP client."""
        async with self.browser(token) as browser, Client(self._transport(browser), mode=era) as client:
            yield client

    @asynccontextmanager
    async def browser(self, token: str = "") -> AsyncGenerator[httpx2.AsyncClient]:
        """Open a plain HTTP client."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=30, trust_env=False, verify=False)
        async with client as browser:
            yield browser

    def _transport(self, browser: httpx2.AsyncClient) -> Any:
        return streamable_http_client(f"{self.url}/mcp", http_client=browser)


@dataclass(frozen=True, kw_only=True)
class OwnSite(Site):
    """A server of this process, with its engine."""

    opened: LazyEngine


def installed(
    folder: Path, *backends: Backend[Any], env: Mapping[str, str] | None = None, **settings: Any
) -> Installation:
    """Return an installation of these backends, with the library and the files in `folder`."""
    return Installation(
        settings=Settings(data_dir=folder / "data", output_dir=folder / "out", **settings),
        registry=Registry(backends={backend.name: backend for backend in backends}, broken={}),
        env=env or {},
    )


@asynccontextmanager
async def site(  # noqa: PLR0913 - what `http_app` takes, each by name
    installation: Installation,
    *,
    clock: Clock | None = None,
    url: str | None = None,
    hosts: tuple[str, ...] = (),
    token_verifier: TokenVerifier | None = None,
    auth: AuthSettings | None = None,
) -> AsyncGenerator[OwnSite]:
    """Serve an installation in this block. By default, `url` is the address of its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        own = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with lazy_engine(lambda: installation, clock=clock) as opened, anyio.create_task_group() as tasks:
            address = own if url is None else url
            app = http_app(opened, url=address, hosts=hosts, token_verifier=token_verifier, auth=auth)
            server = http_server(app)
            tasks.start_soon(server.serve, [listener])
            yield OwnSite(url=own, opened=opened)
            server.should_exit = True
