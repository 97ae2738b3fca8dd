"""The voices that speak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from mediasmith_backends.google.client import Google

DEFAULT = ("Kore", "Puck")
"""The voices where none are named, in the order of the speakers."""

# As listed at https://openrouter.ai/google/gemini-3.8-flash-tts/llms.txt, read on 2026-11-21.
_HOUSE = (
    *("Zephyr", "Puck", "Charon", "Kore", "Fenrir", "Leda", "Orus", "Aoede", "Callirrhoe", "Autonoe", "Enceladus"),
    *("Iapetus", "Umbriel", "Algieba", "Despina", "Erinome", "Algenib", "Rasalgethi", "Laomedeia", "Achernar"),
    *("Alnilam", "Schedar", "Gacrux", "Pulcherrima", "Achird", "Zubenelgenubi", "Vindemiatrix", "Sadachbia"),
    *("Sadaltager", "Sulafat"),
)
_SPELT = {name.casefold(): name for name in _HOUSE}

_MOST = 1000


def spelt(voice: str) -> str:
    """A voice of the house as the provider writes it, who refuses `kore`; any other as it stands."""
    return _SPELT.get(voice.casefold(), voice)


async def voices(client: Google) -> Sequence[str]:
    """What can be named as a voice: those that the account made, then those of the house, which are many."""
    answer: Any = await client.sdk.aio.voices.list(page_size=_MOST)
    return [voice.id for voice in cast("Sequence[Any]", answer.voices or ()) if voice.id]
