"""Guard the routes of the gallery: which pages may ask, who is signed in, and what browsers may do with the answers.

What a route raises for the person to read is answered here, too.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mediasmith.gallery.sessions import Sessions
from mediasmith.plugin.errors import MediaError, UnknownContinuation

_FOREIGN = "Another page asked for this. Open the gallery by its own address."
_UNKNOWN = "You are not signed in. Open the address that the server printed, or enter its key."

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

INERT = {"Content-Security-Policy": "default-src 'none'; sandbox"}
"""The header of a file that was made here: it runs nothing, even if it is opened by itself."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The headers of every answer; a route may set others of the same names."""


class RequestGuard:
    """Lets requests of the gallery's own page through. With `sessions` they must be signed in, too.

    The principal is then in the request's state. Requests without `Sec-Fetch-Site` come from older browsers, whose
    `Origin` says the same where it matters.
    """

    def __init__(self, app: ASGIApp, sessions: Sessions | None = None) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        request = HTTPConnection(scope)
        if not _is_own(request):
            await JSONResponse({"error": _FOREIGN}, HTTPStatus.FORBIDDEN)(scope, receive, send_guarded)
            return
        if self._sessions is not None:
            principal = self._sessions.principal(request)
            if principal is None:
                await JSONResponse({"error": _UNKNOWN}, HTTPStatus.UNAUTHORIZED)(scope, receive, send_guarded)
                return
            request.state.principal = principal
        try:
            await self._app(scope, receive, send_guarded)
        except MediaError as error:  # no route has begun to answer by then
            status = HTTPStatus.NOT_FOUND if isinstance(error, UnknownContinuation) else HTTPStatus.SERVICE_UNAVAILABLE
            await JSONResponse({"error": str(error)}, status)(scope, receive, send_guarded)


def _is_own(request: HTTPConnection) -> bool:
    """Return whether a request comes from a page of this very address, or from the person at the browser."""
    origin = request.headers.get("origin")
    same = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    return same and request.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}
