"""Workflows in the API format, as a user may have them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from mediasmith.plugin.kinds import Kind
from mediasmith.testing import AdapterHarness

Graph: TypeAlias = dict[str, dict[str, Any]]
"""A workflow as its file has it."""


Making: TypeAlias = "Callable[..., AdapterHarness]"
"""A fixture: returns what makes a kind with workflows by name, or with those below."""


def node(kind: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    """A node; a tuple among its inputs is a link."""
    return {"class_type": kind, "inputs": json.loads(json.dumps(inputs)), "_meta": {"title": title or kind}}


def sampled(latent: dict[str, Any], more: Graph, *, title: str = "") -> Graph:
    """A workflow up to its sampler, node "5": `latent` is what it begins with."""
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="sd_xl_base_1.0.safetensors"),
        "2": node("CLIPTextEncode", text="a boat", clip=("1", 1)),
        "3": node("CLIPTextEncode", text="blurry", clip=("1", 1)),
        "4": latent,
        "5": node(
            "KSampler",
            title,
            model=("1", 0),
            seed=1,
            steps=20,
            cfg=7,
            sampler_name="euler",
            scheduler="normal",
            positive=("2", 0),
            negative=("3", 0),
            latent_image=("4", 0),
            denoise=1,
        ),
        **more,
    }


def drawn(latent: dict[str, Any], more: Graph | None = None, *, title: str = "") -> Graph:
    """A workflow that saves an image."""
    graph = sampled(latent, more or {}, title=title)
    graph["6"] = node("VAEDecode", samples=("5", 0), vae=("1", 2))
    graph["7"] = node("SaveImage", images=("6", 0), filename_prefix="made")
    return graph


def filmed(latent: dict[str, Any], more: Graph | None = None) -> Graph:
    """A workflow that saves a video; of `$duration` seconds, so to speak."""
    graph = sampled(latent, more or {})
    graph["6"] = node("VAEDecode", samples=("5", 0), vae=("1", 2))
    graph["8"] = node("PrimitiveFloat", "$duration", value=5)
    graph["9"] = node("CreateVideo", images=("6", 0), fps=("8", 0))
    graph["10"] = node("SaveVideo", video=("9", 0), filename_prefix="made", format="auto", codec="auto")
    return graph


def heard(kind: str) -> Graph:
    """A workflow that saves a sound."""
    graph = sampled(node("EmptyLatentAudio", "$duration", seconds=30, batch_size=1), {})
    graph["6"] = node("VAEDecodeAudio", samples=("5", 0), vae=("1", 2))
    graph["7"] = node("SaveAudioMP3", f"$kind {kind}", audio=("6", 0), filename_prefix="made", quality="V0")
    return graph


CANVAS = node("EmptyLatentImage", width=256, height=192, batch_size=1)
"""What images begin with."""

_FILM = node("Wan22ImageToVideoLatent", vae=("1", 2), width=64, height=64, length=25, batch_size=1)

_REDRAWN = node("VAEEncode", pixels=("11", 0), vae=("1", 2))

_MASKED = {
    "11": node("LoadImage", "$image", image="example.png"),
    "12": node("LoadImageMask", "$mask", image="example.png", channel="alpha"),
    "13": _REDRAWN,
}

_FRAMES = {
    "11": node("LoadImage", "$first_frame", image="example.png"),
    "12": node("LoadImage", "$last_frame", image="example.png"),
    "13": node("LoadImage", "$image", image="example.png"),
}

_RECORDINGS = {
    "11": node("LoadAudio", "$audio", audio="example.png"),
    "12": node("LoadVideo", "$video", file="example.png"),
}

WORKFLOWS: Mapping[Kind, Mapping[str, Graph]] = {
    "image": {
        "draw": drawn(CANVAS, title="$steps $sampler_name"),
        "redraw": drawn(_REDRAWN, {"11": node("LoadImage", image="example.png")}),
        "retouch": drawn(node("SetLatentNoiseMask", samples=("13", 0), mask=("12", 0)), _MASKED),
    },
    "video": {
        "film": filmed(_FILM),
        "animate": filmed(_FILM, _FRAMES),
        "dub": filmed(_FILM, _RECORDINGS),
    },
    "music": {"tune": heard("music")},
    "sound_effect": {"noise": heard("sound_effect")},
}
"""Workflows that together take every word and every file, by what they make."""


def write(folder: Path, **graphs: object) -> Path:
    """Write workflows into a folder, by default all of them, and return it."""
    folder.mkdir(exist_ok=True)
    for name, graph in (graphs or {name: one for kind in WORKFLOWS.values() for name, one in kind.items()}).items():
        (folder / f"{name}.json").write_text(json.dumps(graph), encoding="utf-8")
    return folder
