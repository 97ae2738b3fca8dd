"""The user's network for everything that connects: one reading of the proxies and the certificates."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mediasmith.runtime.certificates import read_certificates
from mediasmith.runtime.proxies import read_proxies

if TYPE_CHECKING:
    from ssl import SSLContext

    from httpx2 import AsyncClient

_CONNECT_SECONDS = 10.0


class SystemNetwork:
    """The network that `env` describes (default: this process's environment), and the system where it says nothing.

    Implements `mediasmith.plugin.access.Network`.
    """

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._env = os.environ if env is None else env

    @property
    def ssl_context(self) -> SSLContext:
        """The certificates to trust. The first use blocks.

        Raises:
            Misconfigured: the file or folder that a variable names has none.
        """
        return read_certificates(self._env).context

    @property
    def certificates(self) -> bytes | None:
        """The same as PEM, or None where the system does not list its own. Raises what `ssl_context` does."""
        return read_certificates(self._env).pem

    def proxy_for(self, url: str) -> str | None:
        """Return the URL of the proxy that requests to `url` go through, or None.

        Raises:
            Misconfigured: the variable that names it cannot be used.
        """
        proxy = read_proxies(self._env).find(url)
        return proxy.url if proxy else None

    def client(
        self, *, base_url: str = "", headers: Mapping[str, str] | None = None, read_seconds: float = 60
    ) -> AsyncClient:
        """Return a new HTTP client that follows no redirects and retries nothing. Raises what `ssl_context` does."""
        import httpx2  # noqa: PLC0415 - heavy: needed only to connect

        from mediasmith.runtime.transports import NetworkTransport  # noqa: PLC0415 - heavy: as above

        return httpx2.AsyncClient(
            base_url=base_url,
            headers=dict(headers or {}),
            timeout=httpx2.Timeout(read_seconds, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS),
            transport=NetworkTransport(self),
            follow_redirects=False,
            trust_env=False,
        )
