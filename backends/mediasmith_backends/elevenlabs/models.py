"""The models for speech, dialogue and sounds: what each one takes, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, TypeAlias

from mediasmith.plugin.contract import Accepts, Model, Price

Joint: TypeAlias = Literal["requests", "text"]
"""How a request can be told what was said before it: by the ids of earlier requests, or by their text."""


_LIST = "https://developer.puter.com/tutorials/elevenlabs-api-pricing/"
_LIST_AS_OF = date(2026, 6, 30)
_V4_SOURCE = "https://vercel.com/ai-gateway/models/elevenlabs/eleven-v4"
_V4_PRICE = (Price(usd=0.08, per="1k_chars", as_of=date(2026, 11, 21), source=_V4_SOURCE),)
_V3_STABILITY = (0.0, 0.5, 1.0)


def per_1k_characters(usd: float) -> tuple[Price, ...]:
    """The price of a thousand characters."""
    return (Price(usd=usd, per="1k_chars", as_of=_LIST_AS_OF, source=_LIST),)


def per_minute(usd: float, **when: bool) -> tuple[Price, ...]:
    """The price of a minute of sound, when these options are as given."""
    return (Price(usd=usd, per="minute", when=when, as_of=_LIST_AS_OF, source=_LIST),)


def per_call(usd: float) -> tuple[Price, ...]:
    """The most that one call costs."""
    return (Price(usd=usd, per="call", as_of=_LIST_AS_OF, source=_LIST),)


# Tags in brackets direct the newer two, which have fewer settings; multilingual v2 tells languages apart by itself.
_V4: Mapping[str, Accepts] = {"speed": False, "style": False}
_V3: Mapping[str, Accepts] = {**_V4, "similarity": False, "stability": _V3_STABILITY}
_V2: Mapping[str, Accepts] = {"instructions": False, "language": False}
_FLASH: Mapping[str, Accepts] = {"instructions": False, "style": False}

SPEECH_MODELS = (
    Model(id="eleven_v4", accepts=_V4, prices=_V4_PRICE),
    Model(id="eleven_v3", accepts=_V3, prices=per_1k_characters(0.10)),
    Model(id="eleven_multilingual_v2", accepts=_V2, prices=per_1k_characters(0.10)),
    Model(id="eleven_flash_v2_5", draft=True, accepts=_FLASH, prices=per_1k_characters(0.05)),
)
"""The models that read a text."""

DIALOGUE_MODELS = (
    Model(id="eleven_v4", prices=_V4_PRICE),
    Model(id="eleven_v3", accepts={"stability": _V3_STABILITY}, prices=per_1k_characters(0.10)),
)
"""The models in which several voices speak with each other."""

SOUND_MODELS = (
    Model(id="eleven_text_to_sound_v3", prices=per_call(0.12)),
    Model(id="eleven_text_to_sound_v2", draft=True, max_prompt=450, prices=per_call(0.12)),
)
"""The models that make sounds."""

_LONGEST = {"eleven_v3": 5_000, "eleven_flash_v2_5": 40_000}
_LONGEST_USUALLY = 10_000
_JOINTS: Mapping[str, tuple[Joint, ...]] = {"eleven_v3": ()}


def longest(model: str) -> int:
    """How many characters one request for speech takes."""
    return _LONGEST.get(model, _LONGEST_USUALLY)


def joints(model: str) -> tuple[Joint, ...]:
    """How a model is told of what was said before, the best first."""
    return _JOINTS.get(model, ("requests", "text"))
