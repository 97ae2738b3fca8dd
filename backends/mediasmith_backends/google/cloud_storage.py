"""Files in Cloud Storage: named by a `gs://` URI and downloaded from a URL."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import quote

from mediasmith.plugin.contract import Remote
from mediasmith.plugin.http_errors import malformed
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.sign_in import BUCKET_NAME, TITLE

_URI = re.compile(f"gs://({BUCKET_NAME})/(.+)")


async def stored_file(client: Google, uri: str) -> Remote:
    """Return where to download the file with this URI.

    Raises:
        ProviderError: it is not the URI of a file.
    """
    return Remote(url=f"{_url(client, uri)}?alt=media", headers=await client.headers())


async def is_gone(client: Google, uri: str) -> bool:
    """Return whether the file no longer exists; False if that is not known."""
    try:
        answer = await client.http.get(_url(client, uri), headers=await client.headers())
    except Exception:  # noqa: BLE001 - no failure says that the file is gone
        return False
    return answer.status_code == HTTPStatus.NOT_FOUND


def _url(client: Google, uri: str) -> str:
    found = _URI.fullmatch(uri)
    if not found:
        raise malformed(TITLE)
    return f"{client.storage_url}/storage/v1/b/{found[1]}/o/{quote(found[2], safe='')}"
