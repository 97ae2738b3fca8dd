"""Control access over HTTP before any route: who may connect, under which host names, with how large a body."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mediasmith.config.installation import Installation
from mediasmith.config.settings import PREFIX
from mediasmith.plugin.errors import MediaError

MAX_BODY = 16 * 1024 * 1024
"""Bytes of the largest request: an image of 12 MB fits as a data: URI."""

_TOO_LARGE_RESPONSE = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {
        "code": -32600,
        "message": f"The request is larger than {MAX_BODY // 2**20} MiB. Nothing was done or billed. Give large inputs "
        "as an https:// URL, as media://ID or as a path on the server instead of a data: URI.",
    },
}

_REFUSALS = {
    421: "This server does not serve this Host. Its operator can set MEDIASMITH_HTTP_URL to the address that is used.",
    403: "Pages of this Origin may not call this server. Its operator can set MEDIASMITH_HTTP_URL to their address.",
}

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check_access(installation: Installation, names: Collection[str], *, verified: bool) -> None:
    """Check that the server may be reached under these `names`. `verified`: the app checks tokens itself.

    Raises:
        MediaError: an HTTP setting is not valid, or other machines could reach the server without a token.
    """
    unusable = [problem for problem in installation.problems if problem.startswith(f"{PREFIX}HTTP_")]
    if unusable:
        raise MediaError(f"{'; '.join(unusable)}.")
    public = [name for name in names if not _is_this_machine(name)]
    if public and not verified and installation.settings.http_token is None:
        raise MediaError(
            f"{public[0]} can be reached from other machines, where anyone could spend your money without a token.",
            "Set MEDIASMITH_HTTP_TOKEN to at least 16 random characters, or listen on 127.0.0.1.",
        )


def transport_security(url: str, hosts: Collection[str]) -> TransportSecuritySettings:
    """Allow requests to loopback names, `hosts` and the public `url`, and from pages of loopback names and `url`."""
    parts = urlsplit(url)
    names = dict.fromkeys(url_host(name) for name in (*_LOOPBACK, *hosts, parts.hostname or ""))
    origins = [f"http://{url_host(name)}{port}" for name in _LOOPBACK for port in ("", ":*")]
    return TransportSecuritySettings(
        allowed_hosts=[f"{name}{port}" for name in names for port in ("", ":*")],
        allowed_origins=[*origins, f"{parts.scheme}://{parts.netloc}"],
    )


def url_host(name: str) -> str:
    """Return a host as URLs have it: an IPv6 address in brackets."""
    return f"[{name}]" if ":" in name else name


class HostCheckMiddleware:
    """Refuses requests with an unknown Host or Origin, for every route."""

    def __init__(self, app: ASGIApp, security: TransportSecuritySettings) -> None:
        self._app = app
        self._check = TransportSecurityMiddleware(security).validate_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        refusal = await self._check(Request(scope)) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            status = refusal.status_code
            await PlainTextResponse(_REFUSALS[status], status)(scope, receive, send)


class BodyLimitMiddleware:
    """Replaces the SDK's answer to a request above `MAX_BODY` with one that says what to do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and replace that answer."""
        refused = False

        async def send_or_replace(message: Message) -> None:
            nonlocal refused
            if message.get("status") == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                refused = True
                await JSONResponse(_TOO_LARGE_RESPONSE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)(scope, receive, send)
            elif not refused:
                await send(message)

        await self._app(scope, receive, send_or_replace)


def _is_this_machine(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
