"""How a backend signs in and connects: what the server has read for it from the user's environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ssl import SSLContext

    from httpx2 import AsyncClient


class Network(Protocol):
    """The user's network, read once for every backend. Using it raises `Misconfigured` where it cannot work."""

    @property
    def ssl_context(self) -> SSLContext:
        """The certificates to trust. The first use reads them, which blocks for some 50 ms."""
        ...

    @property
    def certificates(self) -> bytes | None:
        """The same as PEM, for what takes no SSLContext; None where the system lists none. It blocks, too."""
        ...

    def proxy_for(self, url: str) -> str | None:
        """Return the URL of the proxy that requests to `url` go through, or None. It may contain a password."""
        ...

    def client(
        self, *, base_url: str = "", headers: Mapping[str, str] | None = None, read_seconds: float = 60
    ) -> AsyncClient:
        """Return a new HTTP client that follows no redirects and retries nothing; blocking at the first use."""
        ...


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to sign in: the key (empty where there is none), the backend's declared variables, its base URL.

    `switched` says whether to sign in otherwise than with the key. `settings` is an instance of the backend's
    `settings` model.
    """

    key: str = field(repr=False)
    env: Mapping[str, str] = field(repr=False)
    base_url: str
    network: Network = field(repr=False)
    switched: bool = False
    settings: Any = None
