"""The models that the fake runs, and how Replicate describes them: the schema that cog writes for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, TypeAlias

Field: TypeAlias = Mapping[str, Any]
"""The JSON schema of one input."""

_URI: Field = {"type": "string", "format": "uri"}


def _text(**more: Any) -> Field:
    return {"type": "string", **more}


def _whole(low: int, high: int, **more: Any) -> Field:
    return {"type": "integer", "minimum": low, "maximum": high, **more}


def _number(low: float, high: float, **more: Any) -> Field:
    return {"type": "number", "minimum": low, "maximum": high, **more}


def _choice(default: str, *others: str) -> Field:
    return {"type": "string", "enum": [default, *others], "default": default}


def _flag(default: bool) -> Field:
    return {"type": "boolean", "default": default}


_PROMPT: Field = _text(description="What to make")
_SEED: Field = {"type": "integer", "nullable": True}
_FILE: Field = {**_URI, "nullable": True}
_FILES: Field = {"type": "array", "items": _URI, "default": []}


@dataclass(frozen=True, kw_only=True)
class Served:
    """A model. `makes` is the extension of its files by default, or "txt"; `shape` is the form of its output.

    A model that is not official is run by its version.
    """

    makes: Literal["webp", "png", "jpg", "mp4", "mp3", "wav", "txt"]
    shape: Literal["one", "list", "object"] = "one"
    official: bool = True
    inputs: Mapping[str, Field]
    required: tuple[str, ...] = ("prompt",)
    example: bool = True


def _seedance(*resolutions: str) -> Served:
    inputs = {
        "prompt": _PROMPT,
        "image": _FILE,
        "last_frame_image": _FILE,
        "reference_images": _FILES,
        "duration": _whole(-1, 15, default=5),
        "resolution": _choice(*resolutions),
        "aspect_ratio": _choice("16:9", "9:16", "1:1", "4:3", "3:4", "21:9", "9:21", "adaptive"),
        "generate_audio": _flag(True),
        "seed": _SEED,
    }
    return Served(makes="mp4", inputs=inputs)


_RATIOS = ("16:9", "9:16", "3:2", "2:3", "4:5", "5:4", "4:3", "3:4", "21:9", "9:21")

MODELS: Mapping[str, Served] = {
    "black-forest-labs/flux-2-pro": Served(
        makes="webp",
        inputs={
            "prompt": _PROMPT,
            "input_images": _FILES,
            "aspect_ratio": _choice("1:1", "match_input_image", "custom", *_RATIOS),
            "resolution": _choice("1 MP", "match_input_image", "0.5 MP", "2 MP", "4 MP"),
            "seed": _SEED,
            "output_format": _choice("webp", "jpg", "png"),
            "output_quality": _whole(0, 100, default=80),
            "safety_tolerance": _whole(1, 5, default=2),
        },
    ),
    "google/nano-banana-2": Served(
        makes="jpg",
        inputs={
            "prompt": _PROMPT,
            "image_input": _FILES,
            "aspect_ratio": _choice("match_input_image", "1:1", *_RATIOS[:9]),
            "resolution": _choice("1K", "2K", "4K"),
            "output_format": _choice("jpg", "png"),
        },
    ),
    "black-forest-labs/flux-kontext-pro": Served(
        makes="png",
        inputs={
            "prompt": _PROMPT,
            "input_image": _FILE,
            "aspect_ratio": _choice("match_input_image", "1:1", *_RATIOS),
            "seed": _SEED,
            "output_format": _choice("png", "jpg"),
            "safety_tolerance": _whole(0, 6, default=2),
            "prompt_upsampling": _flag(False),
        },
    ),
    "black-forest-labs/flux-schnell": Served(
        makes="webp",
        shape="list",
        inputs={
            "prompt": _PROMPT,
            "aspect_ratio": _choice("1:1", *_RATIOS),
            "num_outputs": _whole(1, 4, default=1),
            "num_inference_steps": _whole(1, 4, default=4),
            "seed": _SEED,
            "output_format": _choice("webp", "jpg", "png"),
            "output_quality": _whole(0, 100, default=80),
            "go_fast": _flag(True),
            "megapixels": _choice("1", "0.25"),
        },
    ),
    "bytedance/seedance-2.0": _seedance("720p", "480p", "1080p"),
    "bytedance/seedance-2.0-fast": _seedance("720p", "480p"),
    "minimax/speech-2.8-turbo": Served(
        makes="mp3",
        required=("text",),
        inputs={
            "text": _text(),
            "voice_id": _text(default="Wise_Woman"),
            "speed": _number(0.5, 2, default=1),
            "volume": _number(0, 10, default=1),
            "pitch": _whole(-12, 12, default=0),
            "emotion": _choice("auto", "happy", "sad", "angry", "fearful", "calm"),
            "audio_format": _choice("mp3", "wav", "flac"),
            "language_boost": _choice("None", "Automatic", "English", "German", "French"),
        },
    ),
    "elevenlabs/music": Served(
        makes="mp3",
        inputs={
            "prompt": _PROMPT,
            "music_length_ms": _whole(5_000, 300_000, default=10_000),
            "force_instrumental": _flag(True),
            "output_format": _choice("mp3_standard", "mp3_high_quality", "wav_16khz", "wav_cd_quality"),
        },
    ),
    "google/lyria-3": Served(
        makes="mp3",
        shape="object",
        inputs={"prompt": _PROMPT, "negative_prompt": _text(default=""), "seed": _SEED},
    ),
    "acme/kites": Served(
        makes="png",
        shape="list",
        official=False,
        inputs={
            "prompt": _PROMPT,
            "image": _FILE,
            "mask": _FILE,
            "width": _whole(64, 2048, default=1024),
            "height": _whole(64, 2048, default=1024),
            "num_outputs": _whole(1, 4, default=1),
            "scheduler": _choice("DDIM", "K_EULER"),
            "seed": _SEED,
        },
    ),
    "acme/enlarger": Served(makes="png", inputs={"image": _URI, "scale": _whole(2, 4, default=2)}, required=("image",)),
    "acme/silent": Served(makes="png", official=False, example=False, inputs={"prompt": _PROMPT, "seed": _SEED}),
    "acme/talker": Served(makes="txt", shape="list", inputs={"prompt": _PROMPT, "max_tokens": _whole(1, 4096)}),
}
"""Every model by its name, with the inputs that users of it name (2026); those of acme are made up."""


def version_of(name: str) -> str:
    """Return the id of the one version of a model."""
    return sha256(name.encode()).hexdigest()


def openapi_schema(served: Served) -> Mapping[str, Any]:
    """Return the schema as cog writes it: a choice is a schema of its own, which the input refers to."""
    inputs: dict[str, Any] = {}
    choices: dict[str, Any] = {}
    for place, (name, field) in enumerate(served.inputs.items()):
        inputs[name] = {"x-order": place, **field}
        if "enum" in field:
            choices[name] = {"type": field["type"], "title": name, "enum": field["enum"], "description": "A choice."}
            inputs[name] = {
                "x-order": place,
                "allOf": [{"$ref": f"#/components/schemas/{name}"}],
                "default": field["default"],
            }
        else:
            inputs[name]["title"] = name.replace("_", " ").title()
    schemas = {
        "Input": {"type": "object", "title": "Input", "required": list(served.required), "properties": inputs},
        "Output": _output(served),
        **choices,
    }
    return {"openapi": "3.0.2", "info": {"title": "Cog", "version": "0.1.0"}, "components": {"schemas": schemas}}


def _output(served: Served) -> Mapping[str, Any]:
    one = {"type": "string"} if served.makes == "txt" else dict(_URI)
    if served.shape == "object":
        return {"type": "object", "title": "Output", "properties": {"audio": one, "lyrics": {"type": "string"}}}
    return {"type": "array", "items": one, "title": "Output"} if served.shape == "list" else {**one, "title": "Output"}
