"""The models that the fake lists, in the provider's own form. It refuses what a model does not list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Parameter: TypeAlias = Mapping[str, object]
"""What a field accepts, as the provider describes it."""


def _enum(*values: str) -> Parameter:
    return {"type": "enum", "values": list(values)}


def _range(low: int, high: int) -> Parameter:
    return {"type": "range", "min": low, "max": high}


_ANY: Parameter = {"type": "boolean"}
_RATIOS = _enum("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "auto")
_QUALITIES = ("auto", "low", "medium", "high")

_OPENAI = {
    "aspect_ratio": _RATIOS,
    "background": _enum("auto", "transparent", "opaque"),
    "input_references": _range(0, 16),
    "n": _range(1, 10),
    "output_compression": _range(0, 100),
    "output_format": _enum("png", "jpeg", "webp"),
    "quality": _enum(*_QUALITIES),
    "resolution": _enum("1K", "1.5K", "2K", "4K"),
    "size": _ANY,
}

IMAGE_MODELS: Mapping[str, Mapping[str, Parameter]] = {
    "openai/gpt-image-2.5-sunburst": {**_OPENAI, "quality": _enum(*_QUALITIES, "xhigh", "max")},
    "openai/gpt-image-2": _OPENAI,
    "google/gemini-3-pro-image": {
        "aspect_ratio": _RATIOS,
        "input_references": _range(0, 14),
        "resolution": _enum("1K", "2K", "4K"),
    },
    "google/gemini-3.1-flash-lite-image": {
        "aspect_ratio": _enum("1:1", "3:2", "16:9", "9:16", "1:4", "4:1", "1:8", "8:1"),
        "input_references": _range(0, 3),
        "resolution": _enum("512", "1K"),
    },
    "bytedance-seed/seedream-4.5": {
        "aspect_ratio": _RATIOS,
        "input_references": _range(0, 10),
        "n": _range(1, 10),
        "resolution": _enum("2K", "4K"),
        "seed": _ANY,
        "size": _ANY,
    },
    "black-forest-labs/flux.2-pro": {
        "aspect_ratio": _RATIOS,
        "input_references": _range(0, 8),
        "output_format": _enum("png", "jpeg"),
        "resolution": _enum("512", "768", "1K", "2K"),
        "seed": _ANY,
    },
    "recraft/recraft-v4-vector": {"aspect_ratio": _RATIOS, "output_format": _enum("svg")},
}
"""What each image model accepts, by the names of the request's fields."""

CHAT_MODELS = ("google/gemini-3-pro-image", "google/gemini-3.1-flash-lite-image")
"""The image models that also converse."""

PROVIDERS = {
    "black-forest-labs/flux.2-pro": ("black-forest-labs", ("steps", "guidance")),
    "bytedance-seed/seedream-4.5": ("seed", ()),
    "google/gemini-3-pro-image": ("google-ai-studio", ()),
}
"""The one provider that serves a model, and the options that are passed on to it."""


def _video(usd: str, **more: Any) -> Mapping[str, Any]:
    return {
        "supported_frame_images": ["first_frame", "last_frame"],
        "generate_audio": True,
        "seed": True,
        "pricing_skus": {"per-video-second": usd},
        **more,
    }


VIDEO_MODELS: Mapping[str, Mapping[str, Any]] = {
    "google/veo-3.1": _video(
        "0.4",
        supported_resolutions=["720p", "1080p"],
        supported_aspect_ratios=["16:9", "9:16"],
        supported_sizes=["1280x720", "720x1280", "1920x1080", "1080x1920"],
        supported_durations=[4, 6, 8],
    ),
    "bytedance/seedance-2.0": _video(
        "0.1",
        supported_resolutions=["480p", "720p"],
        supported_aspect_ratios=["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"],
        supported_sizes=["854x480", "480x854", "1280x720", "720x1280", "720x720"],
        supported_durations=list(range(4, 16)),
    ),
    "alibaba/wan-2.7": _video(
        "0.08",
        supported_resolutions=["360p", "720p"],
        supported_aspect_ratios=["16:9", "9:16", "1:1"],
        supported_sizes=["640x360", "360x640", "1280x720", "720x1280"],
        supported_durations=[5, 10],
        supported_frame_images=["first_frame"],
        generate_audio=False,
        seed=False,
    ),
}
"""The video models as they are listed."""

VIDEO_REFERENCES = {"bytedance/seedance-2.0": {"image_url", "audio_url", "video_url"}}
"""The references that a video model looks at, beyond images: no list says so."""

VOICES = {
    "openai/gpt-4o-mini-tts-2025-12-15": ("alloy", "coral", "marin", "nova"),
    "google/gemini-3.8-flash-tts": ("Kore", "Puck"),
    "mistralai/voxtral-mini-tts-2603": ("en_paul_neutral",),
}
"""The speech models and their voices."""


def accepts(parameter: Parameter | None, given: Any) -> bool:
    """Return whether a described field accepts this value, or so many values."""
    described: Any = parameter or {"type": "enum", "values": []}
    if described["type"] == "enum":
        return given in described["values"]
    number = len(given) if hasattr(given, "__len__") else given
    return described["type"] == "boolean" or described["min"] <= number <= described["max"]
