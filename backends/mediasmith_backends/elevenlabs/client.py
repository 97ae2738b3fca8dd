"""The SDK's client, on an HTTP client with the user's network settings. Nothing is read from the environment."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from anyio import to_thread

from mediasmith.plugin.access import Access, Network
from mediasmith.plugin.error_words import error_text
from mediasmith.plugin.http_errors import is_about, not_served
from mediasmith.plugin.proxy_errors import send_through_proxy

if TYPE_CHECKING:
    from elevenlabs.base_client import AsyncBaseElevenLabs
    from elevenlabs.core.request_options import RequestOptions
    from httpx import AsyncClient, Response

TITLE = "ElevenLabs"
"""The provider's name in messages."""

KEYS = ("ELEVENLABS_API_KEY",)
"""The variables of which one signs in."""

NO_RETRY: RequestOptions = {"max_retries": 0, "chunk_size": 65_536}
"""The options of every request: it is sent once, and its answer is read in chunks of this many bytes."""

_URL = "https://api.elevenlabs.io"
_BASE_URL = "MEDIASMITH_ELEVENLABS_BASE_URL"
_CONNECT_SECONDS = 15.0
_READ_SECONDS = 300.0  # between two chunks of an answer; `audio_stream` limits the whole answer

_RESOURCES = (
    *("text_to_speech", "text_to_dialogue", "text_to_sound_effects", "voices"),
    *("music", "speech_to_speech", "audio_isolation", "text_to_voice", "dubbing", "user"),
)
"""The parts of the SDK that are used; it imports each one at its first use."""


@dataclass(frozen=True, kw_only=True)
class ElevenLabs:
    """An open client.

    `url` is its base URL, and `headers` sign what the server downloads from there. `voice_ids` caches the ids of
    voices by the names that callers gave.
    """

    sdk: AsyncBaseElevenLabs
    url: str
    headers: Mapping[str, str] = field(repr=False)
    voice_ids: dict[str, str] = field(default_factory=dict[str, str])


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[ElevenLabs]:
    """Open a client; it is closed with the block."""
    url = (access.base_url or _URL).rstrip("/")
    sdk, http = await to_thread.run_sync(_open, url, access.key, access.network)
    async with http:
        yield ElevenLabs(sdk=sdk, url=url, headers={"xi-api-key": access.key})


def without_none(**fields: object) -> dict[str, Any]:
    """Return the fields that have a value; the SDK would send None as null."""
    return {name: value for name, value in fields.items() if value is not None}


def _open(url: str, key: str, network: Network) -> tuple[AsyncBaseElevenLabs, AsyncClient]:
    """Blocking: it imports the SDK and reads certificates."""
    import httpx  # noqa: PLC0415 - heavy
    from elevenlabs.base_client import AsyncBaseElevenLabs  # noqa: PLC0415 - heavy

    way, context = network.proxy_for(url), network.ssl_context
    tls_to_proxy = context if way and way.startswith("https:") else None
    timeout: Any = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS)

    class ThroughProxy(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await send_through_proxy(super().handle_async_request, request, way or "")

    proxy = httpx.Proxy(way, ssl_context=tls_to_proxy) if way else None
    http = httpx.AsyncClient(
        timeout=timeout,
        transport=(ThroughProxy if way else httpx.AsyncHTTPTransport)(verify=context, proxy=proxy),
        trust_env=False,  # `network` has read the environment already
        follow_redirects=False,  # a paying request goes to the base URL and nowhere else
        event_hooks={} if url == _URL else {"response": [_check_route]},
    )
    sdk = AsyncBaseElevenLabs(api_key=key, base_url=url, timeout=timeout, httpx_client=http)
    for resource in _RESOURCES:
        getattr(sdk, resource)
    return sdk, http


async def _check_route(response: Response) -> None:
    """Raise `NotServed` for a 404 that is not about something at ElevenLabs, whose own have codes."""
    if response.status_code != HTTPStatus.NOT_FOUND:
        return
    await response.aread()
    body: Any = None
    with suppress(ValueError, RecursionError):
        body = response.json()
    fields: Mapping[str, object] = cast("Mapping[str, object]", body) if isinstance(body, Mapping) else {}
    if isinstance(fields.get("detail"), Mapping | list):
        return
    asked = str(response.request.url)
    if not is_about("model", response.text, asked):
        raise not_served(TITLE, asked, own_url=_URL, variables=[_BASE_URL], detail=error_text(fields))
