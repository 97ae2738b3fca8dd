"""Sign in to Replicate, and send and read JSON without blocking the event loop."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from anyio import to_thread

from mediasmith.plugin.access import Access
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer
from mediasmith_backends.replicate.errors import OWN_URL, TITLE

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

A = TypeVar("A", bound=Answer)

_READ_SECONDS = 60.0  # no answer waits for a model: predictions are polled


@dataclass(frozen=True, kw_only=True)
class Client:
    """Replicate, signed in."""

    http: AsyncClient = field(repr=False)

    async def request(self, method: str, path: str, **content: Any) -> Response:
        """Send a request once, and return its answer.

        Raises:
            HTTPStatusError: it has another status than 2xx.
        """
        return (await self.http.request(method, path, **content)).raise_for_status()

    async def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """Send a paying request once, and return the body of its answer."""
        content = await to_thread.run_sync(_to_json, body)
        return (await self.request("POST", path, content=content, headers={"content-type": "application/json"})).content

    async def get(self, path: str, answer: type[A]) -> A:
        """Return an answer that costs nothing.

        Raises:
            ProviderError: it cannot be read.
        """
        response = await self.request("GET", path)
        return await to_thread.run_sync(read_answer, response.content, answer, TITLE)


class _Account(Answer):
    username: str
    type: Lenient[str] = None


async def check(client: Client) -> str:
    """Return whose token it is."""
    account = await client.get("/account", _Account)
    return f"the {account.type or 'account'} {account.username[:60]} is signed in"


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[Client]:
    """Open a client that is signed in; it is closed with the block."""

    def open_client() -> AsyncClient:
        return access.network.client(
            base_url=access.base_url or OWN_URL,
            headers={"authorization": f"Bearer {access.key}"},
            read_seconds=_READ_SECONDS,
        )

    async with await to_thread.run_sync(open_client) as http:
        yield Client(http=http)


def _to_json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
