"""Send input files: images as part of the request, videos uploaded before it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from anyio import to_thread

from mediasmith.plugin.contract import Takes
from mediasmith.plugin.files import Source
from mediasmith.plugin.http_errors import malformed, not_billed
from mediasmith_backends.xai.client import XAIClient
from mediasmith_backends.xai.errors import TITLE, explain

_IMAGE_BYTES = 10 << 20
_VIDEO_BYTES = 48_000_000

VIDEO_FILE = Takes(mimes=("video/mp4",), max_bytes=_VIDEO_BYTES)
"""A video to edit or extend."""

_CHUNK_BYTES = 1 << 20
_UPLOAD_SECONDS = 300.0
_EXPIRES_AFTER_SECONDS = 86_400
"""An uploaded file is needed until the work on it is done; after a day xAI deletes it."""


def images(most: int = 1) -> Takes:
    """Return the limits for up to `most` images."""
    return Takes(max=most, max_bytes=_IMAGE_BYTES)


async def image_contents(sources: Sequence[Source]) -> list[Any]:
    """Return images as a request holds them."""
    from xai_sdk.proto import image_pb2  # noqa: PLC0415 - heavy: the SDK

    detail = image_pb2.ImageDetail.DETAIL_AUTO
    return [image_pb2.ImageUrlContent(image_url=await source.data_uri(), detail=detail) for source in sources]


async def upload(client: XAIClient, source: Source) -> str:
    """Upload a file and return its id.

    Raises:
        MediaError: it could not be uploaded; nothing was billed.
    """
    from xai_sdk.proto import files_pb2_grpc  # noqa: PLC0415 - heavy: the SDK

    stub: Any = files_pb2_grpc.FilesStub
    with not_billed(explain):
        file = await client.send_stream(
            lambda channel: stub(channel).UploadFile, _chunks(source), seconds=_UPLOAD_SECONDS
        )
        if not file.id:
            raise malformed(TITLE)
    return file.id


async def _chunks(source: Source) -> AsyncGenerator[object]:
    from xai_sdk.proto import files_pb2  # noqa: PLC0415 - heavy: the SDK

    yield files_pb2.UploadFileChunk(
        init=files_pb2.UploadFileInit(name=source.name, expires_after=_EXPIRES_AFTER_SECONDS)
    )
    file = await to_thread.run_sync(source.open)
    try:
        while data := await to_thread.run_sync(file.read, _CHUNK_BYTES):
            yield files_pb2.UploadFileChunk(data=data)
    finally:
        await to_thread.run_sync(file.close)
