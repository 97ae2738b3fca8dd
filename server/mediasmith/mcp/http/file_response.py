"""Answer requests for files: from the disk, by a link to the store, or by passing on what the store has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import PurePath
from typing import Literal
from urllib.parse import quote

import anyio
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse

from mediasmith.storage.artifacts.artifact_store import Artifacts
from mediasmith.storage.library.records import Artifact

LINK_SECONDS = 300
"""How long the store answers a link that a request is redirected to."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def file_response(  # noqa: PLR0913 - each by name
    request: Request,
    files: Artifacts,
    artifact: Artifact,
    *,
    headers: Mapping[str, str],
    disposition: Literal["attachment", "inline"] = "attachment",
    redirect: bool = False,
) -> Response | None:
    """Return the answer with a file, or the range of it that is asked for; None when the file is gone.

    `redirect`: the client can reach the store that has the file.

    Raises:
        MediaError: the store cannot be reached.
    """
    path = files.path(artifact)
    if path is not None:
        try:
            status = await anyio.Path(path).stat()
        except OSError:
            return None
        return FileResponse(
            path,
            media_type=artifact.mime,
            filename=path.name,
            content_disposition_type=disposition,
            headers=headers,
            stat_result=status,
        )
    if redirect:
        link = await files.presigned(artifact, seconds=LINK_SECONDS)
        return RedirectResponse(link, 307, headers={"Cache-Control": "private, no-store"})
    if await files.size(artifact) is None:
        return None
    name = quote(PurePath(artifact.path).name)
    return _streamed(
        request, files, artifact, {**headers, "Content-Disposition": f"{disposition}; filename*=utf-8''{name}"}
    )


def _streamed(request: Request, files: Artifacts, artifact: Artifact, headers: Mapping[str, str]) -> Response:
    size = artifact.bytes
    asked = _range(request.headers.get("range", ""), size)
    if asked is None:
        start, end, status, more = 0, size, HTTPStatus.OK, dict[str, str]()
    elif asked[0] >= asked[1]:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    else:
        start, end = asked
        status, more = HTTPStatus.PARTIAL_CONTENT, {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
    sent = {**headers, **more, "Accept-Ranges": "bytes", "Content-Length": str(end - start)}
    # A client that asks for the headers alone gets no body.
    chunks = files.stream(artifact, start, start if request.method == "HEAD" else end)
    return StreamingResponse(chunks, status, media_type=artifact.mime, headers=sent)


def _range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte that is asked for and the one after the last; None for the whole file.

    Of several ranges or what cannot be read, the whole file is sent, as the standard allows.
    """
    found = _RANGE.fullmatch(header.strip())
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size
