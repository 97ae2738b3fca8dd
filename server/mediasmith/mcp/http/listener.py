"""Serve over streamable HTTP: build the app, and listen."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
from mcp.server.auth.provider import TokenVerifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mediasmith.config.installation import Installation
from mediasmith.engine.bootstrap import LazyEngine, lazy_engine
from mediasmith.mcp.http.access_control import (
    HostCheckMiddleware,
    TrailingSlashMiddleware,
    allowed_hosts,
    allowed_origins,
    check_access,
    url_host,
)
from mediasmith.mcp.http.disconnects import DisconnectMiddleware, cancel_on_disconnect
from mediasmith.mcp.http.file_routes import FileRoutes
from mediasmith.mcp.http.message_errors import MAX_BODY, MessageErrorMiddleware
from mediasmith.mcp.http.tokens import StaticTokenVerifier, request_principal
from mediasmith.mcp.server import MediaServer, local_principal
from mediasmith.mcp.shutdown import graceful_shutdown
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.signed_links import SignedLinks, link_keys

if TYPE_CHECKING:
    from mediasmith.mcp.http.signal_free_server import SignalFreeServer

HOST = "127.0.0.1"
"""The default host: only this machine can reach it."""

PORT = 8765
"""The default port."""

PATH = "/mcp"
"""The path of the MCP endpoint."""

_PROBES = ("/health", "/ready")
_EXPOSED_HEADERS = ("Mcp-Session-Id", "Mcp-Protocol-Version", "WWW-Authenticate", "Content-Disposition")
_MAX_PORT = 65_535


@dataclass(frozen=True, kw_only=True)
class Served:
    """An app, and what to tell the person who starts it."""

    app: Starlette
    message: str


async def serve_http(
    host: str = HOST,
    port: int = PORT,
    *,
    make_app: Callable[[LazyEngine, str, Collection[str]], Served] | None = None,
    works: bool = True,
) -> None:
    """Serve until SIGTERM or Ctrl-C; port 0 picks a free one. This does not return: the process ends.

    `make_app` is given an engine, the address that clients use, and further hosts; by default, it makes `http_app`.
    `works`: this process does jobs, and does not only record them for the workers of its fleet.

    Raises:
        MediaError: the settings do not allow it, or the address cannot be listened on. The message has the fix.
    """
    installation = Installation.load()
    family, address = await _resolve(host)
    check_access(installation, (address, host), verified=False)
    if not works:
        installation.check_fleet()
    url = installation.settings.http_url
    if url is None and ip_address(address).is_unspecified:
        raise MediaError(
            f"{host} means every address of this machine, but links need one that clients can use.",
            "Set MEDIASMITH_HTTP_URL to that address, for example https://media.example.org.",
        )
    with _listen(family, address, port) as listener:
        url = url or _own_url(host, listener)
        make = make_app or _mcp_app
        await _serve(listener, installation, lambda engine: make(engine, url, (address, host)), works=works)


async def serve_here(port: int, make_app: Callable[[LazyEngine, str], Served]) -> None:
    """Serve this machine alone, as `serve_http` does, whatever the settings say of HTTP."""
    with _listen(socket.AF_INET, HOST, port) as listener:
        url = _own_url(HOST, listener)
        await _serve(listener, Installation.load(), lambda engine: make_app(engine, url), works=True)


async def _serve(
    listener: socket.socket, installation: Installation, make_app: Callable[[LazyEngine], Served], *, works: bool
) -> None:
    """Serve an app on a socket that listens. This does not return."""
    async with lazy_engine(lambda: installation, works=works) as engine:
        served = make_app(engine)
        server = http_server(served.app)
        async with graceful_shutdown(engine, stop=server.stop):
            _say(served.message)
            if installation.settings.in_fleet:
                engine.work.start_soon(_join_fleet, engine)
            await server.serve([listener])


async def _join_fleet(engine: LazyEngine) -> None:
    """Join the fleet, or say why not: a replica that cannot take calls goes on, for what is wrong may be corrected."""
    try:
        await engine.join_fleet()
    except MediaError as error:
        _say(f"This replica cannot take calls. {error}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _mcp_app(engine: LazyEngine, url: str, hosts: Collection[str]) -> Served:
    return Served(app=http_app(engine, url=url, hosts=hosts), message=mcp_message(url))


def mcp_message(url: str) -> str:
    """Return what to say where MCP is served."""
    return f"Serving MCP over HTTP at {url}{PATH}; press Ctrl-C to stop."


def http_app(
    engine: LazyEngine,
    *,
    url: str = "",
    hosts: Collection[str] = (),
    token_verifier: TokenVerifier | None = None,
    auth: AuthSettings | None = None,
) -> Starlette:
    """Return the server as an ASGI app, with the endpoint at `/mcp`; its lifespan has to be run.

    `url` is the address that clients use, and links to files begin with it; by default, it comes from the settings.
    Requests are accepted for its host, for loopback names and for `hosts`. `token_verifier` checks tokens
    instead of the one from the settings; `auth` says who issues them, which the SDK publishes.

    Raises:
        MediaError: an HTTP setting is not valid, or other machines could reach the server without a token.
    """
    settings = engine.installation.settings
    url = (url or settings.http_url or f"http://{HOST}:{PORT}").rstrip("/")
    names = (*hosts, urlsplit(url).hostname or "")
    check_access(engine.installation, names, verified=token_verifier is not None)
    if token_verifier is None and settings.http_token is not None:
        token_verifier = StaticTokenVerifier(settings.http_token)
    if token_verifier is not None and auth is None:
        # The SDK checks tokens only if it has these. They are not published, since no resource is named.
        auth = AuthSettings(issuer_url=AnyHttpUrl(url), resource_server_url=None)
    links = SignedLinks(base=url, keys=link_keys(settings.secret))

    def file_link(file_id: str, principal: str) -> str:
        return links.url(file_id, principal, now=engine.clock.now())

    server = MediaServer(
        engine,
        principal=request_principal if token_verifier else local_principal,
        file_link=file_link,
        file_origins=[_origin(place) for place in (url, settings.store_public_url) if place],
        token_verifier=token_verifier,
        auth=auth,
    )
    server.middleware.append(cancel_on_disconnect)
    server.custom_route("/health", ["GET"])(_health)
    server.custom_route("/ready", ["GET"])(partial(_ready, engine))
    server.custom_route("/files/{id}", ["GET"])(FileRoutes(engine=engine, links=links).get)
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=MAX_BODY,
        stateless_http=settings.in_fleet,  # the next request of a client may reach another replica
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # see HostCheckMiddleware
    )
    app.add_middleware(DisconnectMiddleware)
    app.add_middleware(MessageErrorMiddleware, path=PATH)
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=allowed_origins(url).pattern,
        allow_methods=("GET", "POST", "DELETE"),
        allow_headers=("*",),
        expose_headers=_EXPOSED_HEADERS,
        allow_private_network=True,
    )
    add_host_check(app, url, hosts)
    return app


def _origin(url: str) -> str:
    """Return the origin of a URL; links to files may lead from the server's to the store's."""
    return f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"


def add_host_check(app: Starlette, url: str, hosts: Collection[str] = ()) -> None:
    """Let an app be used only by the names of this machine, of `url` and of `hosts`."""
    origins = allowed_origins(url)
    app.add_middleware(HostCheckMiddleware, hosts=allowed_hosts(url, hosts), origins=origins, open_paths=_PROBES)
    app.add_middleware(TrailingSlashMiddleware)


def http_server(app: Starlette) -> SignalFreeServer:
    """Return a server for the app. It does not log requests, because their URLs may be signed links."""
    import uvicorn  # noqa: PLC0415 - heavy: needed only here

    from mediasmith.mcp.http.request_timeout import TimedProtocol  # noqa: PLC0415 - as above
    from mediasmith.mcp.http.signal_free_server import SignalFreeServer  # noqa: PLC0415 - as above

    config = uvicorn.Config(
        app,
        http=TimedProtocol,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="on",
        ws="none",
        proxy_headers=False,
        server_header=False,
    )
    return SignalFreeServer(config)


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok", "version": version("mediasmith")})


async def _ready(engine: LazyEngine, _request: Request) -> Response:
    reason = await engine.reason_not_ready()
    return JSONResponse({"status": reason or "ready"}, HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK)


async def _resolve(host: str) -> tuple[socket.AddressFamily, str]:
    """Return the address family and the address of a host."""
    try:
        found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise MediaError(f"{host!r} is not an address of this machine.", f"Listen on {HOST} instead.") from error
    family, _, _, _, address = found[0]
    return family, address[0]


def _own_url(host: str, listener: socket.socket) -> str:
    return f"http://{url_host(host)}:{listener.getsockname()[1]}"


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    if not 0 <= port <= _MAX_PORT:
        raise MediaError(f"{port} is not a valid port.", f"Choose one from 0 to {_MAX_PORT}.")
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise MediaError(f"Cannot listen on port {port} of {address}: {why}.", "Choose another one.") from error
