"""Files: uploaded in two requests, looked at, and downloaded, as far as they were made here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from urllib.parse import parse_qsl

from pydantic import Field

from fakes.google.errors import refusal
from fakes.google.outputs import filmed
from fakes.google.state import GoogleState, Upload
from loopback.connection import Answer, Request
from loopback.faults import Strict, answer_json, parsed
from loopback.routes import Asked, Route
from loopback.state import new_id

_Asked: TypeAlias = Asked[GoogleState]

_LIFE = timedelta(hours=48)
_DOWNLOAD = ":download"
_LAST = "upload, finalize"
_COMMANDS = ("upload", _LAST)
_GRANULE = 256 * 1024  # bytes; every piece but the last has a multiple of it


class Described(Strict):
    """A file that is to come."""

    mime_type: str
    size_bytes: int = Field(ge=1)
    display_name: str = Field(default="", max_length=512)


class Start(Strict):
    """The body that begins an upload."""

    file: Described


def _upload(asked: _Asked) -> Answer:
    request: Request = asked.body
    if request.headers.get("x-goog-upload-command") == "start":
        return _begin(asked, request)
    return _receive(asked, request)


def _begin(asked: _Asked, request: Request) -> Answer:
    wanted = parsed(Start, request.body).file
    told = (request.headers.get(f"x-goog-upload-header-content-{what}") for what in ("length", "type"))
    if [*told] != [str(wanted.size_bytes), wanted.mime_type]:
        raise refusal(400, "The headers say otherwise than the body.")
    if request.headers.get("x-goog-upload-protocol") != "resumable":
        raise refusal(400, "Invalid upload protocol.")
    name, left = new_id(), asked.state.settings.processing
    asked.state.uploads[name] = Upload(name=name, mime=wanted.mime_type, size=wanted.size_bytes, left=left)
    url = f"http://{asked.host}/upload/v1/files?upload_id={name}&upload_protocol=resumable"
    return answer_json({}, headers={"x-goog-upload-url": url, "x-goog-upload-status": "active"})


def _receive(asked: _Asked, request: Request) -> Answer:
    query = dict(parse_qsl(request.path.partition("?")[2]))
    upload = asked.state.uploads.get(query.get("upload_id", ""))
    if upload is None or upload.whole:
        raise refusal(404, "There is no such upload.")
    command, offset = (request.headers.get(f"x-goog-upload-{what}") for what in ("command", "offset"))
    if command not in _COMMANDS or offset != str(upload.received):
        raise refusal(400, f"A piece that goes on at {upload.received} is due.")
    received = upload.received + len(request.body)
    if command == _LAST and received != upload.size:
        raise refusal(400, f"{upload.size} bytes were announced, and {received} came.")
    if command != _LAST and (len(request.body) % _GRANULE or received >= upload.size):
        raise refusal(400, f"A piece that is not the last has a multiple of {_GRANULE} bytes.")
    upload.received, upload.whole = received, command == _LAST
    if not upload.whole:
        return answer_json({}, headers={"x-goog-upload-status": "active"})
    return answer_json({"file": _described(upload)}, headers={"x-goog-upload-status": "final"})


def _described(upload: Upload) -> Mapping[str, object]:
    now = datetime.now(UTC)
    return {
        "name": f"files/{upload.name}",
        "mimeType": upload.mime,
        "sizeBytes": str(upload.size),
        "createTime": now.isoformat(),
        "expirationTime": (now + _LIFE).isoformat(),
        "uri": f"https://generativelanguage.googleapis.com/v1/files/{upload.name}",
        "state": "PROCESSING" if upload.left else "ACTIVE",
        "source": "UPLOADED",
    }


class Medium(Strict):
    """The query of a download."""

    alt: str = Field(default="", pattern="^media$")


def _get(asked: _Asked) -> Answer:
    """What is known of an upload, or the bytes of a video that was made here."""
    name = asked.id.removesuffix(_DOWNLOAD)
    if name != asked.id:
        if name not in asked.state.shots or not asked.query.alt:
            raise refusal(404, "There is nothing to download.")
        return Answer(mime="video/mp4", body=filmed(asked.state.shots[name]), chunked=True)
    upload = asked.state.uploads.get(name)
    if upload is None or not upload.whole:
        raise refusal(403, "You do not have permission to access the file, or it does not exist.")
    upload.left = max(0, upload.left - 1)
    return answer_json(_described(upload))


UPLOAD = "POST /upload/v1/files"
"""The requests of an upload: the first brings JSON, the others the bytes in pieces."""

ROUTES: Mapping[str, Route[GoogleState]] = {
    UPLOAD: Route(answer=_upload),
    "GET /v1/files/{id}": Route(answer=_get, query=Medium),
}
"""The requests for files."""
