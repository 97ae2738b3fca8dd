"""Give fal an input file: inside the request, or from its storage where it is large."""

from __future__ import annotations

from urllib.parse import quote

from mediasmith.plugin.files import Source
from mediasmith.plugin.http_answers import Answer, read_answer
from mediasmith_backends.fal.client import Client
from mediasmith_backends.fal.errors import TITLE

_INSIDE = 5_000_000
"""Bytes of a file that is sent inside the request. Fal names no limit; a larger one makes a slow request."""


class _Token(Answer):
    token: str
    token_type: str
    base_url: str


class _Stored(Answer):
    access_url: str


async def file_url(client: Client, file: Source) -> str:
    """Return a data URI of the file, or the URL of a copy at fal, which anyone who knows it can read.

    The routes are those of fal-client 1.0.3, read on 2026-11-30.
    """
    if file.size <= _INSIDE:
        return await file.data_uri()
    url = f"{client.storage_url}/storage/auth/token?storage_type=fal-cdn-v3"
    answer = await client.http.post(url, json={})
    token = read_answer(answer.raise_for_status().content, _Token, TITLE)
    headers = {
        "authorization": f"{token.token_type} {token.token}",  # in place of the key
        "content-type": file.mime,
        "x-fal-file-name": quote(file.name),
    }
    url = f"{token.base_url.rstrip('/')}/files/upload"
    answer = await client.http.post(url, content=await file.read(), headers=headers)
    return read_answer(answer.raise_for_status().content, _Stored, TITLE).access_url
