"""The models for speech, dialogue and sound effects: what each one takes, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, TypeAlias

from mediasmith.plugin.contract import Accepts, Model, Price

ContextKind: TypeAlias = Literal["requests", "text"]
"""How a request names what was said before it: by the ids of earlier requests, or by their text."""

_PRICE_LIST = "https://developer.puter.com/tutorials/elevenlabs-api-pricing/"
_PRICE_LIST_DATE = date(2026, 6, 30)
_V4_SOURCE = "https://vercel.com/ai-gateway/models/elevenlabs/eleven-v4"
_V4_PRICE = (Price(usd=0.08, per="1k_chars", as_of=date(2026, 11, 21), source=_V4_SOURCE),)


def per_1k_characters(usd: float) -> tuple[Price, ...]:
    """Return the price of 1,000 characters."""
    return (Price(usd=usd, per="1k_chars", as_of=_PRICE_LIST_DATE, source=_PRICE_LIST),)


def per_minute(usd: float, **when: bool) -> tuple[Price, ...]:
    """Return the price of a minute of audio, for these values of options."""
    return (Price(usd=usd, per="minute", when=when, as_of=_PRICE_LIST_DATE, source=_PRICE_LIST),)


def per_call(usd: float) -> tuple[Price, ...]:
    """Return the most that one call costs."""
    return (Price(usd=usd, per="call", as_of=_PRICE_LIST_DATE, source=_PRICE_LIST),)


# v3 and v4 are directed by tags in brackets and have fewer settings; multilingual v2 detects the language itself.
_V4: Mapping[str, Accepts] = {"speed": False, "style": False}
_V3_STABILITY: Mapping[str, Accepts] = {"stability": (0.0, 0.5, 1.0)}
_V3: Mapping[str, Accepts] = {**_V4, "similarity": False, **_V3_STABILITY}
_V2: Mapping[str, Accepts] = {"instructions": False, "language": False}
_FLASH: Mapping[str, Accepts] = {"instructions": False, "style": False}

SPEECH_MODELS = (
    Model(id="eleven_v4", accepts=_V4, prices=_V4_PRICE),
    Model(id="eleven_v3", accepts=_V3, prices=per_1k_characters(0.10)),
    Model(id="eleven_multilingual_v2", accepts=_V2, prices=per_1k_characters(0.10)),
    Model(id="eleven_flash_v2_5", draft=True, accepts=_FLASH, prices=per_1k_characters(0.05)),
)
"""The models that read a text aloud."""

DIALOGUE_MODELS = (
    Model(id="eleven_v4", prices=_V4_PRICE),
    Model(id="eleven_v3", accepts=_V3_STABILITY, prices=per_1k_characters(0.10)),
)
"""The models in which several voices talk to each other."""

SOUND_MODELS = (
    Model(id="eleven_text_to_sound_v3", prices=per_call(0.12)),
    Model(id="eleven_text_to_sound_v2", draft=True, max_prompt=450, prices=per_call(0.12)),
)
"""The models for sound effects."""

_MAX_CHARACTERS = {"eleven_v3": 5_000, "eleven_flash_v2_5": 40_000}
_DEFAULT_MAX_CHARACTERS = 10_000
_CONTEXT_KINDS: Mapping[str, tuple[ContextKind, ...]] = {"eleven_v3": ()}


def max_characters(model: str) -> int:
    """Return how many characters one request for speech takes."""
    return _MAX_CHARACTERS.get(model, _DEFAULT_MAX_CHARACTERS)


def context_kinds(model: str) -> tuple[ContextKind, ...]:
    """Return the ways in which a request to this model can name what was said before, the best first."""
    return _CONTEXT_KINDS.get(model, ("requests", "text"))
