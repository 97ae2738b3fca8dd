"""The inputs of the endpoints that are known without asking fal, as its own schemas have them.

A `*` marks an input that must be given. Read on 2026-08-02 from the types of fal's JavaScript client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Inputs: TypeAlias = "Mapping[str, Mapping[str, Any]]"
"""The JSON schema of each input, by its name."""

TEXT, _NUMBER, _WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
_YES = {"type": "boolean", "default": True}
_NO = {"type": "boolean", "default": False}
URL = {"type": "string", "format": "uri"}
URLS = {"type": "array", "items": URL}


def one_of(*values: str | int, default: str | int | None = None) -> Mapping[str, Any]:
    """Return the schema of a choice between values."""
    return {"enum": list(values)} if default is None else {"enum": list(values), "default": default}


def _numbers(low: float, high: float) -> Mapping[str, Any]:
    return {"type": "number", "minimum": low, "maximum": high}


_SIDES = {"type": "object", "properties": {"width": _WHOLE, "height": _WHOLE}}
_SHAPES = ("square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9")


def _size(*tiers: str) -> Mapping[str, Any]:
    return {"anyOf": [one_of(*_SHAPES, *tiers), _SIDES]}


PROMPT: Inputs = {"prompt*": TEXT}
_CHECKED: Inputs = {"enable_safety_checker": _YES}
_STRICTNESS: Inputs = {"safety_tolerance": one_of("1", "2", "3", "4", "5")}
_DRAWN: Inputs = {
    **PROMPT,
    **_CHECKED,
    "image_size": _size(),
    "num_images": _WHOLE,
    "seed": _WHOLE,
    "output_format": one_of("jpeg", "png", "webp"),
}
FLUX_2: Inputs = {
    **_DRAWN,
    "guidance_scale": {**_NUMBER, "default": 2.5},
    "num_inference_steps": {**_WHOLE, "default": 28},
    "acceleration": one_of("none", "regular", "high", default="regular"),
    "enable_prompt_expansion": _NO,
}
Z_IMAGE: Inputs = {
    **_DRAWN,
    "num_inference_steps": {**_WHOLE, "default": 8},
    "acceleration": one_of("none", "regular", "high", default="regular"),
    "enable_prompt_expansion": _NO,
}
FLUX_2_PRO: Inputs = {
    **PROMPT,
    **_CHECKED,
    **_STRICTNESS,
    "image_size": _size(),
    "seed": _WHOLE,
    "output_format": one_of("jpeg", "png"),
}
SEEDREAM: Inputs = {
    **PROMPT,
    **_CHECKED,
    "image_size": {**_size("auto_1K", "auto_2K"), "default": "auto_2K"},
    "num_images": _WHOLE,
    "output_format": one_of("jpeg", "png"),
}
IDEOGRAM: Inputs = {
    **PROMPT,
    **_CHECKED,
    "image_size": _size(),
    "num_images": _WHOLE,
    "seed": _WHOLE,
    "output_format": one_of("jpeg", "png"),
    "rendering_speed": one_of("TURBO", "BALANCED", "QUALITY", default="BALANCED"),
    "expansion_model": one_of("None", "Medium", "Large", default="Medium"),
}
_COLOUR = {"type": "object", "properties": {"r": _WHOLE, "g": _WHOLE, "b": _WHOLE}}
RECRAFT: Inputs = {
    **PROMPT,
    **_CHECKED,
    "image_size": _size(),
    "colors": {"type": "array", "items": _COLOUR},
    "background_color": _COLOUR,
}
_RATIOS = ("21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16")
BANANA: Inputs = {
    **PROMPT,
    "aspect_ratio": one_of("auto", *_RATIOS, "4:1", "1:4", "8:1", "1:8"),
    "resolution": one_of("0.5K", "1K", "2K", "4K"),
    "num_images": _WHOLE,
    "seed": _WHOLE,
    "output_format": one_of("jpeg", "png", "webp"),
    "safety_tolerance": one_of("1", "2", "3", "4", "5", "6"),
    "system_prompt": TEXT,
    "thinking_level": one_of("minimal", "high"),
    "enable_web_search": _NO,
}
QWEN: Inputs = {**_DRAWN, "negative_prompt": TEXT, "enable_prompt_expansion": _YES}
KONTEXT: Inputs = {
    **PROMPT,
    "aspect_ratio": one_of("21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21"),
    "num_images": _WHOLE,
    "seed": _WHOLE,
    "output_format": one_of("jpeg", "png"),
    "guidance_scale": {**_NUMBER, "default": 3.5},
    "safety_tolerance": one_of("1", "2", "3", "4", "5", "6"),
    "enhance_prompt": _NO,
}


def _seconds(low: int, high: int, *others: str) -> Mapping[str, Any]:
    return one_of(*others, *map(str, range(low, high + 1)))


KLING: Inputs = {"prompt": TEXT, "duration": _seconds(3, 15)}
KLING_PRO: Inputs = {**KLING, "generate_audio": _YES, "negative_prompt": TEXT, "cfg_scale": _numbers(0, 1)}
KLING_SHAPE: Inputs = {"aspect_ratio": one_of("16:9", "9:16", "1:1")}
SEEDANCE: Inputs = {
    **PROMPT,
    "aspect_ratio": one_of("auto", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"),
    "resolution": one_of("480p", "720p", "1080p", "4k"),
    "duration": _seconds(4, 15, "auto"),
    "generate_audio": _YES,
    "bitrate_mode": one_of("standard", "high", default="standard"),
}
SEEDANCE_FAST: Inputs = {**SEEDANCE, "resolution": one_of("480p", "720p")}
WAN: Inputs = {
    **_CHECKED,
    "resolution": one_of("720p", "1080p"),
    "duration": one_of(*range(2, 16)),
    "negative_prompt": TEXT,
    "seed": _WHOLE,
    "audio_url": URL,
    "enable_prompt_expansion": _YES,
}
LTX: Inputs = {
    **PROMPT,
    "aspect_ratio": one_of("16:9", "9:16"),
    "resolution": one_of("1080p", "1440p", "2160p"),
    "duration": one_of(*range(6, 21, 2)),
    "fps": one_of(24, 25, 48, 50, default=25),
    "generate_audio": _YES,
}
VEO: Inputs = {
    **PROMPT,
    "aspect_ratio": one_of("16:9", "9:16"),
    "resolution": one_of("720p", "1080p", "4k"),
    "duration": one_of("4s", "6s", "8s"),
    "generate_audio": _YES,
    "negative_prompt": TEXT,
    "seed": _WHOLE,
    "safety_tolerance": one_of("1", "2", "3", "4", "5", "6"),
}
HAILUO: Inputs = {**PROMPT, "duration": one_of("6", "10"), "prompt_optimizer": _YES}
STARTED: Inputs = {"image_url*": URL}
ENDED: Inputs = {"end_image_url": URL}

_MOODS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral")
MINIMAX: Inputs = {
    **PROMPT,
    "voice_setting": {
        "type": "object",
        "properties": {
            "voice_id": TEXT,
            "speed": _numbers(0.5, 2),
            "vol": _numbers(0, 10),
            "pitch": {"type": "integer", "minimum": -12, "maximum": 12},
            "emotion": one_of(*_MOODS),
        },
    },
    "audio_setting": {
        "type": "object",
        "properties": {
            "format": one_of("mp3", "pcm", "flac"),
            "sample_rate": one_of(8000, 16000, 22050, 24000, 32000, 44100),
            "bitrate": one_of(32000, 64000, 128000, 256000),
            "channel": one_of(1, 2),
        },
    },
    "language_boost": TEXT,
    "output_format": one_of("url", "hex"),
}
CHATTERBOX: Inputs = {
    "text*": TEXT,
    "voice": {**TEXT, "description": "A language in English, such as german, or the URL of a recording."},
    "seed": _WHOLE,
    "exaggeration": _NUMBER,
    "temperature": _NUMBER,
    "cfg_scale": _NUMBER,
}
_KOKORO_VOICES = (
    *("af_heart", "af_alloy", "af_aoede", "af_bella", "af_jessica", "af_kore", "af_nicole", "af_nova", "af_river"),
    *("af_sarah", "af_sky", "am_adam", "am_echo", "am_eric", "am_fenrir", "am_liam", "am_michael", "am_onyx"),
    *("am_puck", "am_santa"),
)
KOKORO: Inputs = {"prompt": TEXT, "voice": one_of(*_KOKORO_VOICES), "speed": _NUMBER}
ELEVEN_V3: Inputs = {
    "text*": TEXT,
    "voice": TEXT,
    "stability": _numbers(0, 1),
    "language_code": TEXT,
    "apply_text_normalization": one_of("auto", "on", "off", default="auto"),
}

_ELEVEN_FORMATS = ("mp3_22050_32", "mp3_44100_64", "mp3_44100_128", "mp3_44100_192", "opus_48000_128")
_ELEVEN_FORMAT = one_of(*_ELEVEN_FORMATS, default="mp3_44100_128")
ELEVEN_MUSIC: Inputs = {
    "prompt": TEXT,
    "music_length_ms": {"type": "integer", "minimum": 3000, "maximum": 600_000},
    "force_instrumental": _NO,
    "output_format": _ELEVEN_FORMAT,
}
ACE_STEP: Inputs = {
    **PROMPT,
    "duration": _NUMBER,
    "seed": _WHOLE,
    "instrumental": _NO,
    "number_of_steps": {**_WHOLE, "default": 27},
    "guidance_scale": {**_NUMBER, "default": 15},
}
LYRIA: Inputs = {**PROMPT, "image_url": URL}
STABLE_AUDIO: Inputs = {
    **PROMPT,
    **_CHECKED,
    "duration": _NUMBER,
    "negative_prompt": TEXT,
    "seed": _WHOLE,
    "output_format": one_of("mp3", "wav", "flac", "ogg", "opus", "m4a", "aac"),
    "num_inference_steps": {**_WHOLE, "default": 50},
    "guidance_scale": {**_NUMBER, "default": 7},
}
ELEVEN_SOUND: Inputs = {
    "text*": TEXT,
    "duration_seconds": _numbers(0.5, 22),
    "loop": _NO,
    "prompt_influence": _numbers(0, 1),
    "output_format": _ELEVEN_FORMAT,
}
SONILO: Inputs = {**PROMPT, "duration": _NUMBER, "audio_format": one_of("wav", "mp3", "aac", "flac")}
