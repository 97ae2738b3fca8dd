"""The voices that speak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from mediasmith_backends.google.client import Google

DEFAULT = ("Kore", "Puck")
"""The voices where none are named, in the order of the speakers."""

_MOST = 1000


async def voices(client: Google) -> Sequence[str]:
    """What can be named as a voice: those that the account made, then those of the house, which are many."""
    answer: Any = await client.sdk.aio.voices.list(page_size=_MOST)
    return [voice.id for voice in cast("Sequence[Any]", answer.voices or ()) if voice.id]
