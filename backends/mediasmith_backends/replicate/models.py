"""The models that are used where no other is named.

Their names and inputs are as users of Replicate write them in 2026; none was tried. So Replicate is asked for each:
those that it does not have are left out, and of the others its own schema counts. Any other is looked up by its name,
and `MEDIASMITH_DEFAULTS` can put one first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import anyio

from mediasmith.plugin.contract import JSON
from mediasmith.plugin.kinds import Kind
from mediasmith_backends.input_schema import schema_model
from mediasmith_backends.replicate.client import Client
from mediasmith_backends.replicate.model_schema import ReplicateModel, fetch_model, replicate_model

_TEXT: JSON = {"type": "string"}
_WHOLE: JSON = {"type": "integer"}
_FLAG: JSON = {"type": "boolean"}
_FILE: JSON = {"type": "string", "format": "uri"}
_FILES: JSON = {"type": "array", "items": _FILE}


def _choice(*values: str) -> JSON:
    return {"type": "string", "enum": values}


def _range(low: float, high: float, form: str = "integer") -> JSON:
    return {"type": form, "minimum": low, "maximum": high}


_RATIOS = _choice("1:1", "16:9", "9:16", "3:2", "2:3", "4:3", "3:4", "4:5", "5:4", "21:9")
_FORMATS = _choice("webp", "jpg", "png")


def _declared(kind: Kind, name: str, *, prompt: str = "prompt", draft: bool = False, **inputs: JSON) -> ReplicateModel:
    schema = {"type": "object", "properties": {prompt: _TEXT, **inputs}, "required": [prompt]}
    return replicate_model(schema_model(name, schema, kind=kind, draft=draft))


def _video(name: str, *, draft: bool = False) -> ReplicateModel:
    return _declared(
        "video",
        name,
        draft=draft,
        image=_FILE,
        last_frame_image=_FILE,
        reference_images=_FILES,
        aspect_ratio=_choice("16:9", "9:16", "1:1", "4:3", "3:4", "21:9"),
        resolution=_choice("480p", "720p"),
        duration=_range(4, 15),
        generate_audio=_FLAG,
        seed=_WHOLE,
    )


MODELS: Mapping[Kind, tuple[ReplicateModel, ...]] = {
    "image": (
        _declared(
            "image",
            "black-forest-labs/flux-2-pro",
            input_images=_FILES,
            aspect_ratio=_RATIOS,
            output_format=_FORMATS,
            seed=_WHOLE,
        ),
        _declared(
            "image",
            "google/nano-banana-2",
            image_input=_FILES,
            aspect_ratio=_RATIOS,
            resolution=_choice("1K", "2K", "4K"),
            output_format=_choice("jpg", "png"),
        ),
        _declared(
            "image",
            "black-forest-labs/flux-schnell",
            draft=True,
            aspect_ratio=_RATIOS,
            num_outputs=_range(1, 4),
            output_format=_FORMATS,
            seed=_WHOLE,
        ),
    ),
    "video": (_video("bytedance/seedance-2.0"), _video("bytedance/seedance-2.0-fast", draft=True)),
    "speech": (
        _declared(
            "speech",
            "minimax/speech-2.8-turbo",
            prompt="text",
            draft=True,
            voice_id=_TEXT,
            speed=_range(0.5, 2, "number"),
            audio_format=_choice("mp3", "wav", "flac"),
        ),
    ),
    "music": (
        _declared(
            "music",
            "elevenlabs/music",
            music_length_ms=_range(5_000, 300_000),
            output_format=_choice("mp3_high_quality", "wav_cd_quality"),
        ),
        _declared("music", "google/lyria-3"),
    ),
}
"""The models of each kind, the default first."""


async def served_models(kind: Kind, client: Client) -> Sequence[ReplicateModel]:
    """Return those of the models that Replicate has, as it describes them."""
    found: dict[str, ReplicateModel] = {}

    async def fetch(declared: ReplicateModel) -> None:
        if model := await fetch_model(kind, client, declared.id):
            found[declared.id] = replace(model, draft=declared.draft)

    async with anyio.create_task_group() as task_group:
        for declared in MODELS[kind]:
            task_group.start_soon(fetch, declared)
    return [found[declared.id] for declared in MODELS[kind] if declared.id in found]
