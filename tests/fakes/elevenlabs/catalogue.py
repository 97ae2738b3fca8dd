"""The models and the voices there are, what each takes, and the words in a text that make things go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

FORBIDDEN = "forbidden"
"""A text with this word is against the provider's rules: it is refused, and costs nothing."""

Plan: TypeAlias = Literal["free", "starter", "creator", "pro", "scale", "business", "enterprise"]
"""What an account pays for, the cheapest first."""

LOWEST, STEP = 200, 60
"""How high the first voice speaks, and how much higher the next one does, in Hz."""

_OLD = "en ja zh de hi fr ko pt it es id nl tr fil pl sv bg ro ar cs el fi hr ms sk da ta uk ru"
_MORE = f"{_OLD} hu no vi"
_NEW = (
    f"{_MORE} af hy as az be bn bs ca ceb ny et gl ka gu ha he is ga jv kn kk ky lv ln lt lb mk ml mr ne ps fa pa sr "
    "sd sl so sw te th ur cy"
)


@dataclass(frozen=True, kw_only=True)
class SpeechModel:
    """What a model for speech takes. `limit` is in characters, `rate` is what one of them costs, in credits.

    `enforces` is whether a language can be named, `follows` in which ways a text can go on from another one, `settings`
    what of a voice it heeds, and `steps` which values its stability can have, if not any.
    """

    name: str
    limit: int
    rate: float = 1.0
    languages: tuple[str, ...] = tuple(_NEW.split())
    enforces: bool = True
    follows: frozenset[Literal["text", "ids"]] = frozenset({"text", "ids"})
    settings: frozenset[str]
    steps: tuple[float, ...] = ()
    dialogue: bool = False


# Whoever offers these models to others says that v3 heeds its stability alone, and that style is for multilingual v2:
# bolna.ai/docs/integrations/voice/elevenlabs, docs.sonnalabs.app (both read on 2026-11-21). Of v4 nothing is known for
# certain but that it is directed by tags like v3: what is not known to be heeded is refused.
_V4 = frozenset({"stability", "similarity_boost"})
_V3 = frozenset({"stability"})
_FLASH = frozenset({"stability", "similarity_boost", "speed", "use_speaker_boost"})
_MULTILINGUAL = _FLASH | {"style"}

SPEECH_MODELS: Mapping[str, SpeechModel] = {
    "eleven_v4": SpeechModel(name="Eleven v4", limit=10_000, dialogue=True, settings=_V4),
    "eleven_v3": SpeechModel(
        name="Eleven v3", limit=5_000, follows=frozenset(), steps=(0.0, 0.5, 1.0), dialogue=True, settings=_V3
    ),
    "eleven_multilingual_v2": SpeechModel(
        name="Eleven Multilingual v2",
        limit=10_000,
        languages=tuple(_OLD.split()),
        enforces=False,
        settings=_MULTILINGUAL,
    ),
    "eleven_flash_v2_5": SpeechModel(
        name="Eleven Flash v2.5", limit=40_000, rate=0.5, languages=tuple(_MORE.split()), settings=_FLASH
    ),
}
"""The models that speak."""

EFFECT_MODELS = ("eleven_text_to_sound_v3", "eleven_text_to_sound_v2")
"""The models that make sounds."""

CONVERSION_MODELS = ("eleven_multilingual_sts_v2", "eleven_english_sts_v2")
"""The models that give speech another voice."""


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A voice. `hertz` is how high it speaks here, which is how it can be told from the others."""

    id: str
    name: str
    hertz: int
    category: Literal["premade", "cloned", "generated"] = "premade"
    description: str = ""


_HOUSE = {
    "JBFqnCBsd6RMkjVDRZzb": "George",
    "EXAVITQu4vr4xnSDxMaL": "Sarah - Mature, Reassuring, Confident",
    "CwhRBWXzGAHq8TQ4Fs17": "Roger - Laid-Back, Casual, Resonant",
    "FGY2WhTYpPnrIDTdsKH5": "Laura - Enthusiast, Quirky Attitude",
    "IKne3meq5aSn9XLyUdCD": "Charlie - Deep, Confident, Energetic",
    "XB0fDUnXU5powFXDhCwa": "Charlotte",
    "N2lVS1w4EtoT3dr4eOWO": "Callum - Husky Trickster",
    "TX3LPaxmHKxFdv7VOQHJ": "Liam - Energetic, Social Media Creator",
    "Xb7hH8MSUJpSbSDYk0k2": "Alice - Clear, Engaging Educator",
    "XrExE9yKIg1WjnnlVkGX": "Matilda - Knowledgable, Professional",
    "cgSgspJ2msm6clMCkdW9": "Jessica - Playful, Bright, Warm",
    "nPczCjzI2devNBz1zQrb": "Brian - Deep, Resonant and Comforting",
}

HOUSE: Mapping[str, Voice] = {
    voice: Voice(id=voice, name=name, hertz=LOWEST + STEP * place, description="One of the house.")
    for place, (voice, name) in enumerate(_HOUSE.items())
}
"""The voices that every account has: more than one page of them."""

GEORGE, SARAH, ROGER = list(HOUSE.values())[:3]
"""Three of them."""
