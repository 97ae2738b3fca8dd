"""Google credentials for enterprise mode: loaded once, and refreshed when the access token expires."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio import from_thread, to_thread

from mediasmith.plugin.errors import MissingKey
from mediasmith_backends.google.sign_in import CREDENTIALS, TITLE

if TYPE_CHECKING:
    from httpx2 import AsyncClient

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_TOKEN_SECONDS = 30.0
"""How long a request for an access token may take."""


class Account:
    """Google credentials (`google.auth.credentials.Credentials`) that are refreshed over `client`."""

    def __init__(self, credentials: Any, client: AsyncClient) -> None:
        self.credentials = credentials
        self._client = client
        self._refreshing = anyio.Lock()

    async def headers(self) -> Mapping[str, str]:
        """Return the headers that authorize a request. Raises the exceptions of `google.auth`."""
        async with self._refreshing:
            if not self.credentials.valid:
                request = partial(_request, self._client)
                await to_thread.run_sync(self.credentials.refresh, request, abandon_on_cancel=True)
        headers = {"authorization": f"Bearer {self.credentials.token}"}
        quota_project: str | None = self.credentials.quota_project_id
        return {**headers, "x-goog-user-project": quota_project} if quota_project else headers


def load_credentials(file: str, quota_project: str) -> Any:
    """Return the credentials in `file`, or the machine's default ones where it is "". Blocking.

    Raises:
        MissingKey: there are none.
    """
    from google import auth  # noqa: PLC0415 - heavy: Google's sign-in
    from google.auth.exceptions import DefaultCredentialsError  # noqa: PLC0415 - heavy: as above

    library: Any = auth  # its types are only partly known
    options: dict[str, Any] = {"scopes": _SCOPES, "quota_project_id": quota_project or None}
    try:
        if not file:
            return library.default(**options)[0]
        with warnings.catch_warnings():
            # It warns of untrusted files; this one comes from the person who runs the server.
            warnings.simplefilter("ignore", DeprecationWarning)
            return library.load_credentials_from_file(file, **options)[0]
    except (DefaultCredentialsError, OSError) as error:
        raise MissingKey(TITLE, [CREDENTIALS], rejected=bool(file)) from error


@dataclass(frozen=True, kw_only=True)
class _Response:
    """An answer as `google.auth.transport.Response` declares it."""

    status: int
    headers: Mapping[str, str]
    data: bytes


def _request(
    client: AsyncClient,
    url: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    **_options: object,
) -> _Response:
    """Send a request of `google.auth` over `client`, from a worker thread: `google.auth.transport.Request`."""
    from google.auth.exceptions import TransportError  # noqa: PLC0415 - heavy: Google's sign-in
    from httpx2 import HTTPError  # noqa: PLC0415 - heavy: only needed by what connects

    send = partial(client.request, method, url, content=body, headers=headers, timeout=_TOKEN_SECONDS)
    try:
        answer = from_thread.run(send)
    except HTTPError as error:
        raise TransportError(error) from error
    return _Response(status=answer.status_code, headers=answer.headers, data=answer.content)
