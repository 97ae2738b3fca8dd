"""The endpoints of the fake: what each takes, what it makes and costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fakes.fal import requests
from loopback.faults import Strict


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """An endpoint: its input, fal's category of it, the name of what it makes, and its price in USD."""

    takes: type[Strict]
    category: str
    makes: Literal["images", "video", "audio"]
    usd: float = 0.05
    unit: str = "images"


def _image(takes: type[Strict], category: str = "text-to-image", usd: float = 0.05, unit: str = "images") -> Endpoint:
    return Endpoint(takes=takes, category=category, makes="images", usd=usd, unit=unit)


def _edit(takes: type[Strict]) -> Endpoint:
    return _image(takes, "image-to-image")


def _video(takes: type[Strict], category: str = "text-to-video") -> Endpoint:
    return Endpoint(takes=takes, category=category, makes="video", usd=0.2, unit="seconds")


def _frames(takes: type[Strict]) -> Endpoint:
    return _video(takes, "image-to-video")


def _audio(takes: type[Strict], unit: str, category: str = "text-to-audio") -> Endpoint:
    return Endpoint(takes=takes, category=category, makes="audio", usd=0.1, unit=unit)


def _speech(takes: type[Strict]) -> Endpoint:
    return _audio(takes, "1000 characters", "text-to-speech")


FRESH = "fal-ai/fresh/image"
"""An endpoint that the backend has to look up."""

FRESH_EDIT = "fal-ai/another/edit"
"""Another one, which takes images."""

ENDPOINTS: Mapping[str, Endpoint] = {
    "fal-ai/flux-2": _image(requests.Flux2, usd=0.012, unit="megapixels"),
    "fal-ai/z-image/turbo": _image(requests.ZImage, usd=0.005, unit="megapixels"),
    "fal-ai/flux-2-pro": _image(requests.Flux2Pro),
    "bytedance/seedream/v5/pro/text-to-image": _image(requests.Seedream),
    "ideogram/v4": _image(requests.Ideogram),
    "fal-ai/recraft/v4.1/text-to-vector": _image(requests.Recraft),
    "fal-ai/nano-banana-2": _image(requests.Banana, usd=0.08),
    FRESH: _image(requests.Fresh, usd=0.03),
    "fal-ai/flux-2/edit": _edit(requests.Flux2Edit),
    FRESH_EDIT: _edit(requests.Flux2Edit),
    "fal-ai/qwen-image-2/edit": _edit(requests.QwenEdit),
    "bytedance/seedream/v5/pro/edit": _edit(requests.SeedreamEdit),
    "fal-ai/nano-banana-2/edit": _edit(requests.BananaEdit),
    "fal-ai/flux-pro/kontext": _edit(requests.Kontext),
    "bytedance/seedance-2.0/text-to-video": _video(requests.Seedance),
    "fal-ai/ltx-2.3/text-to-video/fast": _video(requests.Ltx),
    "bytedance/seedance-2.0/fast/text-to-video": _video(requests.SeedanceFast),
    "fal-ai/kling-video/v3/pro/text-to-video": _video(requests.KlingText),
    "fal-ai/kling-video/v3/turbo/pro/text-to-video": _video(requests.KlingTurboText),
    "fal-ai/veo3.1/fast": _video(requests.Veo),
    "fal-ai/wan/v2.7/text-to-video": _video(requests.WanText),
    "fal-ai/minimax/hailuo-2.3/standard/text-to-video": _video(requests.Hailuo),
    "bytedance/seedance-2.0/image-to-video": _frames(requests.SeedanceImage),
    "fal-ai/ltx-2.3/image-to-video/fast": _frames(requests.LtxImage),
    "bytedance/seedance-2.0/fast/image-to-video": _frames(requests.SeedanceFastImage),
    "fal-ai/kling-video/v3/pro/image-to-video": _frames(requests.KlingImage),
    "fal-ai/kling-video/v3/turbo/pro/image-to-video": _frames(requests.KlingTurboImage),
    "fal-ai/veo3.1/fast/image-to-video": _frames(requests.VeoImage),
    "fal-ai/wan/v2.7/image-to-video": _frames(requests.WanImage),
    "fal-ai/minimax/speech-2.8-hd": _speech(requests.Minimax),
    "fal-ai/kokoro/american-english": _speech(requests.Kokoro),
    "fal-ai/minimax/speech-2.8-turbo": _speech(requests.Minimax),
    "fal-ai/elevenlabs/tts/eleven-v3": _speech(requests.ElevenSpeech),
    "fal-ai/chatterbox/text-to-speech/multilingual": _speech(requests.Chatterbox),
    "fal-ai/elevenlabs/music": _audio(requests.ElevenMusic, "minutes"),
    "fal-ai/ace-step/prompt-to-audio": _audio(requests.AceStep, "seconds"),
    "fal-ai/lyria3/pro": _audio(requests.Lyria, "requests"),
    "fal-ai/lyria3": _audio(requests.Lyria, "requests"),
    "fal-ai/stable-audio-3/medium/text-to-audio": _audio(requests.StableAudio, "compute seconds"),
    "fal-ai/elevenlabs/sound-effects/v2": _audio(requests.ElevenSound, "seconds"),
    "fal-ai/stable-audio-3/small/sfx/text-to-audio": _audio(requests.StableAudio, "compute seconds"),
    "sonilo/v1.1/text-to-sound-effects": _audio(requests.Sonilo, "requests"),
}
"""Every endpoint, by its id."""
