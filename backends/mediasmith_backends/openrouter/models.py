"""The models as data, for as long as nobody has asked OpenRouter itself: it lists more of them, and what each takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from mediasmith.plugin.contract import Accepts, Model, Price, Request
from mediasmith.plugin.kinds import Role

_READ = date(2026, 11, 21)

PAGE = "https://openrouter.ai/"
"""Every model has a page there, by its id."""


@dataclass(frozen=True, kw_only=True)
class Known(Model):
    """A model, with what else is known of it.

    `roles` are the input files it takes, and how many of each. `tiers` are the sizes it takes beside pixels, where it
    takes these.
    """

    roles: Mapping[Role, int] = field(default_factory=dict[Role, int])
    tiers: tuple[str, ...] = ()


def foreign(ask: Request[Any]) -> str:
    """Why a model does not take the input files that it is given, or nothing."""
    if not isinstance(ask.model, Known):
        return ""
    for role, files in ask.inputs.items():
        if len(files) > (most := ask.model.roles.get(role, 0)):
            return f"{f'takes at most {most} {role}' if most else f'does not take {role}'} with {ask.model.id}"
    return ""


_IMAGE_WORDS = ("aspect_ratio", "size", "quality", "background", "output_format", "output_compression", "n", "seed")


def image_accepts(taken: Mapping[str, Accepts]) -> Mapping[str, Accepts]:
    """What a model that makes pictures takes: these words, and none of the others."""
    return {word: taken.get(word, False) for word in _IMAGE_WORDS}


def _price(model: str, usd: float, per: Literal["image", "1k_chars"]) -> tuple[Price, ...]:
    return (Price(usd=usd, per=per, as_of=_READ, source=PAGE + model),)


_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_TALL_RATIOS = ("1:4", "4:1", "1:8", "8:1")
_QUALITIES = ("auto", "low", "medium", "high")

_GPT_IMAGE: Mapping[str, Accepts] = {
    "aspect_ratio": _RATIOS,
    "size": True,
    "quality": _QUALITIES,
    "background": True,
    "output_format": ("png", "jpeg", "webp"),
    "output_compression": True,
    "n": True,
}
_GPT_TIERS = ("1K", "1.5K", "2K", "4K")
_GPT_SIZES = f"Sizes: {', '.join(_GPT_TIERS)}, or WxH in pixels."
_PRO: Mapping[str, Accepts] = {"aspect_ratio": _RATIOS, "size": ("1K", "2K", "4K")}
_LITE: Mapping[str, Accepts] = {"aspect_ratio": (*_RATIOS, *_TALL_RATIOS), "size": ("512", "1K")}
_SEEDREAM: Mapping[str, Accepts] = {"aspect_ratio": _RATIOS, "size": True, "n": True, "seed": True}
_FLUX: Mapping[str, Accepts] = {
    "aspect_ratio": _RATIOS,
    "size": ("512", "768", "1K", "2K"),
    "output_format": ("png", "jpeg"),
    "seed": True,
}

IMAGE_MODELS = (
    Known(id="google/gemini-3-pro-image", accepts=image_accepts(_PRO), roles={"image": 14}),
    Known(
        id="black-forest-labs/flux.2-pro",
        accepts=image_accepts(_FLUX),
        roles={"image": 8},
        note="Priced by the megapixel, of references too.",
    ),
    Known(
        id="openai/gpt-image-2.5-sunburst",
        accepts=image_accepts({**_GPT_IMAGE, "quality": (*_QUALITIES, "xhigh", "max")}),
        roles={"image": 16},
        tiers=_GPT_TIERS,
        note=_GPT_SIZES,
    ),
    Known(
        id="openai/gpt-image-2",
        accepts=image_accepts(_GPT_IMAGE),
        roles={"image": 16},
        tiers=_GPT_TIERS,
        note=_GPT_SIZES,
    ),
    Known(
        id="bytedance-seed/seedream-4.5",
        accepts=image_accepts(_SEEDREAM),
        prices=_price("bytedance-seed/seedream-4.5", 0.04, "image"),
        roles={"image": 10},
        tiers=("2K", "4K"),
        note="Sizes: 2K, 4K, or WxH in pixels.",
    ),
    Known(id="google/gemini-3.1-flash-lite-image", draft=True, accepts=image_accepts(_LITE), roles={"image": 3}),
    Known(
        id="recraft/recraft-v4-vector",
        accepts=image_accepts({"aspect_ratio": _RATIOS, "output_format": ("svg",)}),
        roles={"image": 1},
    ),
)
"""Those that make pictures of a single request."""

CHAT_MODELS = (
    Known(id="google/gemini-3-pro-image", accepts=_PRO, roles={"image": 14}),
    Known(id="google/gemini-3.1-flash-lite-image", draft=True, accepts=_LITE, roles={"image": 3}),
)
"""Those that make pictures in a conversation."""

SILENT: Accepts = (False,)
"""What a model without sound takes of `generate_audio`."""

REFERENCES = 9
"""How many pictures a video is made after at the most; no list tells."""

VIDEO_MODELS = (
    Known(
        id="bytedance/seedance-2.0",
        accepts={
            "aspect_ratio": ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9"),
            "size": ("480p", "720p", "854x480", "480x854", "1280x720", "720x1280", "720x720"),
            "duration": tuple(range(4, 16)),
        },
        roles={"first_frame": 1, "last_frame": 1, "image": REFERENCES, "audio": 1, "video": 1},
    ),
    Known(
        id="google/veo-3.1",
        accepts={
            "aspect_ratio": ("16:9", "9:16"),
            "size": ("720p", "1080p", "1280x720", "720x1280", "1920x1080", "1080x1920"),
            "duration": (4, 6, 8),
        },
        roles={"first_frame": 1, "last_frame": 1, "image": REFERENCES},
    ),
    Known(
        id="alibaba/wan-2.7",
        draft=True,
        accepts={
            "aspect_ratio": ("16:9", "9:16", "1:1"),
            "size": ("360p", "720p", "1280x720", "720x1280"),
            "duration": (5, 10),
            "seed": False,
            "generate_audio": SILENT,
        },
        roles={"first_frame": 1, "image": REFERENCES},
    ),
)
"""Those that make videos."""

_GPT_TTS, _GEMINI_TTS = "openai/gpt-4o-mini-tts-2025-12-15", "google/gemini-3.8-flash-tts"
_VOXTRAL = "mistralai/voxtral-mini-tts-2603"

VOICES: Mapping[str, tuple[str, ...]] = {
    _GPT_TTS: (
        *("marin", "cedar", "alloy", "ash", "ballad", "coral", "echo"),
        *("fable", "nova", "onyx", "sage", "shimmer", "verse"),
    ),
    _GEMINI_TTS: ("Kore", "Puck", "Zephyr", "Charon", "Fenrir", "Leda", "Orus", "Aoede"),
    _VOXTRAL: ("en_paul_neutral",),
}
"""Voices of models, the default first. Most models need one to be named; those that make their own have more."""


def _speaker(name: str, *, usd: float | None = None, **more: Any) -> Model:
    prices = () if usd is None else _price(name, usd, "1k_chars")
    return Model(id=name, prices=prices, note=f"Voices: {', '.join(VOICES[name])}.", **more)


SPEECH_MODELS = (
    _speaker(_GPT_TTS, usd=0.0006, draft=True, retires=date(2027, 1, 6), max_prompt=4096),
    _speaker(_GEMINI_TTS, accepts={"speed": False}),
    _speaker(_VOXTRAL, usd=0.016, accepts={"speed": False, "instructions": False}),
)
"""Those that speak."""
