"""The models there are, what each takes, and the words in a prompt that make things go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FORBIDDEN = "forbidden"
"""What a prompt with this word asks for is not made: an answer without it, and an error that says why."""

SILENT = "unmentioned"
"""As above, but the answer only says so in words."""

SERIES = "step by step"
"""A prompt with these words is answered in three steps: two with a picture each, and one without."""

BROKEN = "breakdown"
"""What is made of a prompt with this word fails for no fault of its own."""

TALKATIVE = "explain"
"""A prompt with this word is answered with words beside the picture."""

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
"""The shapes that every model for pictures makes."""

EXTREME = ("1:8", "8:1", "1:4", "4:1")
"""The shapes that only some do."""


@dataclass(frozen=True, kw_only=True)
class ImageModel:
    """What a model for pictures takes."""

    ratios: tuple[str, ...] = RATIOS
    sizes: tuple[str, ...] = ("1K", "2K", "4K")
    images: int = 14
    background: bool = True


IMAGE_MODELS: Mapping[str, ImageModel] = {
    "gemini-nano-banana-2.1": ImageModel(ratios=(*RATIOS, *EXTREME)),
    "gemini-3-pro-image": ImageModel(),
    "gemini-3.1-flash-image": ImageModel(ratios=(*RATIOS, *EXTREME), sizes=("512", "1K", "2K", "4K")),
    "gemini-3.1-flash-lite-image": ImageModel(sizes=("1K",), background=False),
}
"""The models that draw."""

VIDEO_MODELS = ("gemini-omni-1.2-flash",)
"""The models that film."""

SPEECH_MODELS = ("gemini-3.8-flash-tts", "gemini-3.8-flash-lite-tts")
"""The models that speak."""

MUSIC_MODELS: Mapping[str, float] = {"lyria-3.5": 3.0, "lyria-3-clip-preview": 30.0}
"""The models that make music, and how long it lasts here, in seconds: a whole song takes too long to make."""

VOICES = ("Kore", "Puck", "Zephyr", "Charon", "Fenrir", "Leda", "Orus", "Aoede")
"""Some of the voices of the house."""

OWN_VOICES = ("voice_abc123def456",)
"""The voices that the account made."""

MODELS = (*IMAGE_MODELS, *VIDEO_MODELS, *SPEECH_MODELS, *MUSIC_MODELS)
"""Every model that takes interactions."""

VEO_MODELS = ("veo-3.1-generate-001", "veo-3.1-fast-generate-001", "veo-3.1-lite-generate-001")
"""The models that film in enterprise mode."""

VEO_WITHOUT_REFERENCES = VEO_MODELS[2:]
"""Those of them that take no reference images."""

IMAGEN_MODELS = ("imagen-4.0-generate-001", "imagen-4.0-ultra-generate-001", "imagen-4.0-fast-generate-001")
"""The models that draw from words in enterprise mode."""

IMAGEN_EDITS = ("imagen-3.0-capability-001",)
"""The models that draw from pictures there."""
