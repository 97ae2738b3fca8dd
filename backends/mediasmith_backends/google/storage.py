"""Files in the cloud's storage: named as `gs://bucket/name`, and fetched at an address."""

from __future__ import annotations

import re
from urllib.parse import quote

from mediasmith.plugin.contract import Remote
from mediasmith.plugin.errors import ProviderError
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import NOT_FOUND
from mediasmith_backends.google.modes import BUCKET_NAME

_NAME = re.compile(f"gs://({BUCKET_NAME})/(.+)")


async def waiting(client: Google, name: str) -> Remote:
    """Where the file of this name waits.

    Raises:
        ProviderError: it is not the name of a file.
    """
    return Remote(url=f"{_address(client, name)}?alt=media", headers=await client.headers())


async def gone(client: Google, name: str) -> bool:
    """Whether there is no such file any more, as far as can be told."""
    try:
        answer = await client.transport.get(_address(client, name), headers=await client.headers())
    except Exception:  # noqa: BLE001 - what goes wrong here says nothing against the file
        return False
    return answer.status_code == NOT_FOUND


def _address(client: Google, name: str) -> str:
    found = _NAME.fullmatch(name)
    if not found:
        raise ProviderError("Google's answer names no file.")
    return f"{client.storage}/storage/v1/b/{found[1]}/o/{quote(found[2], safe='')}"
