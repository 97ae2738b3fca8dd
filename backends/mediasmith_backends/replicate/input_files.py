"""Input files as Replicate takes them: small ones inside the request, larger ones uploaded before it.

The limit of data URIs is Replicate's advice (its HTTP reference, August 2026). What was uploaded is deleted later.
"""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.files import Source
from mediasmith.plugin.http_answers import Answer, read_answer
from mediasmith_backends.replicate.client import Client
from mediasmith_backends.replicate.errors import TITLE

_INLINE = 256_000
"""Bytes of a file that is sent as a data URI."""


class _Urls(Answer):
    get: Annotated[str, Field(min_length=1)]


class _Upload(Answer):
    urls: _Urls


async def file_url(client: Client, file: Source) -> str:
    """Return the URL by which a model reads a file: a data URI, or that of an upload. It costs nothing."""
    if file.size <= _INLINE:
        return await file.data_uri()
    with await to_thread.run_sync(file.open) as opened:
        response = await client.request("POST", "/files", files={"content": (file.name, opened, file.mime)})
    return read_answer(response.content, _Upload, TITLE).urls.get
