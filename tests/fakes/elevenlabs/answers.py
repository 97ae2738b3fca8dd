"""How sound is answered with: paid for, and with the headers that tell of it."""

from __future__ import annotations

from math import ceil

from fakes.elevenlabs.catalogue import FORBIDDEN
from fakes.elevenlabs.errors import refusal
from fakes.elevenlabs.formats import MIMES, Coding
from fakes.elevenlabs.state import ElevenState
from loopback.connection import Answer
from loopback.state import new_id

_AT_ONCE = 5


def short_id() -> str:
    """An id as the provider gives them out: twenty letters and digits."""
    return (new_id() + new_id())[:20]


def moderate(text: str) -> None:
    """Refuse a text that the provider's rules are against."""
    if FORBIDDEN in text:
        message = "We are sorry but the text you are trying to use may violate our Terms of Service."
        raise refusal(400, "content_against_policy", message)


def answered(state: ElevenState, cost: float, data: bytes, form: str, **headers: str) -> Answer:
    """Sound in this format that costs so many credits; refuse when there are not enough of them."""
    state.spend(ceil(cost))
    told = {
        "character-cost": str(ceil(cost)),
        "current-concurrent-requests": "1",
        "maximum-concurrent-requests": str(_AT_ONCE),
        **headers,
    }
    return Answer(mime=MIMES[Coding.of(form).codec], body=data, headers=told, chunked=True)
