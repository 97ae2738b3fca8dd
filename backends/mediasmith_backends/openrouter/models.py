"""The models that are known without asking OpenRouter, which lists more of them and what each accepts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from mediasmith.plugin.contract import Accepts, Call, Model, Price, Takes
from mediasmith.plugin.kinds import Role
from mediasmith_backends.openrouter.errors import TITLE

_READ = date(2026, 11, 21)

PAGE = "https://openrouter.ai/"
"""Every model has a page there, by its id."""


@dataclass(frozen=True, kw_only=True)
class PixelModel(Model):
    """An image model that accepts sizes in pixels besides these `tiers`, which `accepts` cannot say."""

    tiers: tuple[str, ...]


def warn_if_unlisted(call: Call[Any, Any], given: Iterable[str]) -> None:
    """Warn of a model of which nothing is known: OpenRouter ignores silently what a model does not accept."""
    if call.model == Model(id=call.model.id) and (names := ", ".join(given)):
        call.warn(f"{TITLE} does not list what {call.model.id[:60]} accepts; it may ignore {names}.")


MOST_IMAGES = 16
"""How many reference images any image request may have."""


def image_takes(count: int) -> Mapping[Role, Takes | None]:
    """Return the inputs of a model that takes so many reference images."""
    return {"image": Takes(max=count) if count else None}


_IMAGE_WORDS = ("aspect_ratio", "size", "quality", "background", "output_format", "output_compression", "n", "seed")


def image_accepts(accepted: Mapping[str, Accepts]) -> Mapping[str, Accepts]:
    """Return what an image model accepts: these words, and none of the others."""
    return {word: accepted.get(word, False) for word in _IMAGE_WORDS}


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
    Model(id="google/gemini-3-pro-image", accepts=image_accepts(_PRO), takes=image_takes(14)),
    Model(
        id="black-forest-labs/flux.2-pro",
        accepts=image_accepts(_FLUX),
        takes=image_takes(8),
        note="Billed by the megapixel, references included.",
    ),
    PixelModel(
        id="openai/gpt-image-2.5-sunburst",
        accepts=image_accepts({**_GPT_IMAGE, "quality": (*_QUALITIES, "xhigh", "max")}),
        takes=image_takes(16),
        tiers=_GPT_TIERS,
        note=_GPT_SIZES,
    ),
    PixelModel(
        id="openai/gpt-image-2",
        accepts=image_accepts(_GPT_IMAGE),
        takes=image_takes(16),
        tiers=_GPT_TIERS,
        note=_GPT_SIZES,
    ),
    PixelModel(
        id="bytedance-seed/seedream-4.5",
        accepts=image_accepts(_SEEDREAM),
        prices=_price("bytedance-seed/seedream-4.5", 0.04, "image"),
        takes=image_takes(10),
        tiers=("2K", "4K"),
        note="Sizes: 2K, 4K, or WxH in pixels.",
    ),
    Model(id="google/gemini-3.1-flash-lite-image", draft=True, accepts=image_accepts(_LITE), takes=image_takes(3)),
    Model(
        id="recraft/recraft-v4-vector",
        accepts=image_accepts({"aspect_ratio": _RATIOS, "output_format": ("svg",)}),
        takes=image_takes(1),
    ),
)
"""The models of `/images`, the default first."""

CHAT_MODELS = (
    Model(id="google/gemini-3-pro-image", accepts=_PRO, takes=image_takes(14)),
    Model(id="google/gemini-3.1-flash-lite-image", draft=True, accepts=_LITE, takes=image_takes(3)),
)
"""The models that make images in a conversation, the default first."""

SILENT: Accepts = (False,)
"""What a model without sound accepts for `generate_audio`."""

VIDEO_TAKES: Mapping[Role, Takes] = {
    "first_frame": Takes(),
    "last_frame": Takes(),
    "image": Takes(max=9),
    "audio": Takes(mimes=("audio/mpeg", "audio/wav")),
    "video": Takes(mimes=("video/mp4", "video/quicktime", "video/webm")),
}
"""The inputs of videos. How many reference images are taken is listed nowhere."""


def video_takes(*roles: Role) -> Mapping[Role, Takes | None]:
    """Return the inputs of a model that takes files in these roles alone."""
    return {role: None for role in VIDEO_TAKES if role not in roles}


VIDEO_MODELS = (
    Model(
        id="bytedance/seedance-2.0",
        accepts={
            "aspect_ratio": ("16:9", "9:16", "1:1", "4:3", "3:4", "21:9"),
            "size": ("480p", "720p", "854x480", "480x854", "1280x720", "720x1280", "720x720"),
            "duration": tuple(range(4, 16)),
        },
    ),
    Model(
        id="google/veo-3.1",
        accepts={
            "aspect_ratio": ("16:9", "9:16"),
            "size": ("720p", "1080p", "1280x720", "720x1280", "1920x1080", "1080x1920"),
            "duration": (4, 6, 8),
        },
        takes=video_takes("first_frame", "last_frame", "image"),
    ),
    Model(
        id="alibaba/wan-2.7",
        draft=True,
        accepts={
            "aspect_ratio": ("16:9", "9:16", "1:1"),
            "size": ("360p", "720p", "1280x720", "720x1280"),
            "duration": (5, 10),
            "seed": False,
            "generate_audio": SILENT,
        },
        takes=video_takes("first_frame", "image"),
    ),
)
"""The video models, the default first."""

_GPT_TTS, _GEMINI_TTS = "openai/gpt-4o-mini-tts-2025-12-15", "google/gemini-3.8-flash-tts"
_VOXTRAL = "mistralai/voxtral-mini-tts-2603"

VOICES: Mapping[str, tuple[str, ...]] = {
    _GPT_TTS: (
        *("marin", "cedar", "alloy", "ash", "ballad", "coral", "echo"),
        *("fable", "nova", "onyx", "sage", "shimmer", "verse"),
    ),
    # As listed at https://openrouter.ai/google/gemini-3.8-flash-tts/llms.txt, read on 2026-11-21.
    _GEMINI_TTS: (
        *("Kore", "Puck", "Zephyr", "Charon", "Fenrir", "Leda", "Orus", "Aoede", "Callirrhoe", "Autonoe", "Enceladus"),
        *("Iapetus", "Umbriel", "Algieba", "Despina", "Erinome", "Algenib", "Rasalgethi", "Laomedeia", "Achernar"),
        *("Alnilam", "Schedar", "Gacrux", "Pulcherrima", "Achird", "Zubenelgenubi", "Vindemiatrix", "Sadachbia"),
        *("Sadaltager", "Sulafat"),
    ),
    _VOXTRAL: ("en_paul_neutral",),
}
"""The voices of each model, the default first. Most models require one; Voxtral has more than are known here."""


SPEECH_MODELS = (
    Model(
        id=_GPT_TTS,
        draft=True,
        retires=date(2027, 1, 6),
        max_prompt=4096,
        accepts={"voice": VOICES[_GPT_TTS]},
        prices=_price(_GPT_TTS, 0.0006, "1k_chars"),
    ),
    Model(id=_GEMINI_TTS, accepts={"voice": VOICES[_GEMINI_TTS], "speed": False}),
    Model(
        id=_VOXTRAL,
        accepts={"speed": False, "instructions": False},
        prices=_price(_VOXTRAL, 0.016, "1k_chars"),
        note=f"Voices: {', '.join(VOICES[_VOXTRAL])}, and others.",
    ),
)
"""The speech models, the default first."""
