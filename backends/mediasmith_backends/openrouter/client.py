"""Sign in to OpenRouter, and send and read JSON without blocking the event loop."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from anyio import to_thread
from pydantic import FiniteFloat

from mediasmith.plugin.access import Access
from mediasmith.plugin.error_words import clause
from mediasmith.plugin.errors import Billed, OutOfCredit, ProviderError
from mediasmith.plugin.files import Source
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer
from mediasmith_backends import openai_sdk
from mediasmith_backends.openrouter.errors import OWN_URL, RAISE_LIMIT, TITLE, error_in

if TYPE_CHECKING:
    from httpx2 import Response
    from openai import AsyncOpenAI


class _Usage(Answer):
    cost: Lenient[FiniteFloat] = None


class PaidAnswer(Answer):
    """An answer that may say what was charged."""

    usage: Lenient[_Usage] = None

    @property
    def cost_usd(self) -> float | None:
        """What was charged, or None."""
        return self.usage.cost if self.usage else None

    @property
    def billed(self) -> Billed | None:
        """Whether it was charged; None if the answer does not say."""
        return None if self.cost_usd is None else "yes" if self.cost_usd else "no"


A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, kw_only=True)
class Client:
    """OpenRouter, signed in."""

    sdk: AsyncOpenAI = field(repr=False)

    async def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """Send a paying request once, and return the body of its answer."""
        import httpx2  # noqa: PLC0415 - heavy: the SDK loads it

        content = await to_thread.run_sync(_to_json, body)
        return (await self.sdk.post(path, content=content, cast_to=httpx2.Response)).content

    @asynccontextmanager
    async def stream(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Response]:
        """Send a paying request once, and return its answer before the body is read."""
        import httpx2  # noqa: PLC0415 - heavy: the SDK loads it

        content = await to_thread.run_sync(_to_json, body)
        answer: Any = await self.sdk.post(path, content=content, cast_to=httpx2.Response, stream=True)
        response = cast("Response", answer)
        try:
            yield response
        finally:
            await response.aclose()

    async def get(self, path: str) -> Response:
        """Return the answer to a request that costs nothing."""
        import httpx2  # noqa: PLC0415 - heavy: the SDK loads it

        return await self.sdk.get(path, cast_to=httpx2.Response)

    async def get_list(self, path: str, answer: type[A]) -> A:
        """Return a list, which may be long.

        Raises:
            ProviderError: it cannot be read.
        """
        response = await self.get(path)
        return await to_thread.run_sync(read_answer, response.content, answer, TITLE)


class _Limit(Answer):
    usage: Lenient[FiniteFloat] = None
    limit_remaining: Lenient[FiniteFloat] = None


class _Key(Answer):
    data: _Limit


async def check(client: Client) -> str:
    """Return what the key has spent, and may still spend.

    Raises:
        OutOfCredit: nothing more.
    """
    key = (await client.get_list("/key", _Key)).data
    if key.limit_remaining is not None and key.limit_remaining <= 0:
        raise OutOfCredit(f"The key for {TITLE} has reached its spending limit.", RAISE_LIMIT)
    spent = f"the key has spent {key.usage or 0:.2f} USD"
    return spent if key.limit_remaining is None else f"{spent} and may spend {key.limit_remaining:.2f} USD more"


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[Client]:
    """Open a client that is signed in.

    Raises:
        MissingKey: the key has characters that no key can have.
    """
    connection = openai_sdk.connect(access, base_url=access.base_url or OWN_URL, headers={"X-Title": "Mediasmith"})
    async with connection as sdk:
        yield Client(sdk=sdk)


def _to_json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def read(content: bytes, answer: type[A]) -> A:
    """Return the body of an answer; blocking where it is large.

    Raises:
        MediaError: it holds an error instead, or cannot be read.
    """
    try:
        return read_answer(content, answer, TITLE)
    except ProviderError:
        if error := error_in(content):
            raise error from None
        raise


def no_image(content: bytes, answer: PaidAnswer, words: str = "") -> ProviderError:
    """Return the error for an answer without an image that can be read; `words` is what the model says instead."""
    return ProviderError(f"{TITLE} answered without an image{clause(words)}.", billed=answer.billed, answer=content)


async def url_parts(files: Sequence[Source], kind: str = "image_url") -> list[dict[str, Any]]:
    """Return files as parts of a request; `kind` says what they are."""
    return [{"type": kind, kind: {"url": await file.data_uri()}} for file in files]
