"""The models there are, and what each of them takes: the fake refuses the rest, which the provider would ignore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

FORBIDDEN = "forbidden"
"""A prompt with this word is against the rules."""

Descriptor: TypeAlias = Mapping[str, object]
"""What a request field takes, as the provider describes it: a range, a list of values, or just that there is one."""


def values(*those: str) -> Descriptor:
    """These values."""
    return {"type": "enum", "values": list(those)}


def numbers(low: int, high: int) -> Descriptor:
    """The whole numbers from one to the other; of a list, how many there may be."""
    return {"type": "range", "min": low, "max": high}


YES: Descriptor = {"type": "boolean"}
"""Any value."""

_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")


@dataclass(frozen=True, kw_only=True)
class ImageModel:
    """A model that makes pictures: `takes` by the names of the request's fields, `usd` a picture.

    `options` are what goes through to its one provider, `talks` says whether it answers in words as well.
    """

    provider: str
    takes: Mapping[str, Descriptor]
    usd: float
    options: tuple[str, ...] = ()
    streams: bool = False
    talks: bool = False


_OPENAI = {
    "aspect_ratio": values(*_RATIOS, "auto"),
    "background": values("auto", "transparent", "opaque"),
    "input_references": numbers(0, 16),
    "n": numbers(1, 10),
    "output_compression": numbers(0, 100),
    "output_format": values("png", "jpeg", "webp"),
    "quality": values("auto", "low", "medium", "high"),
    "resolution": values("1K", "1.5K", "2K", "4K"),
    "size": YES,
}

IMAGE_MODELS: Mapping[str, ImageModel] = {
    "openai/gpt-image-2.5-sunburst": ImageModel(
        provider="openai",
        takes={**_OPENAI, "quality": values("auto", "low", "medium", "high", "xhigh", "max")},
        usd=0.16,
        options=("moderation",),
        streams=True,
    ),
    "openai/gpt-image-2": ImageModel(provider="openai", takes=_OPENAI, usd=0.13, options=("moderation",), streams=True),
    "google/gemini-3-pro-image": ImageModel(
        provider="google-ai-studio",
        takes={
            "aspect_ratio": values(*_RATIOS, "auto"),
            "input_references": numbers(0, 14),
            "resolution": values("1K", "2K", "4K"),
        },
        usd=0.134,
        talks=True,
    ),
    "google/gemini-3.1-flash-lite-image": ImageModel(
        provider="google-ai-studio",
        takes={
            "aspect_ratio": values(*_RATIOS, "1:4", "4:1", "1:8", "8:1", "auto"),
            "input_references": numbers(0, 3),
            "resolution": values("512", "1K"),
        },
        usd=0.02,
        talks=True,
    ),
    "bytedance-seed/seedream-4.5": ImageModel(
        provider="seed",
        takes={
            "aspect_ratio": values(*_RATIOS),
            "input_references": numbers(0, 10),
            "n": numbers(1, 10),
            "resolution": values("2K", "4K"),
            "seed": YES,
            "size": YES,
        },
        usd=0.04,
    ),
    "black-forest-labs/flux.2-pro": ImageModel(
        provider="black-forest-labs",
        takes={
            "aspect_ratio": values(*_RATIOS),
            "input_references": numbers(0, 8),
            "output_format": values("png", "jpeg"),
            "resolution": values("512", "768", "1K", "2K"),
            "seed": YES,
        },
        usd=0.03,
        options=("steps", "guidance"),
    ),
    "recraft/recraft-v4-vector": ImageModel(
        provider="recraft", takes={"aspect_ratio": values(*_RATIOS), "output_format": values("svg")}, usd=0.08
    ),
}
"""The models that make pictures."""


@dataclass(frozen=True, kw_only=True)
class VideoModel:
    """A model that makes videos, `usd` a second. `audio` is whether it can have sound, `references` what it looks at.

    `continues` says whether it goes on from an earlier job.
    """

    provider: str
    usd: float
    resolutions: tuple[str, ...]
    ratios: tuple[str, ...]
    durations: tuple[int, ...]
    frames: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    audio: bool = False
    seed: bool = False
    continues: bool = False
    options: tuple[str, ...] = ()


VIDEO_MODELS: Mapping[str, VideoModel] = {
    "google/veo-3.1": VideoModel(
        provider="google-vertex",
        usd=0.4,
        resolutions=("720p", "1080p"),
        ratios=("16:9", "9:16"),
        durations=(4, 6, 8),
        frames=("first_frame", "last_frame"),
        references=("image_url",),
        audio=True,
        seed=True,
        options=("parameters",),
    ),
    "bytedance/seedance-2.0": VideoModel(
        provider="byteplus",
        usd=0.1,
        resolutions=("480p", "720p"),
        ratios=("16:9", "9:16", "1:1", "4:3", "3:4", "21:9"),
        durations=tuple(range(4, 16)),
        frames=("first_frame", "last_frame"),
        references=("image_url", "audio_url", "video_url"),
        audio=True,
        seed=True,
        continues=True,
    ),
    "alibaba/wan-2.7": VideoModel(
        provider="alibaba",
        usd=0.08,
        resolutions=("360p", "720p"),
        ratios=("16:9", "9:16", "1:1"),
        durations=(5, 10),
        frames=("first_frame",),
    ),
}
"""The models that make videos."""


@dataclass(frozen=True, kw_only=True)
class SpeechModel:
    """A model that speaks, `usd` a character. Of several voices one must be chosen, unless there is a `default`."""

    provider: str
    usd: float
    voices: Sequence[str]
    default: bool = False
    speeds: bool = False
    instructed: bool = False
    turns: bool = False
    clones: bool = False
    options: tuple[str, ...] = field(default=())


SPEECH_MODELS: Mapping[str, SpeechModel] = {
    "openai/gpt-4o-mini-tts-2025-12-15": SpeechModel(
        provider="openai",
        usd=0.000_015,
        voices=("alloy", "coral", "marin", "nova"),
        speeds=True,
        instructed=True,
        options=("instructions",),
    ),
    "google/gemini-3.8-flash-tts": SpeechModel(
        provider="google-ai-studio", usd=0.000_01, voices=("Kore", "Puck"), instructed=True, turns=True
    ),
    "mistralai/voxtral-mini-tts-2603": SpeechModel(
        provider="mistral", usd=0.000_016, voices=("en_paul_neutral",), default=True, clones=True
    ),
}
"""The models that speak."""
