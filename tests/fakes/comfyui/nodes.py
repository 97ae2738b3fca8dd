"""The types of nodes that the fake knows, and what each input takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number, whole or not, within bounds."""

    type: Literal["INT", "FLOAT"] = "INT"
    low: float = 0
    high: float = 2**64 - 1


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of these texts. `files` are a folder's: "models" or "input"."""

    values: tuple[str, ...] = ()
    files: Literal["", "models", "input"] = ""


Input: TypeAlias = "Number | Choice | str"
"""What an input takes: a number, a choice, STRING or BOOLEAN; or by the name of its type a link only."""


@dataclass(frozen=True, kw_only=True)
class NodeType:
    """A type of node. `saves` is what an output node makes."""

    inputs: Mapping[str, Input]
    optional: Mapping[str, Input] = field(default_factory=dict[str, Input])
    outputs: tuple[str, ...] = ()
    saves: Literal["", "images", "previews", "films", "sounds"] = ""


_SIDE = Number(low=16, high=16384)
_ANY_SIDE = Number(low=1, high=16384)
_COUNT = Number(low=1, high=4096)
_SEED = Number()
_HUGE = 2**63 - 1
_STEPS = Number(low=1, high=10_000)
_MODEL, _INPUT = Choice(files="models"), Choice(files="input")
_SAMPLERS = Choice(values=("euler", "uni_pc", "dpmpp_2m"))
_SCHEDULERS = Choice(values=("simple", "normal", "karras"))
_EMPTY: Mapping[str, Input] = {"width": _SIDE, "height": _SIDE, "batch_size": _COUNT}

NODES: Mapping[str, NodeType] = {
    "BasicGuider": NodeType(inputs={"model": "MODEL", "conditioning": "CONDITIONING"}, outputs=("GUIDER",)),
    "BasicScheduler": NodeType(
        inputs={"model": "MODEL", "scheduler": _SCHEDULERS, "steps": _STEPS, "denoise": Number(type="FLOAT", high=1)},
        outputs=("SIGMAS",),
    ),
    "CLIPLoader": NodeType(
        inputs={"clip_name": _MODEL, "type": Choice(values=("stable_diffusion", "wan"))}, outputs=("CLIP",)
    ),
    "CLIPTextEncode": NodeType(inputs={"text": "STRING", "clip": "CLIP"}, outputs=("CONDITIONING",)),
    "CheckpointLoaderSimple": NodeType(inputs={"ckpt_name": _MODEL}, outputs=("MODEL", "CLIP", "VAE")),
    "ConditioningZeroOut": NodeType(inputs={"conditioning": "CONDITIONING"}, outputs=("CONDITIONING",)),
    "CreateVideo": NodeType(
        inputs={"images": "IMAGE", "fps": Number(type="FLOAT", low=1, high=120)},
        optional={"audio": "AUDIO"},
        outputs=("VIDEO",),
    ),
    "EmptyImage": NodeType(
        inputs={"width": _ANY_SIDE, "height": _ANY_SIDE, "batch_size": _COUNT, "color": Number(high=0xFFFFFF)},
        outputs=("IMAGE",),
    ),
    "EmptyLatentAudio": NodeType(
        inputs={"seconds": Number(type="FLOAT", low=1, high=1000), "batch_size": _COUNT}, outputs=("LATENT",)
    ),
    "EmptyLatentImage": NodeType(inputs=_EMPTY, outputs=("LATENT",)),
    "EmptySD3LatentImage": NodeType(inputs=_EMPTY, outputs=("LATENT",)),
    "FluxGuidance": NodeType(
        inputs={"conditioning": "CONDITIONING", "guidance": Number(type="FLOAT", high=100)}, outputs=("CONDITIONING",)
    ),
    "ImageScale": NodeType(
        inputs={
            "image": "IMAGE",
            "upscale_method": Choice(values=("bilinear", "area", "lanczos")),
            "width": Number(high=16384),
            "height": Number(high=16384),
            "crop": Choice(values=("disabled", "center")),
        },
        outputs=("IMAGE",),
    ),
    "KSampler": NodeType(
        inputs={
            "model": "MODEL",
            "seed": _SEED,
            "steps": _STEPS,
            "cfg": Number(type="FLOAT", high=100),
            "sampler_name": _SAMPLERS,
            "scheduler": _SCHEDULERS,
            "positive": "CONDITIONING",
            "negative": "CONDITIONING",
            "latent_image": "LATENT",
            "denoise": Number(type="FLOAT", high=1),
        },
        outputs=("LATENT",),
    ),
    "KSamplerSelect": NodeType(inputs={"sampler_name": _SAMPLERS}, outputs=("SAMPLER",)),
    "LoadAudio": NodeType(inputs={"audio": _INPUT}, outputs=("AUDIO",)),
    "LoadImage": NodeType(inputs={"image": _INPUT}, outputs=("IMAGE", "MASK")),
    "LoadImageMask": NodeType(
        inputs={"image": _INPUT, "channel": Choice(values=("alpha", "red", "green", "blue"))}, outputs=("MASK",)
    ),
    "LoadVideo": NodeType(inputs={"file": _INPUT}, outputs=("VIDEO",)),
    "PreviewImage": NodeType(inputs={"images": "IMAGE"}, saves="previews"),
    "PrimitiveFloat": NodeType(inputs={"value": Number(type="FLOAT", low=-_HUGE, high=_HUGE)}, outputs=("FLOAT",)),
    "PrimitiveInt": NodeType(inputs={"value": Number(low=-_HUGE, high=_HUGE)}, outputs=("INT",)),
    "PrimitiveStringMultiline": NodeType(inputs={"value": "STRING"}, outputs=("STRING",)),
    "RandomNoise": NodeType(inputs={"noise_seed": _SEED}, outputs=("NOISE",)),
    "SamplerCustomAdvanced": NodeType(
        inputs={
            "noise": "NOISE",
            "guider": "GUIDER",
            "sampler": "SAMPLER",
            "sigmas": "SIGMAS",
            "latent_image": "LATENT",
        },
        outputs=("LATENT", "LATENT"),
    ),
    "SaveAudioMP3": NodeType(
        inputs={"audio": "AUDIO", "filename_prefix": "STRING", "quality": Choice(values=("V0", "128k", "320k"))},
        saves="sounds",
    ),
    "SaveImage": NodeType(inputs={"images": "IMAGE", "filename_prefix": "STRING"}, saves="images"),
    "SaveVideo": NodeType(
        inputs={
            "video": "VIDEO",
            "filename_prefix": "STRING",
            "format": Choice(values=("auto", "mp4")),
            "codec": Choice(values=("auto", "h264")),
        },
        saves="films",
    ),
    "SetLatentNoiseMask": NodeType(inputs={"samples": "LATENT", "mask": "MASK"}, outputs=("LATENT",)),
    "UNETLoader": NodeType(
        inputs={"unet_name": _MODEL, "weight_dtype": Choice(values=("default", "fp8_e4m3fn"))}, outputs=("MODEL",)
    ),
    "VAEDecode": NodeType(inputs={"samples": "LATENT", "vae": "VAE"}, outputs=("IMAGE",)),
    "VAEDecodeAudio": NodeType(inputs={"samples": "LATENT", "vae": "VAE"}, outputs=("AUDIO",)),
    "VAEEncode": NodeType(inputs={"pixels": "IMAGE", "vae": "VAE"}, outputs=("LATENT",)),
    "VAELoader": NodeType(inputs={"vae_name": _MODEL}, outputs=("VAE",)),
    "Wan22ImageToVideoLatent": NodeType(
        inputs={"vae": "VAE", "width": _SIDE, "height": _SIDE, "length": _COUNT, "batch_size": _COUNT},
        optional={"start_image": "IMAGE"},
        outputs=("LATENT",),
    ),
}
"""Every type of node that the fake knows."""
