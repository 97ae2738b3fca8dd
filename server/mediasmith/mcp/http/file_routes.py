"""Serve files over HTTP, to requests with a signed link."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from mediasmith.engine.bootstrap import LazyEngine
from mediasmith.mcp.http.file_response import file_response
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.signed_links import SignedLinks

_NEW_LINK = "To get a new one, call get_job with the id of the job that made the file."
_INVALID = f"This link is not valid. {_NEW_LINK}"
_EXPIRED = f"This link has expired. {_NEW_LINK}"
_GONE = "The file no longer exists."
_UNREADABLE = "The file cannot be served at the moment. Try again later."

_INERT = {
    "Cache-Control": "private",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Headers that keep a file from running scripts as a page of this server, and let other pages show it."""


@dataclass(frozen=True, kw_only=True)
class FileRoutes:
    """The route that signed links lead to. Without a valid link, it discloses nothing about a file."""

    engine: LazyEngine
    links: SignedLinks

    async def get(self, request: Request) -> Response:
        """Return the file, or the range of it that is asked for."""
        try:
            return await self._file(
                request,
                request.path_params["id"],
                expires=request.query_params.get("expires", ""),
                signature=request.query_params.get("signature", ""),
            )
        except MediaError:
            return PlainTextResponse(_UNREADABLE, 503)

    async def _file(self, request: Request, file_id: str, *, expires: str, signature: str) -> Response:
        engine = await self.engine.get()
        owner = await engine.library.owner(file_id)
        if owner is None or not self.links.is_valid(file_id, owner, expires=expires, signature=signature):
            return PlainTextResponse(_INVALID, 403)
        if int(expires) <= engine.clock.now():
            return PlainTextResponse(_EXPIRED, 410)
        artifact = await engine.artifact(file_id, owner)
        settings = engine.installation.settings
        answer = await file_response(
            request,
            engine.files,
            artifact,
            headers=_INERT,
            # In a fleet, a link is all that a person has of a file, and people want to see it.
            disposition="inline" if settings.in_fleet else "attachment",
            redirect=settings.store_public_url is not None,
        )
        return answer or PlainTextResponse(_GONE, 410)
