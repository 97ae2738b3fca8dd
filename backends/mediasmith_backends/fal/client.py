"""Sign in to fal: the queue that takes requests, and the platform API that lists endpoints and prices."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from anyio import to_thread

from mediasmith.plugin.access import Access
from mediasmith.plugin.http_answers import Answer, read_answer
from mediasmith_backends.fal.errors import API_URL, QUEUE_URL, STORAGE_URL, TITLE

if TYPE_CHECKING:
    from httpx2 import AsyncClient

_LIST_SECONDS = 10.0
"""How long a list may take; the server waits no longer for one."""

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, kw_only=True)
class Client:
    """Fal, signed in. `unit_prices` are in USD, by endpoint."""

    http: AsyncClient = field(repr=False)
    api_url: str
    storage_url: str
    unit_prices: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def queue_url(self) -> str:
        """The base URL of the queue."""
        return str(self.http.base_url)

    async def get_list(self, path: str, answer: type[A], params: Mapping[str, str]) -> A:
        """Return a list of the platform API, which may be long.

        Raises:
            ProviderError: it cannot be read.
        """
        response = await self.http.get(f"{self.api_url}/v1/{path}", params=dict(params), timeout=_LIST_SECONDS)
        return await to_thread.run_sync(read_answer, response.raise_for_status().content, answer, TITLE)


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[Client]:
    """Open a client that is signed in."""

    def open_client() -> AsyncClient:
        headers = {"authorization": f"Key {access.key}"}
        return access.network.client(base_url=access.base_url or QUEUE_URL, headers=headers, read_seconds=120)

    async with await to_thread.run_sync(open_client) as http:
        own = access.base_url.rstrip("/")
        yield Client(http=http, api_url=own or API_URL, storage_url=own or STORAGE_URL)
