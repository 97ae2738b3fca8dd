"""Control access over HTTP before any route: who may connect, and by which host names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mediasmith.config.fleet import check_secret
from mediasmith.config.installation import Installation
from mediasmith.config.settings import PREFIX
from mediasmith.plugin.errors import MediaError

_REFUSALS: Mapping[int, str] = {
    421: "This server does not serve this Host. Its operator can set MEDIASMITH_HTTP_URL to the address that is used.",
    403: "Pages of this Origin may not call this server. Its operator can set MEDIASMITH_HTTP_URL to their address.",
}

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORT = "(?::[0-9]{1,5})?"


def check_access(installation: Installation, names: Collection[str], *, verified: bool) -> None:
    """Check that the server may be reached under these `names`. `verified`: the app checks tokens itself.

    Raises:
        MediaError: an HTTP setting or one of a fleet is not valid or missing, or other machines could reach the server
            without a token.
    """
    unusable = [problem for problem in installation.problems if problem.startswith(f"{PREFIX}HTTP_")]
    if unusable:
        raise MediaError(f"{'; '.join(unusable)}.", "Correct it and start the server again.")
    if problem := installation.fleet_problem():
        raise MediaError(f"{problem}.", "Correct it and start the server again.")
    check_secret(installation.settings)
    public = [name for name in names if not _is_this_machine(name)]
    if public and not verified and installation.settings.http_token is None:
        raise MediaError(
            f"{public[0]} can be reached from other machines, where anyone could spend your money without a token.",
            "Set MEDIASMITH_HTTP_TOKEN to at least 16 random characters, or listen on 127.0.0.1.",
        )


def allowed_hosts(url: str, hosts: Collection[str]) -> re.Pattern[str]:
    """Return the Host headers to accept: loopback names, `hosts` and the host of the public `url`, with any port."""
    names = {url_host(name) for name in (*_LOOPBACK, *hosts, urlsplit(url).hostname or "") if name}
    return re.compile(f"(?:{_any_of(names)}){_PORT}", re.IGNORECASE)


def allowed_origins(url: str) -> re.Pattern[str]:
    """Return the origins whose pages may call: those of loopback names, with any port, and that of the public `url`."""
    parts = urlsplit(url)
    return re.compile(f"https?://(?:{_any_of(map(url_host, _LOOPBACK))}){_PORT}|{re.escape(_origin(parts))}")


def _any_of(names: Iterable[str]) -> str:
    return "|".join(map(re.escape, names))


def _origin(parts: SplitResult) -> str:
    """Return an origin as browsers send it: without the port that is usual for the scheme."""
    usual = {"http": 80, "https": 443}.get(parts.scheme) == parts.port
    port = "" if usual or parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{url_host(parts.hostname or '')}{port}"


def url_host(name: str) -> str:
    """Return a host as URLs have it: an IPv6 address in brackets."""
    return f"[{name}]" if ":" in name else name


class HostCheckMiddleware:
    """Refuses requests with an unknown Host or Origin, for every route.

    The `open_paths` are served for any Host: probes use the address of the container.
    """

    def __init__(
        self, app: ASGIApp, hosts: re.Pattern[str], origins: re.Pattern[str], open_paths: Collection[str]
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        status = self._refusal(scope) if scope["type"] == "http" else None
        if status is None:
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse(_REFUSALS[status], status)(scope, receive, send)

    def _refusal(self, scope: Scope) -> int | None:
        headers = Headers(scope=scope)
        if scope["path"] not in self._open_paths and not self._hosts.fullmatch(headers.get("host", "")):
            return HTTPStatus.MISDIRECTED_REQUEST
        origin = headers.get("origin", "")
        return HTTPStatus.FORBIDDEN if origin and not self._origins.fullmatch(origin) else None


class TrailingSlashMiddleware:
    """Serves a path with a slash at its end as the path without it. Behind a proxy, a redirect would leave TLS."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, without that slash."""
        if scope["type"] == "http" and len(scope["path"]) > 1:
            scope["path"] = scope["path"].rstrip("/")
        await self._app(scope, receive, send)


def _is_this_machine(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
