"""What the backends that go through the openai SDK share: its client, and what its exceptions mean."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING

from anyio import to_thread
from pydantic import ValidationError

from mediasmith.plugin.errors import MediaError, MissingKey, ProviderError, TimedOut, Unreachable
from mediasmith.plugin.http_errors import unreachable_error

if TYPE_CHECKING:
    from ssl import SSLContext

    from openai import APIStatusError, AsyncOpenAI

_CONNECT_SECONDS = 10.0
_ANSWER_SECONDS = 1800.0  # the server's own deadlines are shorter
_LONGEST = 300  # characters of a provider's own words


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who is reached, and as whom. `title` and `keys` are for messages, `headers` go with every request."""

    title: str
    keys: Sequence[str]
    key: str = field(repr=False)
    base_url: str
    organization: str | None = None
    project: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def _nothing(_client: AsyncOpenAI) -> None:
    """Load no part of the SDK ahead of its use."""


@asynccontextmanager
async def connect(account: Account, load: Callable[[AsyncOpenAI], object] = _nothing) -> AsyncGenerator[AsyncOpenAI]:
    """A client that is signed in. It sends everything once, and of the environment it knows the proxies only.

    `load` looks at the parts that will be used: the SDK imports each at its first use, which takes a while.

    Raises:
        MissingKey: the key cannot be one.
    """
    if not (account.key.isascii() and account.key.isprintable()):
        raise MissingKey(account.title, account.keys, rejected=True)
    async with await to_thread.run_sync(partial(_opened, account, load)) as client:
        yield client


def _opened(account: Account, load: Callable[[AsyncOpenAI], object]) -> AsyncOpenAI:
    """Blocking: certificates are read, and the SDK is loaded."""
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout  # noqa: PLC0415 - heavy: the SDK

    timeout = Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS)
    client = AsyncOpenAI(
        api_key=account.key,
        admin_api_key="",
        webhook_secret="",
        base_url=account.base_url,
        timeout=timeout,
        max_retries=0,
        # A paying request goes where the user said, and nowhere that an answer says.
        http_client=DefaultAsyncHttpxClient(timeout=timeout, follow_redirects=False, verify=_certificates()),
    )
    # What is not given at construction comes from variables that nobody declared, OPENAI_CUSTOM_HEADERS among them.
    client.organization, client.project = account.organization, account.project
    client._custom_headers = dict(account.headers)  # pyright: ignore[reportPrivateUsage] - see above
    load(client)
    return client


@cache
def _certificates() -> SSLContext:
    """Those that every client would otherwise read anew, which takes a tenth of a second."""
    from httpx2 import create_ssl_context  # noqa: PLC0415 - heavy: the SDK loads it

    return create_ssl_context()


def explain(error: Exception, title: str, answered: Callable[[APIStatusError], MediaError]) -> MediaError | None:
    """What an exception of the SDK means, of the connection below it, or of a model that reads an answer.

    `title` is the provider's; `answered` tells what it said itself. None for what is none of these.
    """
    import httpx2  # noqa: PLC0415 - heavy: the SDK loads it
    import openai  # noqa: PLC0415 - heavy: the SDK

    match error:
        case openai.APIStatusError():
            return answered(error)
        case openai.APIConnectionError():
            return _of_connection(error.__cause__, title)
        case httpx2.InvalidURL():
            return Unreachable(f"The base URL of {title} is no address.", billed="no")
        case httpx2.DecodingError() | httpx2.TooManyRedirects() | openai.OpenAIError() | ValidationError():
            return nonsense(title)
        case httpx2.RequestError():
            return _of_connection(error, title)
        case _:
            return None


def _of_connection(cause: BaseException | None, title: str) -> MediaError:
    import httpx2  # noqa: PLC0415 - heavy: the SDK loads it

    match cause:
        case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.ProxyError() | httpx2.UnsupportedProtocol():
            return unreachable_error(title)
        case httpx2.PoolTimeout():
            return Unreachable(f"Too many requests to {title} are under way.", billed="no")
        case httpx2.TimeoutException():
            return TimedOut(f"{title} did not answer in time.")
        case httpx2.DecodingError():
            return nonsense(title)
        case _:
            return Unreachable(f"The connection to {title} broke.")


def nonsense(title: str) -> ProviderError:
    """What is said of an answer that does not hold what it must."""
    return ProviderError(f"{title}'s answer makes no sense.")


def advice(headers: Mapping[str, str]) -> float | None:
    """The pause before another request that an answer asks for, in seconds."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with suppress(KeyError, ValueError):
            seconds = float(headers[name]) * unit
            return seconds if 0 <= seconds < math.inf else None
    return None


def words(said: str) -> str:
    """The provider's own words as the end of a sentence, cut short."""
    short = said.strip().rstrip(".")[:_LONGEST]
    return f": {short}" if short else ""
