"""The openai SDK, for the backends that use it: a client that sends everything once, and what its exceptions mean."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from anyio import to_thread

from mediasmith.plugin.access import Access
from mediasmith.plugin.errors import MediaError, Unreachable
from mediasmith.plugin.http_errors import is_about, malformed, not_served, transport_error

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI

_OF_ACCOUNT = ("/models", "/key")
"""Ends of the paths that an account has always; others may have been those of work that is gone."""

_ANSWER_SECONDS = 1800.0
"""How long a paying request may take: the server's own deadlines are shorter."""


def _load_nothing(_client: AsyncOpenAI) -> None:
    """Leave the parts of the SDK to be imported at their first use."""


@asynccontextmanager
async def connect(  # noqa: PLR0913 - what makes one account differ from another, each by name
    access: Access,
    *,
    base_url: str,
    organization: str | None = None,
    project: str | None = None,
    headers: Mapping[str, str] | None = None,
    load: Callable[[AsyncOpenAI], object] = _load_nothing,
) -> AsyncGenerator[AsyncOpenAI]:
    """Open a client that is signed in, neither retries nor follows redirects, and reads no variable of the SDK's own.

    `headers` go with every request. `load` touches the parts that will be used:
    the SDK imports each of them at its first use, which takes a while.
    """

    def new_client() -> AsyncOpenAI:
        """Blocking: certificates are read and the SDK is imported."""
        from openai import AsyncOpenAI  # noqa: PLC0415 - heavy: the SDK

        http_client = access.network.client(read_seconds=_ANSWER_SECONDS)
        client = AsyncOpenAI(
            api_key=access.key,
            admin_api_key="",
            webhook_secret="",
            base_url=base_url,
            timeout=http_client.timeout,
            max_retries=0,
            http_client=http_client,
        )
        # What is not given here is read from variables that were not declared, such as OPENAI_CUSTOM_HEADERS.
        client.organization, client.project = organization, project
        client._custom_headers = dict(headers or {})  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - see above
        load(client)
        return client

    async with await to_thread.run_sync(new_client) as client:
        yield client


def route_error(
    error: APIStatusError, title: str, *, own_url: str, variables: Sequence[str], detail: str
) -> MediaError | None:
    """Return the error for a 404 of a server that a base URL names, where it is about neither a model nor other work.

    `own_url` is the provider's base URL, `variables` are those that set another, `detail` is the answer's own text.
    """
    url, own = str(error.request.url), error.request.url.host == urlsplit(own_url).hostname
    if error.status_code != HTTPStatus.NOT_FOUND or own or is_about("model", error.response.text, url):
        return None
    if error.request.method == "GET" and not error.request.url.path.endswith(_OF_ACCOUNT):
        return None
    return not_served(title, url, own_url=own_url, variables=variables, detail=detail)


def explain(error: Exception, title: str, explain_status: Callable[[APIStatusError], MediaError]) -> MediaError | None:
    """Return what an exception of the SDK or of the connection below it means, or None for any other exception.

    `title` is the provider's; `explain_status` reads an answer with an error status.
    """
    import openai  # noqa: PLC0415 - heavy: the SDK

    match error:
        case openai.APIStatusError():
            return explain_status(error)
        case openai.APIConnectionError():
            broken = Unreachable(f"The connection to {title} broke before the whole answer had come.")
            return transport_error(error.__cause__, title) or broken
        case openai.OpenAIError():
            return malformed(title, getattr(error, "body", None))
        case _:
            return transport_error(error, title)
