"""The endpoints that are known without asking fal; any other is looked up by its id.

They become models in the same way as one that is looked up. https://fal.ai/models/ID shows each.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from mediasmith.plugin.contract import Price
from mediasmith.plugin.kinds import Kind
from mediasmith_backends.fal import endpoint_inputs as inputs
from mediasmith_backends.fal.endpoint_inputs import URL, URLS, Inputs, one_of
from mediasmith_backends.fal.errors import PAGE
from mediasmith_backends.input_schema import SchemaModel, schema_model

_PRICED = date(2026, 11, 30)

_SEEDANCE_PRICES = {"480p": 0.1346, "720p": 0.3034, "1080p": 0.682, "4K": 1.5552}
_BANANA_PRICES = {"512": 0.06, "1K": 0.08, "2K": 0.12, "4K": 0.16}


def _model(
    kind: Kind, endpoint: str, *some: Inputs, draft: bool = False, note: str = "", prices: tuple[Price, ...] = ()
) -> SchemaModel:
    fields = {name: field for one in some for name, field in one.items()}
    schema = {
        "type": "object",
        "properties": {name.removesuffix("*"): field for name, field in fields.items()},
        "required": [name.removesuffix("*") for name in fields if name.endswith("*")],
    }
    return schema_model(endpoint, schema, kind=kind, draft=draft, note=note, prices=prices)


def _price(endpoint: str, per: Literal["image", "second", "1k_chars"], usd: float, **when: str) -> Price:
    return Price(usd=usd, per=per, when=when, as_of=_PRICED, source=PAGE + endpoint)


def _priced_by_size(endpoint: str, per: Literal["image", "second"], prices: Mapping[str, float]) -> tuple[Price, ...]:
    return tuple(_price(endpoint, per, usd, size=size) for size, usd in prices.items())


_BANANA_2, _SEEDREAM_5, _SEEDANCE_2 = "fal-ai/nano-banana-2", "bytedance/seedream/v5/pro", "bytedance/seedance-2.0"
_KLING_3 = "fal-ai/kling-video/v3"

IMAGE_MODELS = (
    _model("image", "fal-ai/flux-2", inputs.FLUX_2),
    _model("image", "fal-ai/z-image/turbo", inputs.Z_IMAGE, draft=True),
    _model("image", "fal-ai/flux-2-pro", inputs.FLUX_2_PRO),
    _model("image", f"{_SEEDREAM_5}/text-to-image", inputs.SEEDREAM),
    _model("image", "ideogram/v4", inputs.IDEOGRAM, note="Good at lettering."),
    _model("image", "fal-ai/recraft/v4.1/text-to-vector", inputs.RECRAFT, note="Draws SVG."),
    _model("image", _BANANA_2, inputs.BANANA, prices=_priced_by_size(_BANANA_2, "image", _BANANA_PRICES)),
)
"""Images from words, the default first."""

EDIT_MODELS = (
    _model("image", "fal-ai/flux-2/edit", inputs.FLUX_2, {"image_urls*": URLS}),
    _model("image", "fal-ai/qwen-image-2/edit", inputs.QWEN, {"image_urls*": URLS}),
    _model("image", f"{_SEEDREAM_5}/edit", inputs.SEEDREAM, {"image_urls*": URLS}),
    _model("image", f"{_BANANA_2}/edit", inputs.BANANA, {"image_urls*": URLS, "audio_url": URL, "video_url": URL}),
    _model("image", "fal-ai/flux-pro/kontext", inputs.KONTEXT, inputs.STARTED),
)
"""Images from words and images, the default first."""

VIDEO_MODELS = (
    _model(
        *("video", f"{_SEEDANCE_2}/text-to-video", inputs.SEEDANCE),
        prices=_priced_by_size(f"{_SEEDANCE_2}/text-to-video", "second", _SEEDANCE_PRICES),
    ),
    _model("video", "fal-ai/ltx-2.3/text-to-video/fast", inputs.LTX, draft=True),
    _model("video", f"{_SEEDANCE_2}/fast/text-to-video", inputs.SEEDANCE_FAST),
    _model("video", f"{_KLING_3}/pro/text-to-video", inputs.KLING_PRO, inputs.KLING_SHAPE),
    _model("video", f"{_KLING_3}/turbo/pro/text-to-video", inputs.KLING, inputs.KLING_SHAPE),
    _model("video", "fal-ai/veo3.1/fast", inputs.VEO),
    _model(
        *("video", "fal-ai/wan/v2.7/text-to-video", inputs.PROMPT, inputs.WAN),
        {"aspect_ratio": one_of("16:9", "9:16", "1:1", "4:3", "3:4")},
    ),
    _model("video", "fal-ai/minimax/hailuo-2.3/standard/text-to-video", inputs.HAILUO),
)
"""Videos from words, the default first."""

FRAME_MODELS = (
    _model(
        *("video", f"{_SEEDANCE_2}/image-to-video", inputs.SEEDANCE, inputs.STARTED, inputs.ENDED),
        prices=_priced_by_size(f"{_SEEDANCE_2}/image-to-video", "second", _SEEDANCE_PRICES),
    ),
    _model("video", "fal-ai/ltx-2.3/image-to-video/fast", inputs.LTX, inputs.STARTED, inputs.ENDED, draft=True),
    _model("video", f"{_SEEDANCE_2}/fast/image-to-video", inputs.SEEDANCE_FAST, inputs.STARTED, inputs.ENDED),
    _model("video", f"{_KLING_3}/pro/image-to-video", inputs.KLING_PRO, {"start_image_url*": URL}, inputs.ENDED),
    _model("video", f"{_KLING_3}/turbo/pro/image-to-video", inputs.KLING, inputs.STARTED),
    _model("video", "fal-ai/veo3.1/fast/image-to-video", inputs.VEO, inputs.STARTED),
    _model(
        "video",
        "fal-ai/wan/v2.7/image-to-video",
        {"prompt": inputs.TEXT, "image_url*": URL, "video_url": URL},
        inputs.WAN,
        inputs.ENDED,
    ),
)
"""Videos from a first frame, the default first."""

_SPEECH_HD, _KOKORO_EN = "fal-ai/minimax/speech-2.8-hd", "fal-ai/kokoro/american-english"

_MINIMAX_VOICES = "Voices: Wise_Woman, Deep_Voice_Man, and others."

SPEECH_MODELS = (
    _model("speech", _SPEECH_HD, inputs.MINIMAX, prices=(_price(_SPEECH_HD, "1k_chars", 0.1),), note=_MINIMAX_VOICES),
    _model("speech", _KOKORO_EN, inputs.KOKORO, draft=True, prices=(_price(_KOKORO_EN, "1k_chars", 0.02),)),
    _model("speech", "fal-ai/minimax/speech-2.8-turbo", inputs.MINIMAX, note=_MINIMAX_VOICES),
    _model("speech", "fal-ai/elevenlabs/tts/eleven-v3", inputs.ELEVEN_V3, note="Voices: Rachel, and others."),
    _model("speech", "fal-ai/chatterbox/text-to-speech/multilingual", inputs.CHATTERBOX, note="Speaks 23 languages."),
)
"""Texts read aloud, the default first."""

MUSIC_MODELS = (
    _model("music", "fal-ai/elevenlabs/music", inputs.ELEVEN_MUSIC),
    _model("music", "fal-ai/ace-step/prompt-to-audio", inputs.ACE_STEP, draft=True),
    _model("music", "fal-ai/lyria3/pro", inputs.LYRIA),
    _model("music", "fal-ai/lyria3", inputs.LYRIA),
    _model("music", "fal-ai/stable-audio-3/medium/text-to-audio", inputs.STABLE_AUDIO),
)
"""Music, the default first."""

SOUND_MODELS = (
    _model("sound_effect", "fal-ai/elevenlabs/sound-effects/v2", inputs.ELEVEN_SOUND),
    _model("sound_effect", "fal-ai/stable-audio-3/small/sfx/text-to-audio", inputs.STABLE_AUDIO, draft=True),
    _model("sound_effect", "sonilo/v1.1/text-to-sound-effects", inputs.SONILO),
)
"""Sounds, the default first."""
