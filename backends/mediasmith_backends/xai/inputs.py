"""Input files as requests have them: pictures within, videos uploaded first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from anyio import to_thread

from mediasmith.plugin.contract import Takes
from mediasmith.plugin.files import Source
from mediasmith.plugin.http_errors import not_billed
from mediasmith_backends.xai.client import Grok
from mediasmith_backends.xai.errors import explain, nonsense

_PICTURE_BYTES = 10 << 20
_FILM_BYTES = 48_000_000

FILM = Takes(mimes=("video/mp4",), max_bytes=_FILM_BYTES)
"""A video to edit or extend."""

_CHUNK_BYTES = 1 << 20
_UPLOAD_SECONDS = 300.0
_KEPT_SECONDS = 86_400
"""An uploaded file is needed until the work on it is done; after a day the provider deletes it."""


def pictures(most: int = 1) -> Takes:
    """Up to so many pictures."""
    return Takes(max=most, max_bytes=_PICTURE_BYTES)


async def shown(sources: Sequence[Source]) -> list[Any]:
    """Pictures as a request carries them."""
    from xai_sdk.proto import image_pb2  # noqa: PLC0415 - heavy: the SDK

    detail = image_pb2.ImageDetail.DETAIL_AUTO
    return [image_pb2.ImageUrlContent(image_url=await source.data_uri(), detail=detail) for source in sources]


async def uploaded(client: Grok, source: Source) -> str:
    """The id of a file, once it is uploaded; a day later the provider deletes it.

    Raises:
        MediaError: it could not be uploaded; nothing was paid.
    """
    from xai_sdk.proto import files_pb2_grpc  # noqa: PLC0415 - heavy: the SDK

    stub: Any = files_pb2_grpc.FilesStub
    with not_billed(explain):
        file = await client.pour(lambda channel: stub(channel).UploadFile, _chunks(source), seconds=_UPLOAD_SECONDS)
        if not file.id:
            raise nonsense()
    return file.id


async def _chunks(source: Source) -> AsyncGenerator[object]:
    from xai_sdk.proto import files_pb2  # noqa: PLC0415 - heavy: the SDK

    yield files_pb2.UploadFileChunk(init=files_pb2.UploadFileInit(name=source.name, expires_after=_KEPT_SECONDS))
    file = await to_thread.run_sync(source.open)
    try:
        while data := await to_thread.run_sync(file.read, _CHUNK_BYTES):
            yield files_pb2.UploadFileChunk(data=data)
    finally:
        await to_thread.run_sync(file.close)
