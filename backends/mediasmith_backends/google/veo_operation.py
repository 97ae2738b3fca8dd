"""The long-running operation that makes a Veo video, read leniently."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mediasmith.plugin.embedded_media import decode_base64
from mediasmith.plugin.errors import MediaError
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer
from mediasmith.plugin.http_errors import error_for_failed_work, malformed
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import refused
from mediasmith_backends.google.sign_in import TITLE

_NAME = re.compile(r"(projects/[\w.:-]+/locations/[\w-]+/publishers/google/models/[\w.-]+)/operations/[\w-]+")

_INVALID_ARGUMENT = 3
"""The google.rpc code of a request that was rejected after it had been accepted, nearly always for its content."""


class VeoHandle(BaseModel):
    """The name of an operation."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    operation: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Video:
    """A generated video: its bytes, or its `gs://` URI."""

    mime: str
    data: bytes = field(default=b"", repr=False)
    uri: str = ""


class _CamelAnswer(Answer):
    model_config = ConfigDict(alias_generator=to_camel)


class _Video(_CamelAnswer):
    mime_type: Lenient[str] = None
    gcs_uri: Lenient[str] = None
    bytes_base64_encoded: Lenient[str] = Field(default=None, repr=False)


class _Response(_CamelAnswer):
    videos: Lenient[list[Lenient[_Video]]] = None
    rai_media_filtered_reasons: Lenient[list[Lenient[str]]] = None


class _Error(Answer):
    code: Lenient[int] = None
    message: Lenient[str] = None


class Operation(Answer):
    """How an operation stands."""

    name: Lenient[str] = None
    done: Lenient[bool] = None
    response: Lenient[_Response] = None
    error: Lenient[_Error] = None

    @property
    def ended(self) -> bool:
        """Whether the operation is done and says how it ended."""
        return bool(self.done and (self.response or self.error))

    def videos(self, handle: VeoHandle) -> Sequence[Video] | MediaError | None:
        """Return the videos, or why there are none now that it has ended; None while it goes on.

        Raises:
            ProviderError: the answer does not say how it stands, or holds no video that can be read.
        """
        if not self.done and self.name and _id(self.name) == _id(handle.operation):
            return None
        if not self.ended:
            raise malformed(TITLE)
        if self.error:
            return _failure(self.error)
        response = self.response or _Response()
        videos = [video for video in (_video(entry) for entry in response.videos or () if entry) if video]
        if response.videos and not videos:
            raise malformed(TITLE)
        return videos or refused(reason or "" for reason in response.rai_media_filtered_reasons or ())


async def fetch(client: Google, handle: VeoHandle) -> tuple[Operation, Any]:
    """Return the operation, and the answer that it is from. The SDK would decode its videos on the event loop, twice.

    Raises:
        google.genai.errors.APIError: the answer has an error status and does not say that the operation has ended.
        ProviderError: the answer cannot be read, or the name is not that of an operation.
    """
    from google.genai import errors  # noqa: PLC0415 - heavy: the SDK

    sdk: Any = errors  # its types are only partly known
    name = _NAME.fullmatch(handle.operation)
    if not name:
        raise malformed(TITLE)
    url = f"{client.url}/{client.version}/{name[1]}:fetchPredictOperation"
    body = {"operationName": handle.operation}
    answer = await client.http.post(url, json=body, headers=await client.headers())
    if answer.is_error:
        with suppress(MediaError):
            if (operation := await _read(answer)).ended:
                return operation, answer
    await sdk.APIError.raise_for_async_response(answer)
    return await _read(answer), answer


async def _read(answer: Any) -> Operation:
    return await to_thread.run_sync(read_answer, answer.content, Operation, TITLE)


def _id(name: str) -> str:
    return name.rpartition("/")[2]


def _failure(error: _Error) -> MediaError:
    message = error.message or ""
    return refused([message]) if error.code == _INVALID_ARGUMENT else error_for_failed_work(TITLE, message)


def _video(entry: _Video) -> Video | None:
    mime = entry.mime_type or "video/mp4"
    if entry.gcs_uri:
        return Video(mime=mime, uri=entry.gcs_uri)
    data = decode_base64(entry.bytes_base64_encoded or "")
    return Video(mime=mime, data=data) if data else None
