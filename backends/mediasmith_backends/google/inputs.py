"""Input files as a request has them. Those of interactions: small ones within it, the others uploaded first."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import anyio

from mediasmith.plugin.contract import Takes
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.files import Source
from mediasmith.plugin.http_errors import not_billed
from mediasmith.plugin.media import media_type
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import explain, sense

Block: TypeAlias = Mapping[str, object]
"""A part of what the user says and shows."""

INLINE = 4_000_000
"""Bytes of files that one request holds itself. It might have five times as much, but the SDK puts it together on the
event loop: a tenth of a second for this.
"""

_UPLOAD_MS = 300_000
_LOOK_SECONDS = 0.5
_LOOKS = 240
"""An upload is looked at so often, with pauses between, until it can be used."""

_MIMES: Mapping[str, str] = {"video/quicktime": "video/mov"}
"""Types that the provider calls otherwise."""


async def blocks(client: Google, sources: Sequence[Source]) -> list[Block]:
    """These files as blocks, in order.

    Raises:
        MediaError: one could not be uploaded; nothing was paid.
    """
    made: list[Block] = []
    room = INLINE
    for source in sources:
        mime = _MIMES.get(source.mime, source.mime)
        kind = media_type(source.mime)
        if source.size <= room:
            room -= source.size
            made.append({"type": kind, "data": (await source.data_uri()).partition(",")[2], "mime_type": mime})
        else:
            made.append({"type": kind, "uri": await _uploaded(client, source, mime), "mime_type": mime})
    return made


PICTURE = Takes(mimes=("image/png", "image/jpeg"), max_bytes=10_000_000)
"""A picture as Veo and Imagen take it."""


async def picture(source: Source) -> Mapping[str, object]:
    """This picture as Veo and Imagen are given it."""
    return {"image_bytes": await source.read(), "mime_type": source.mime}


async def _uploaded(client: Google, source: Source, mime: str) -> str:
    """Upload a file and wait until it can be used. It is kept for two days."""
    files = client.sdk.aio.files
    # The address to upload to comes from the provider; only its own host is gone to.
    options = {"base_url": client.url, "timeout": _UPLOAD_MS}
    with not_billed(explain):
        content = io.BytesIO(await source.read())
        with sense():
            file: Any = await files.upload(file=content, config={"mime_type": mime, "http_options": options})
        for _ in range(_LOOKS):
            state = str(getattr(file.state, "value", file.state))
            if state == "ACTIVE" and isinstance(file.uri, str):
                return file.uri
            if state != "PROCESSING":
                break
            await anyio.sleep(_LOOK_SECONDS)
            file = await files.get(name=file.name, config={"http_options": {"timeout": _UPLOAD_MS}})
        raise ProviderError(f"Google cannot use {source.name}.", "Give it in another format, or a smaller one.")
