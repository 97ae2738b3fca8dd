"""Input files as parts of a request: small ones inline, large ones of an interaction uploaded first."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import anyio

from mediasmith.plugin.contract import Takes
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.files import Source
from mediasmith.plugin.http_errors import not_billed, reading
from mediasmith.plugin.media import media_type
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import explain
from mediasmith_backends.google.sign_in import TITLE

Block: TypeAlias = Mapping[str, object]
"""A part of the input of an interaction."""

INLINE_BYTES = 4_000_000
"""How many bytes of files one request holds inline. Google accepts five times as much, but the SDK encodes a request on
the event loop, which takes a tenth of a second for this.
"""

PICTURE = Takes(mimes=("image/png", "image/jpeg"), max_bytes=10_000_000)
"""The pictures that Veo and Imagen take."""

_UPLOAD_MS = 300_000
_POLL_SECONDS = 0.5
_POLLS = 240
"""How often an upload is polled until it can be used."""

_MIMES: Mapping[str, str] = {"video/quicktime": "video/mov"}
"""MIME types that Google spells otherwise."""


async def input_blocks(client: Google, sources: Sequence[Source]) -> list[Block]:
    """Return these files as blocks of an interaction, in order.

    Raises:
        MediaError: one could not be uploaded; nothing was billed.
    """
    blocks: list[Block] = []
    room = INLINE_BYTES
    for source in sources:
        block: dict[str, object] = {
            "type": media_type(source.mime),
            "mime_type": _MIMES.get(source.mime, source.mime),
        }
        if source.size <= room:
            room -= source.size
            block["data"] = (await source.data_uri()).partition(",")[2]
        else:
            block["uri"] = await _upload(client, source)
        blocks.append(block)
    return blocks


async def picture(source: Source) -> Mapping[str, object]:
    """Return a picture as the SDK takes it for Veo and Imagen."""
    return {"image_bytes": await source.read(), "mime_type": source.mime}


async def _upload(client: Google, source: Source) -> str:
    """Upload a file, wait until it can be used and return its URI. Google keeps it for two days."""
    files = client.sdk.aio.files
    # The answer names the address to upload to; with a base URL only its path is used.
    options = {"base_url": client.url, "timeout": _UPLOAD_MS}
    config = {"mime_type": _MIMES.get(source.mime, source.mime), "http_options": options}
    with not_billed(explain):
        content = io.BytesIO(await source.read())
        with reading(TITLE):
            file: Any = await files.upload(file=content, config=config)
        for _ in range(_POLLS):
            state = str(getattr(file.state, "value", file.state))
            if state == "ACTIVE" and isinstance(file.uri, str):
                return file.uri
            if state != "PROCESSING":
                break
            await anyio.sleep(_POLL_SECONDS)
            file = await files.get(name=file.name, config={"http_options": {"timeout": _UPLOAD_MS}})
        raise ProviderError(f"{TITLE} cannot use {source.name}.", "Convert it to another format, or make it smaller.")
