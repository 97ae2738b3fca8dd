"""Files that are uploaded to be used later, and where the provider's own files are fetched."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from typing import TypeAlias

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from xai_sdk.proto import files_pb2

from fakes.xai import DOWNLOAD, UPLOAD
from fakes.xai.calls import Call, Method
from fakes.xai.errors import invalid, not_found
from fakes.xai.state import Upload, XAIState
from loopback.connection import Answer
from loopback.faults import fault
from loopback.films import film
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[XAIState]

_LASTING = range(3600, 2_592_001)
_NAME = re.compile(r'[^\x00-\x1f\x7f\x85\u2028\u2029";\\]{1,255}')


def _check_upload(call: Call) -> Upload:
    """The file that comes, once its chunks are in order."""
    chunks: list[files_pb2.UploadFileChunk] = call.request
    kinds = [chunk.WhichOneof("chunk") for chunk in chunks]
    if not kinds or kinds[0] != "init" or set(kinds[1:]) - {"data"}:
        raise invalid("The first chunk, and no other, must be init; all others must be data.")
    init = chunks[0].init
    if not _NAME.fullmatch(init.name):
        raise invalid("name: this cannot be the name of a file.")
    if init.HasField("expires_after") and init.expires_after not in _LASTING:
        raise invalid(f"expires_after: it must be from {_LASTING.start} to {_LASTING.stop - 1}.")
    return Upload(
        name=init.name,
        body=b"".join(chunk.data for chunk in chunks),
        created=int(time.time()),
        expires=init.expires_after,
    )


def _upload(call: Call) -> Message:
    upload = _check_upload(call)
    file_id = f"file_{uuid.uuid4()}"
    call.state.uploads[file_id] = upload
    return _shown(file_id, upload)


def _shown(file_id: str, upload: Upload) -> Message:
    ends = Timestamp(seconds=upload.created + upload.expires) if upload.expires else None
    created = Timestamp(seconds=upload.created)
    return files_pb2.File(id=file_id, filename=upload.name, size=len(upload.body), created_at=created, expires_at=ends)


def _known(call: Call) -> Upload:
    if call.request.file_id not in call.state.uploads:
        raise not_found("The file")
    return call.state.uploads[call.request.file_id]


def _retrieve(call: Call) -> Message:
    return _shown(call.request.file_id, _known(call))


def _delete(call: Call) -> Message:
    del call.state.uploads[call.request.file_id]
    return files_pb2.DeleteFileResponse(id=call.request.file_id, deleted=True)


def _video(asked: _Asked) -> Answer:
    video = asked.state.shown(asked.id)
    if video is None:
        raise fault("path", "There is no such file, or not any more.")
    made = video.film
    body = film(video.seed, made.size, max(1, round(made.seconds)), audio=made.audio)
    return Answer(mime="video/mp4", body=body)


def _picture(asked: _Asked) -> Answer:
    if asked.id not in asked.state.pictures:
        raise fault("path", "There is no such file, or not any more.")
    return Answer(mime="image/jpeg", body=asked.state.pictures[asked.id])


METHODS: Mapping[str, Method] = {
    # The SDK signs no stream of chunks when the channel is not a secure one.
    UPLOAD: Method(answer=_upload, check=_check_upload, open=True),
    "POST /xai_api.Files/RetrieveFile": Method(answer=_retrieve, check=_known),
    "POST /xai_api.Files/DeleteFile": Method(answer=_delete, check=_known),
}
"""The calls about files."""

ROUTES: Mapping[str, Route[XAIState]] = {
    DOWNLOAD: Route(answer=_video),
    "GET /xai-image/{name}": Route(answer=_picture),
}
"""The requests of plain HTTP: nobody signs in there, who knows the address may have the file."""
