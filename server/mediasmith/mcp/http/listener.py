"""Serving over streamable HTTP: the app, and listening."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Collection, Generator
from contextlib import contextmanager
from importlib.metadata import version
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mediasmith.config.installation import Installation
from mediasmith.engine.bootstrap import LazyEngine, lazy_engine
from mediasmith.mcp.http.access_control import (
    MAX_BODY,
    BodyLimitMiddleware,
    HostCheckMiddleware,
    bracketed,
    check_access,
    security,
)
from mediasmith.mcp.http.disconnects import DisconnectMiddleware, cancel_on_disconnect
from mediasmith.mcp.http.file_routes import FileRoutes
from mediasmith.mcp.http.signed_links import SignedLinks
from mediasmith.mcp.http.tokens import StaticTokenVerifier, request_principal
from mediasmith.mcp.server import MediaServer, local_principal
from mediasmith.mcp.shutdown import graceful_shutdown
from mediasmith.plugin.errors import MediaError

if TYPE_CHECKING:
    from uvicorn import Server

HOST = "127.0.0.1"
"""Where it listens when nobody says: only this machine can reach it."""

PORT = 8765
"""The port it listens on when nobody says."""

PATH = "/mcp"
"""The path of the endpoint."""

_MAX_PORT = 65_535


async def serve_http(host: str = HOST, port: int = PORT) -> None:
    """Serve until told to end; port 0 is any that is free. It does not return: the process ends here.

    Raises:
        MediaError: the settings do not allow it, or nothing can listen there. The text has the fix.
    """
    installation = Installation.load()
    family, address = await _resolved(host)
    check_access(installation, (address, host), verified=False)
    url = installation.settings.http_url
    if url is None and ip_address(address).is_unspecified:
        raise MediaError(
            f"{host} stands for every address of this machine, and links need one that clients can use.",
            "Set MEDIASMITH_HTTP_URL to it, such as https://media.example.org.",
        )
    with _listener(family, address, port) as listener:
        url = url or f"http://{bracketed(host)}:{listener.getsockname()[1]}"
        async with lazy_engine(installation) as engine:
            app = http_app(engine, url=url, hosts=(address, host))
            async with graceful_shutdown(engine):
                sys.stderr.write(f"Serving MCP over HTTP at {url}{PATH}; Ctrl-C ends it.\n")
                sys.stderr.flush()
                await http_server(app).serve([listener])


def http_app(
    engine: LazyEngine,
    *,
    url: str = "",
    hosts: Collection[str] = (),
    token_verifier: TokenVerifier | None = None,
    auth: AuthSettings | None = None,
) -> Starlette:
    """The server as an ASGI app, with the endpoint at `/mcp`; its lifespan has to be run.

    Links to files begin with `url`, the address that clients use (that of the settings when it is not given). Requests
    are accepted under its host, under this machine's own names, and under `hosts`. A verifier decides about tokens in
    place of the settings' one; `auth` says who issues them, as the SDK publishes it.

    Raises:
        MediaError: a setting for HTTP cannot be used, or it could be reached from elsewhere without a token.
    """
    settings = engine.installation.settings
    url = (url or settings.http_url or f"http://{HOST}:{PORT}").rstrip("/")
    names = (*hosts, urlsplit(url).hostname or "")
    check_access(engine.installation, names, verified=token_verifier is not None)
    if token_verifier is None and settings.http_token is not None:
        token_verifier = StaticTokenVerifier(settings.http_token)
    if token_verifier is not None and auth is None:
        # The SDK checks no token without. Of these nothing is published, since no resource is named.
        auth = AuthSettings(issuer_url=AnyHttpUrl(url), resource_server_url=None)
    links = SignedLinks(base=url)

    def file_link(file_id: str, principal: str) -> str:
        return links.url(file_id, principal, now=engine.clock.now())

    server = MediaServer(
        engine,
        principal=request_principal if token_verifier else local_principal,
        file_link=file_link,
        token_verifier=token_verifier,
        auth=auth,
    )
    server.middleware.append(cancel_on_disconnect)
    server.custom_route("/health", ["GET"])(_health)
    server.custom_route("/files/{id}", ["GET"])(FileRoutes(engine=engine, links=links).get)
    known = security(url, hosts)
    app = server.streamable_http_app(
        streamable_http_path=PATH, max_request_body_size=MAX_BODY, transport_security=known
    )
    app.add_middleware(DisconnectMiddleware)
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(HostCheckMiddleware, security=known)
    return app


def http_server(app: Starlette) -> Server:
    """What serves the app on a socket. It keeps no log of requests, for their addresses may be links."""
    import uvicorn  # noqa: PLC0415 - heavy: only needed here

    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="on",
        ws="none",
        proxy_headers=False,
        server_header=False,
    )

    class Unsignalled(uvicorn.Server):
        """Leaves the signals to `leaving`."""

        @contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

    return Unsignalled(config)


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok", "version": version("mediasmith")})


async def _resolved(host: str) -> tuple[socket.AddressFamily, str]:
    """The address that a host's name means here."""
    try:
        found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise MediaError(f"{host!r} is no address of this machine.", f"Listen on {HOST}.") from error
    family, _, _, _, address = found[0]
    return family, address[0]


def _listener(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    if not 0 <= port <= _MAX_PORT:
        raise MediaError(f"{port} is no port.", f"Choose one from 0 to {_MAX_PORT}.")
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise MediaError(f"Nothing can listen on port {port} of {address}: {why}.", "Choose another.") from error
