"""What is asked once and paid for: its answer is sound, that comes as it is made, and headers that tell about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mediasmith.plugin.contract import JSON
from mediasmith_backends.elevenlabs.client import ElevenLabs
from mediasmith_backends.elevenlabs.errors import nonsense, patience

if TYPE_CHECKING:
    from elevenlabs.core.http_response import AsyncHttpResponse

Asked: TypeAlias = "AbstractAsyncContextManager[AsyncHttpResponse[AsyncIterator[bytes]]]"
"""A request for sound, as `sdk.….with_raw_response` makes it, with `ONCE` among its options; entering it sends it."""

_ANSWER_SECONDS = 600.0
"""How long a whole answer may take."""

_NO_SOUND = ("text/", "application/json")
"""Types of answers in which there are no samples, whatever they look like."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the headers of an answer tell: ids, and how many characters were charged."""

    request_id: str = ""
    song_id: str = ""
    characters: int | None = None

    @property
    def details(self) -> Mapping[str, JSON]:
        """The same for the details of a result."""
        found = {"request_id": self.request_id, "song_id": self.song_id, "characters": self.characters}
        return {name: value for name, value in found.items() if value not in ("", None)}


async def received(client: ElevenLabs, asked: Asked, write: Callable[[bytes], Awaitable[None]]) -> Told:
    """Have every byte of an answer written, and tell what its headers say.

    Raises:
        TimedOut: the answer was not complete in time.
        ProviderError: there was nothing in it.
    """
    try:
        with patience(_ANSWER_SECONDS):
            return await _received(asked, write)
    except Exception:
        client.voices.clear()  # a name may mean another voice by now
        raise


async def _received(asked: Asked, write: Callable[[bytes], Awaitable[None]]) -> Told:
    size = 0
    async with asked as response:
        if response.headers.get("content-type", "").startswith(_NO_SOUND):
            raise nonsense()
        async for chunk in response.data:
            size += len(chunk)
            await write(chunk)
        if not size:
            raise nonsense()
        return told(response.headers)


def told(headers: Mapping[str, str]) -> Told:
    """What the headers of an answer say."""
    cost = headers.get("character-cost", "")
    return Told(
        request_id=headers.get("request-id", ""),
        song_id=headers.get("song-id", ""),
        characters=int(cost) if cost.isascii() and cost.isdecimal() else None,
    )
