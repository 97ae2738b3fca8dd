"""The SDK's client, on a transport of ours. Everything it reads is given to it, nothing is left to find."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from mediasmith.plugin.contract import Access
from mediasmith.plugin.errors import MissingKey

if TYPE_CHECKING:
    from ssl import SSLContext

    from elevenlabs.base_client import AsyncBaseElevenLabs  # noqa: PLC0415 - heavy: the SDK
    from elevenlabs.core.request_options import RequestOptions
    from httpx import AsyncClient

TITLE = "ElevenLabs"
"""How messages call the provider."""

KEYS = ("ELEVENLABS_API_KEY",)
"""The variables of which one signs in."""

ONCE: RequestOptions = {"max_retries": 0, "chunk_size": 65_536}
"""Goes with every request: it is sent once, and what comes is handed on in pieces of so many bytes."""

_URL = "https://api.elevenlabs.io"
_CONNECT_SECONDS = 15.0
_SILENCE_SECONDS = 300.0  # between two bytes; how long a whole answer may take is said in `answers`


@dataclass(frozen=True, kw_only=True)
class ElevenLabs:
    """An open client. `voices` are the ids of the voices that were looked up, by the names they were asked for.

    `url` is where the SDK sends to, and `headers` sign what is fetched from there without it.
    """

    sdk: AsyncBaseElevenLabs
    url: str
    headers: Mapping[str, str] = field(repr=False)
    voices: dict[str, str] = field(default_factory=dict[str, str])


@asynccontextmanager
async def connect(access: Access) -> AsyncGenerator[ElevenLabs]:
    """Open a client; it is closed with the block.

    Raises:
        MissingKey: the key cannot be one.
    """
    if not (access.key.isascii() and access.key.isprintable()):
        raise MissingKey(TITLE, KEYS, rejected=True)
    url = (access.base_url or _URL).rstrip("/")
    sdk, transport = await to_thread.run_sync(_opened, url, access.key)
    async with transport:
        yield ElevenLabs(sdk=sdk, url=url, headers={"xi-api-key": access.key})


def present(**given: object) -> dict[str, Any]:
    """What was given of the fields of a request; the SDK would send the others as null."""
    return {name: value for name, value in given.items() if value is not None}


def _opened(url: str, key: str) -> tuple[AsyncBaseElevenLabs, AsyncClient]:
    """Blocking: certificates are read, and the SDK is loaded."""
    import httpx  # noqa: PLC0415 - heavy: the SDK loads it
    from elevenlabs.base_client import AsyncBaseElevenLabs  # noqa: PLC0415 - heavy: the SDK

    timeout: Any = httpx.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS)
    # A paying request goes where the user said, and nowhere that an answer says.
    transport = httpx.AsyncClient(timeout=timeout, follow_redirects=False, verify=_certificates())
    sdk = AsyncBaseElevenLabs(api_key=key, base_url=url, timeout=timeout, httpx_client=transport)
    for part in _PARTS:
        getattr(sdk, part)
    return sdk, transport


_PARTS = (
    *("text_to_speech", "text_to_dialogue", "text_to_sound_effects", "voices"),
    *("music", "speech_to_speech", "audio_isolation", "text_to_voice", "dubbing"),
)
"""The parts of the SDK that are used. It imports each at its first use, which takes a while."""


@cache
def _certificates() -> SSLContext:
    """What servers are known by. Read once, for it takes a tenth of a second."""
    import httpx  # noqa: PLC0415 - heavy: the SDK loads it

    return httpx.create_ssl_context()
