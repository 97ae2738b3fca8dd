"""The account that signs for enterprise mode: found once, and its token renewed when it runs out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import anyio
from anyio import to_thread

from mediasmith.plugin.errors import MissingKey
from mediasmith_backends.google.errors import CREDENTIALS, TITLE

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class Account:
    """An account with its `credentials` (`google.auth.credentials.Credentials`)."""

    def __init__(self, credentials: Any) -> None:
        self.credentials = credentials
        self._renewing = anyio.Lock()

    async def headers(self) -> Mapping[str, str]:
        """What signs a request. Raises the errors of `google.auth`."""
        async with self._renewing:
            if not self.credentials.valid:
                await to_thread.run_sync(_renew, self.credentials, abandon_on_cancel=True)
        pays: str | None = self.credentials.quota_project_id
        return {"authorization": f"Bearer {self.credentials.token}", **({"x-goog-user-project": pays} if pays else {})}


def found(file: str, quota_project: str) -> Account:
    """The account in this file, or without one that of this machine; another project may give its quota. Blocking.

    Raises:
        MissingKey: there is none.
    """
    from google import auth  # noqa: PLC0415 - heavy: the SDK's own sign-in
    from google.auth.exceptions import DefaultCredentialsError  # noqa: PLC0415 - heavy: as above

    library: Any = auth  # its types are only partly known
    try:
        if not file:
            return Account(library.default(scopes=_SCOPES, quota_project_id=quota_project or None)[0])
        with warnings.catch_warnings():
            # It may be of any type, and comes from who runs the server.
            warnings.simplefilter("ignore", DeprecationWarning)
            loaded = library.load_credentials_from_file(file, scopes=_SCOPES, quota_project_id=quota_project or None)
            return Account(loaded[0])
    except (DefaultCredentialsError, OSError) as error:
        raise MissingKey(TITLE, CREDENTIALS, rejected=bool(file)) from error


def _renew(credentials: Any) -> None:
    from google.auth.transport.requests import Request  # noqa: PLC0415 - heavy: the SDK's own sign-in

    credentials.refresh(Request())
