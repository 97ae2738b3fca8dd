"""Who may reach the server over HTTP, and with how much: what stands before every route."""

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
"""Bytes of one request: a picture of 12 MB fits as a data: URI."""

_TOO_LARGE = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {
        "code": -32600,
        "message": f"The request is larger than the {MAX_BODY // 2**20} MiB that are accepted. Nothing was done or "
        "billed. Give large inputs as https://…, as media://ID, or as a path on the server, instead of data:….",
    },
}

_REFUSALS = {
    421: "This server is not known by this Host. Whoever runs it can set MEDIASMITH_HTTP_URL to the address in use.",
    403: "Pages from this Origin may not call this server. Whoever runs it can set MEDIASMITH_HTTP_URL to theirs.",
}

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check_access(installation: Installation, names: Collection[str], *, verified: bool) -> None:
    """Make sure that nobody gets in who should not. `names` is what the server is reached by.

    Raises:
        MediaError: a setting for HTTP cannot be used, or it could be reached from elsewhere without a token.
    """
    unusable = [problem for problem in installation.problems if problem.startswith(f"{PREFIX}HTTP_")]
    if unusable:
        raise MediaError(f"{'; '.join(unusable)}.")
    beyond = [name for name in names if not _is_this_machine(name)]
    if beyond and not verified and installation.settings.http_token is None:
        raise MediaError(
            f"{beyond[0]} is reached from other machines, and without a token anyone there could spend your money.",
            "Set MEDIASMITH_HTTP_TOKEN to at least 16 characters that cannot be guessed, or listen on 127.0.0.1.",
        )


def security(url: str, hosts: Collection[str]) -> TransportSecuritySettings:
    """Requests to this machine's own names, to `hosts`, and to the public address `url`; and from pages of these."""
    parts = urlsplit(url)
    names = dict.fromkeys(bracketed(name) for name in (*_LOOPBACK, *hosts, parts.hostname or ""))
    origins = [f"http://{bracketed(name)}{port}" for name in _LOOPBACK for port in ("", ":*")]
    return TransportSecuritySettings(
        allowed_hosts=[f"{name}{port}" for name in names for port in ("", ":*")],
        allowed_origins=[*origins, f"{parts.scheme}://{parts.netloc}"],
    )


def bracketed(name: str) -> str:
    """A host as it stands in a URL."""
    return f"[{name}]" if ":" in name else name


class HostCheckMiddleware:
    """Turns away what comes under a foreign name or from a foreign page, whatever it asks for."""

    def __init__(self, app: ASGIApp, security: TransportSecuritySettings) -> None:
        self._app = app
        self._check = TransportSecurityMiddleware(security).validate_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or turn it away."""
        refusal = await self._check(Request(scope)) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            status = refusal.status_code
            await PlainTextResponse(_REFUSALS[status], status)(scope, receive, send)


class BodyLimitMiddleware:
    """Says in our words that a request is too large; the SDK finds it out, with `MAX_BODY` as its limit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back, but for that one."""
        refused = False

        async def ours(message: Message) -> None:
            nonlocal refused
            if message.get("status") == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                refused = True
                await JSONResponse(_TOO_LARGE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)(scope, receive, send)
            elif not refused:
                await send(message)

        await self._app(scope, receive, ours)


def _is_this_machine(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
