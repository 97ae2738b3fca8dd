"""The voices of speech and dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from mediasmith_backends.google.client import Google

DEFAULT_VOICES = ("Kore", "Puck")
"""The voices of speakers to whom none was given, in the order in which they first speak."""

# As listed at https://openrouter.ai/google/gemini-3.8-flash-tts/llms.txt, read on 2026-11-21.
PREBUILT = (
    *("Zephyr", "Puck", "Charon", "Kore", "Fenrir", "Leda", "Orus", "Aoede", "Callirrhoe", "Autonoe", "Enceladus"),
    *("Iapetus", "Umbriel", "Algieba", "Despina", "Erinome", "Algenib", "Rasalgethi", "Laomedeia", "Achernar"),
    *("Alnilam", "Schedar", "Gacrux", "Pulcherrima", "Achird", "Zubenelgenubi", "Vindemiatrix", "Sadachbia"),
    *("Sadaltager", "Sulafat"),
)
"""The voices that every account has."""

_BY_FOLDED_NAME = {name.casefold(): name for name in PREBUILT}

_PAGE_SIZE = 1000


def canonical_voice(voice: str) -> str:
    """Return a prebuilt voice as Google spells it, which rejects `kore`; any other voice unchanged."""
    return _BY_FOLDED_NAME.get(voice.casefold(), voice)


async def list_voices(client: Google) -> Sequence[str]:
    """Return the ids of the voices that the account has, its own before the prebuilt ones."""
    answer: Any = await client.sdk.aio.voices.list(page_size=_PAGE_SIZE)
    return [voice.id for voice in cast("Sequence[Any]", answer.voices or ()) if voice.id]
