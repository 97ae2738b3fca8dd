"""The user's network for everything that connects: certificates and proxies, as the environment names them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    from ssl import SSLContext

    from httpx2 import AsyncClient

_CONNECT_SECONDS = 10.0
_CONNECTIONS = 1000  # more than concurrency allows: a call waits for a slot, never for a connection
_IDLE_CONNECTIONS = 100


class SystemNetwork:
    """The network that this process's environment describes. Implements `mediasmith.plugin.contract.Network`."""

    @property
    def ssl_context(self) -> SSLContext:
        """The certificates to trust: the system's, or those of SSL_CERT_FILE and SSL_CERT_DIR. The first use blocks."""
        return shared_ssl_context()

    def proxy_for(self, url: str) -> str | None:
        """Return the URL of the proxy that requests to `url` go through, or None."""
        proxies = getproxies()
        parts = urlsplit(url)
        if proxy_bypass(parts.hostname or ""):
            return None
        return proxies.get(parts.scheme) or proxies.get("all")

    def client(
        self, *, base_url: str = "", headers: Mapping[str, str] | None = None, read_seconds: float = 60
    ) -> AsyncClient:
        """Return a new HTTP client that follows no redirects and retries nothing."""
        import httpx2  # noqa: PLC0415 - heavy: needed only to connect

        return httpx2.AsyncClient(
            base_url=base_url,
            headers=dict(headers or {}),
            timeout=httpx2.Timeout(read_seconds, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_IDLE_CONNECTIONS),
            follow_redirects=False,
            verify=self.ssl_context,
        )


@cache
def shared_ssl_context() -> SSLContext:
    """Return the SSL context of this process. Reading the certificates takes some 50 ms and several megabytes."""
    import httpx2  # noqa: PLC0415 - heavy: needed only to connect

    return httpx2.create_ssl_context()
