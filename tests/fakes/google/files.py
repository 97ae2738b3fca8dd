"""Files: uploaded in pieces, polled until they can be used, and videos downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qsl

from pydantic import Field

from fakes.google.errors import rpc_error
from fakes.google.state import GoogleState, Upload
from loopback.connection import Answer, Request
from loopback.faults import Strict, answer_json, parsed
from loopback.routes import Asked, Route
from loopback.state import new_id

UPLOAD, FILE = "POST /upload/v1/files", "GET /v1/files/{id}"


class _File(Strict):
    mime_type: str
    size_bytes: int = Field(ge=1)


class _Start(Strict):
    file: _File


def _upload(asked: Asked[GoogleState]) -> Answer:
    request: Request = asked.body
    if request.headers.get("x-goog-upload-command") == "start":
        return _start(asked, request)
    upload = asked.state.uploads.get(dict(parse_qsl(request.path.partition("?")[2])).get("upload_id", ""))
    if upload is None or upload.whole:
        raise rpc_error(400, "There is no such upload.")
    upload.received += len(request.body)
    upload.whole = request.headers.get("x-goog-upload-command") == "upload, finalize"
    if upload.whole != (upload.received == upload.size):
        raise rpc_error(400, f"{upload.size} bytes were announced, and {upload.received} have been sent.")
    if not upload.whole:
        return answer_json({}, headers={"x-goog-upload-status": "active"})
    return answer_json({"file": _described(upload)}, headers={"x-goog-upload-status": "final"})


def _start(asked: Asked[GoogleState], request: Request) -> Answer:
    file = parsed(_Start, request.body).file
    announced = [request.headers.get(f"x-goog-upload-header-content-{name}") for name in ("length", "type")]
    if announced != [str(file.size_bytes), file.mime_type]:
        raise rpc_error(400, "The headers and the body differ.")
    name, left = new_id(), asked.state.settings.processing
    asked.state.uploads[name] = Upload(name=name, mime=file.mime_type, size=file.size_bytes, left=left)
    url = f"http://{asked.host}/upload/v1/files?upload_id={name}&upload_protocol=resumable"
    return answer_json({}, headers={"x-goog-upload-url": url, "x-goog-upload-status": "active"})


def _described(upload: Upload) -> Mapping[str, object]:
    return {
        "name": f"files/{upload.name}",
        "mimeType": upload.mime,
        "uri": f"https://generativelanguage.googleapis.com/v1/files/{upload.name}",
        "state": "PROCESSING" if upload.left else "ACTIVE",
    }


class _Alt(Strict):
    alt: Literal["media", ""] = ""


def _get(asked: Asked[GoogleState]) -> Answer:
    name = asked.id.removesuffix(":download")
    if name != asked.id and name in asked.state.videos and asked.query.alt:
        return Answer(mime="video/mp4", body=asked.state.videos[name](), chunked=True)
    upload = asked.state.uploads.get(asked.id)
    if upload is None or not upload.whole:
        raise rpc_error(403, "You do not have permission to access the file, or it does not exist.")
    upload.left = max(0, upload.left - 1)
    return answer_json(_described(upload))


ROUTES: Mapping[str, Route[GoogleState]] = {
    UPLOAD: Route(answer=_upload),
    FILE: Route(answer=_get, query=_Alt),
}
