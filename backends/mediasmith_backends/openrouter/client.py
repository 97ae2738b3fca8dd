"""How OpenRouter is reached: requests and answers as JSON, written and read off the loop."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from anyio import to_thread
from pydantic import (
    BaseModel,
    ConfigDict,
    FiniteFloat,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from mediasmith.plugin.contract import Access
from mediasmith.plugin.files import Source
from mediasmith_backends import openai_sdk
from mediasmith_backends.openrouter.errors import KEYS, TITLE, within
from mediasmith_backends.openrouter.models import Known

if TYPE_CHECKING:
    from httpx2 import Response
    from openai import AsyncOpenAI

_URL = "https://openrouter.ai/api/v1"


T = TypeVar("T")


def _or_none(value: object, validated: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validated(value)
    except ValidationError:
        return None


Kept = Annotated[T | None, WrapValidator(_or_none)]
"""A part of an answer that is kept if it is what it should be; the rest was paid for too."""


class Answered(BaseModel):
    """A part of an answer. Of what is needed little is demanded, and nothing of the rest: answers grow."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class _Usage(Answered):
    cost: Kept[FiniteFloat] = None


class Charged(Answered):
    """An answer that may say what was charged."""

    usage: Kept[_Usage] = None

    @property
    def cost_usd(self) -> float | None:
        """What was charged, in USD."""
        return self.usage.cost if self.usage else None


A = TypeVar("A", bound=Answered)


@dataclass(frozen=True, kw_only=True)
class Router:
    """OpenRouter, signed in. `listed` keeps the models that it named last, by the path of each list."""

    sdk: AsyncOpenAI = field(repr=False)
    listed: dict[str, Mapping[str, Known]] = field(default_factory=dict[str, Mapping[str, Known]])

    async def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """Send a paying request, once; the body of its answer."""
        import httpx2  # noqa: PLC0415 - heavy: the SDK loads it

        content = await to_thread.run_sync(_written, body)
        return (await self.sdk.post(path, content=content, cast_to=httpx2.Response)).content

    @asynccontextmanager
    async def stream(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Response]:
        """Send a paying request, once; its answer, of which the body is still to come."""
        import httpx2  # noqa: PLC0415 - heavy: the SDK loads it

        content = await to_thread.run_sync(_written, body)
        answer: Any = await self.sdk.post(path, content=content, cast_to=httpx2.Response, stream=True)
        response = cast("Response", answer)
        try:
            yield response
        finally:
            await response.aclose()

    async def get(self, path: str, answer: type[A]) -> A:
        """Ask for something that costs nothing.

        Raises:
            ValidationError: the answer lacks what is needed.
        """
        import httpx2  # noqa: PLC0415 - heavy: the SDK loads it

        response = await self.sdk.get(path, cast_to=httpx2.Response)
        return await to_thread.run_sync(answer.model_validate_json, response.content)


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[Router]:
    """A client that is signed in.

    Raises:
        MissingKey: the key cannot be one.
    """
    account = openai_sdk.Account(
        title=TITLE,
        keys=KEYS,
        key=access.key,
        base_url=access.base_url or _URL,
        headers={"X-Title": "Mediasmith"},
    )
    async with openai_sdk.connect(account) as sdk:
        yield Router(sdk=sdk)


def _written(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def read(content: bytes, answer: type[A]) -> A:
    """The body of an answer that was to be paid for; blocking when it is large.

    Raises:
        MediaError: it holds an error instead.
        ValidationError: it lacks what is needed.
    """
    try:
        return answer.model_validate_json(content)
    except ValidationError:
        if error := within(content):
            raise error from None
        raise


async def shown(files: Sequence[Source], kind: str = "image_url") -> list[dict[str, Any]]:
    """Files as requests carry them; `kind` says what they are."""
    return [{"type": kind, kind: {"url": await file.data_uri()}} for file in files]
