"""Serve the files of the library, and their small pictures, to the page."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from mediasmith.engine.bootstrap import LazyEngine
from mediasmith.gallery.request_guard import INERT
from mediasmith.gallery.thumbnails import Thumbnails
from mediasmith.mcp.http.file_response import file_response
from mediasmith.storage.library.records import Artifact

_FOREVER = {**INERT, "Cache-Control": "private, max-age=31536000, immutable"}
"""A file never changes under its id, nor does its picture."""

_SVG = "image/svg+xml"


@dataclass(frozen=True, kw_only=True)
class MediaRoutes:
    """The routes. Each answers for the principal who is signed in."""

    engine: LazyEngine
    thumbnails: Thumbnails

    async def file(self, request: Request) -> Response:
        """Return a file, or the range of it that is asked for; with `download`, for the browser to save."""
        artifact = await self._artifact(request)
        return await self._serve(request, artifact, saved="download" in request.query_params)

    async def thumbnail(self, request: Request) -> Response:
        """Return the small picture of a file; an SVG is its own."""
        artifact = await self._artifact(request)
        if artifact is None or artifact.mime == _SVG:
            return await self._serve(request, artifact, saved=False)
        found = await self.thumbnails.get(artifact, (await self.engine.get()).files)
        if found is None:
            return _missing()
        path, mime = found
        return FileResponse(path, media_type=mime, headers=_FOREVER)

    async def _artifact(self, request: Request) -> Artifact | None:
        overview = (await self.engine.get()).library.overview
        return await overview.artifact(request.path_params["id"], principal=request.state.principal)

    async def _serve(self, request: Request, artifact: Artifact | None, *, saved: bool) -> Response:
        if artifact is None:
            return _missing()
        files, disposition = (await self.engine.get()).files, "attachment" if saved else "inline"
        answer = await file_response(request, files, artifact, headers=_FOREVER, disposition=disposition)
        return answer or _missing()


def _missing() -> Response:
    return PlainTextResponse("There is no such file.", HTTPStatus.NOT_FOUND)
