"""Backends that are shaped like the real ones, declared but never called."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from fakes.backends import AnyJson
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Backend, Call, Capability, Model, Params, Result, Takes
from mediasmith.plugin.kinds import Kind, Role
from mediasmith.plugin.params import AspectRatio, Count, Seed, Size

AUDIO = Takes(mimes=("audio/mpeg", "audio/wav"))
VIDEO = Takes(mimes=("video/mp4",))

Effort = Literal["auto", "low", "medium", "high"]
Speed = Annotated[float, Field(ge=0.25, le=4)]


class OpenAIImage(Params):
    size: Size | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max"] | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    output_format: Literal["png", "jpeg", "webp", "gif", "svg"] | None = None
    n: Count = 1
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None


class OpenAISpeech(Params):
    voice: str | None = None
    instructions: str | None = None
    speed: Speed = 1.0
    output_format: Literal["mp3", "opus", "aac", "flac", "wav"] = "mp3"


class GoogleImage(Params):
    aspect_ratio: Literal["1:1", "2:3", "3:2", "9:16", "16:9", "21:9", "1:8", "8:1"] | None = None
    size: Literal["512", "1K", "2K", "4K"] | None = None
    seed: Seed | None = None


class GoogleVideo(Params):
    aspect_ratio: Literal["16:9", "9:16"] | None = None
    size: Literal["360p", "720p", "1080p", "4k"] | None = None
    duration: Annotated[int, Field(ge=3, le=15)] | None = None


class GoogleSpeech(Params):
    voice: str | None = None
    language: str | None = None
    instructions: str | None = None
    output_format: Literal["mp3", "opus", "wav"] | None = None


class GoogleDialogue(Params):
    voices: tuple[str, ...] = ()
    language: str | None = None


class Nothing(Params):
    pass


class XaiImage(Params):
    aspect_ratio: AspectRatio | None = None
    size: Literal["1K", "2K"] | None = None
    quality: Literal["low", "medium"] | None = None
    n: Count = 1


class XaiVideo(Params):
    aspect_ratio: Literal["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3"] | None = None
    size: Literal["480p", "720p", "1080p"] | None = None
    duration: Annotated[int, Field(ge=1, le=15)] = 8
    generate_audio: bool = True


class OpenRouterImage(Params):
    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max"] | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    output_format: Literal["png", "jpeg", "webp", "svg"] | None = None
    seed: Seed | None = None
    n: Count = 1


class OpenRouterVideo(Params):
    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    duration: Annotated[int, Field(ge=1, le=30)] | None = None
    generate_audio: bool | None = None
    seed: Seed | None = None


class OpenRouterSpeech(Params):
    voice: str | None = None
    instructions: str | None = None
    speed: Speed = 1.0
    output_format: Literal["mp3", "wav"] = "mp3"


class ElevenSpeech(Params):
    voice: str | None = None
    language: str | None = None
    speed: Annotated[float, Field(ge=0.7, le=1.2)] | None = None
    seed: Seed | None = None
    output_format: Literal["mp3", "wav", "opus"] = "mp3"
    stability: Annotated[float, Field(ge=0, le=1)] | None = None


class ElevenDialogue(Params):
    voices: tuple[str, ...] = ()
    language: str | None = None
    seed: Seed | None = None


class ElevenSound(Params):
    duration: Annotated[float, Field(ge=0.5, le=30)] | None = None
    loop: bool = False


class ElevenMusic(Params):
    duration: Annotated[float, Field(ge=3, le=600)] | None = None
    output_format: Literal["mp3", "wav"] = "mp3"
    seed: Seed | None = None


class ElevenVoice(Params):
    voice: str | None = None


class ElevenDubbing(Params):
    language: str


class SketchImage(Params):
    size: Size | None = None
    aspect_ratio: AspectRatio | None = None
    background: Literal["opaque", "transparent"] = "opaque"
    output_format: Literal["png", "jpeg", "webp", "gif", "svg"] = "png"
    seed: Seed | None = None


async def start(_call: Call[None, Any]) -> Result:
    return Result(outputs=())


@asynccontextmanager
async def connect(_access: Access) -> AsyncGenerator[None]:
    yield


def capability(
    kind: Kind,
    params: type[Params],
    takes: Mapping[Role, Takes] | None = None,
    edits: Role | None = None,
    preference: int = 0,
) -> Capability[None, Any]:
    name = params.__name__.lower()
    return Capability[None, Any](
        kind=kind,
        name=kind,
        params=params,
        models=(Model(id=f"{name}-2"), Model(id=f"{name}-mini", draft=True)),
        start=start,
        state=AnyJson,
        takes=takes or {},
        edits=edits,
        preference=preference,
    )


def backend(name: str, *capabilities: Capability[None, Any], keyed: bool = True) -> Backend[None]:
    return Backend(
        name=name,
        title=name.title(),
        docs=f"https://{name}.example/docs",
        capabilities=capabilities,
        connect=connect,
        keys=(f"{name.upper()}_API_KEY",) if keyed else (),
    )


OPENAI = backend(
    "openai",
    capability("image", OpenAIImage, {"image": Takes(max=16), "mask": Takes(mimes=("image/png",))}, edits="image"),
    capability("speech", OpenAISpeech),
)
GOOGLE = backend(
    "google",
    capability(
        "image",
        GoogleImage,
        {"image": Takes(max=14), "style_image": Takes(), "control_image": Takes(), "subject_image": Takes(max=4)},
        edits="image",
    ),
    capability(
        "video",
        GoogleVideo,
        {"image": Takes(max=3), "first_frame": Takes(), "last_frame": Takes(), "video": VIDEO},
        edits="video",
    ),
    capability("speech", GoogleSpeech),
    capability("dialogue", GoogleDialogue),
    capability("music", Nothing, {"image": Takes()}),
)
XAI = backend(
    "xai",
    capability("image", XaiImage, {"image": Takes(max=3)}, edits="image"),
    capability(
        "video",
        XaiVideo,
        {"image": Takes(max=7), "first_frame": Takes(), "last_frame": Takes(), "video": VIDEO},
        edits="video",
    ),
)
OPENROUTER = backend(
    "openrouter",
    capability("image", OpenRouterImage, {"image": Takes(max=4)}, edits="image"),
    capability("video", OpenRouterVideo, {"image": Takes(max=4), "first_frame": Takes(), "last_frame": Takes()}),
    capability("speech", OpenRouterSpeech),
)
ELEVENLABS = backend(
    "elevenlabs",
    capability("speech", ElevenSpeech),
    capability("dialogue", ElevenDialogue),
    capability("sound_effect", ElevenSound),
    capability("music", ElevenMusic),
    capability("voice_conversion", ElevenVoice, {"audio": replace(AUDIO, required=True)}),
    capability("audio_isolation", Nothing, {"audio": replace(AUDIO, required=True)}),
    capability("voice_design", Nothing),
    capability("voice_clone", Nothing, {"voice_sample": replace(AUDIO, max=25, required=True)}),
    capability("dubbing", ElevenDubbing, {"audio": AUDIO, "video": VIDEO}),
)
SKETCH = backend("sketch", capability("image", SketchImage, preference=-1), keyed=False)

FAL = backend(
    "fal",
    capability("image", OpenRouterImage, {"image": Takes(max=10)}, edits="image"),
    capability("video", OpenRouterVideo, {"image": Takes(max=4), "first_frame": Takes(), "last_frame": Takes()}),
    capability("speech", OpenRouterSpeech),
    capability("music", ElevenMusic),
    capability("sound_effect", ElevenSound),
)
REPLICATE = backend("replicate", *FAL.capabilities[:4])
COMPATIBLE = backend(
    "compatible",
    capability("image", OpenRouterImage, {"image": Takes(max=16), "mask": Takes(mimes=("image/png",))}, edits="image"),
    capability("video", OpenRouterVideo, {"first_frame": Takes(), "last_frame": Takes()}),
    capability("speech", OpenAISpeech),
)
COMFYUI = backend("comfyui", *FAL.capabilities[:2], capability("music", ElevenMusic))

PROVIDERS = (OPENAI, GOOGLE, XAI, OPENROUTER, ELEVENLABS)
INSTALLED = (*PROVIDERS, SKETCH)


def preferred(preference: int, backend: Backend[None]) -> Backend[None]:
    """The backend with this preference."""
    return replace(backend, capabilities=tuple(replace(one, preference=preference) for one in backend.capabilities))


ALL = (
    *(preferred(20, engine) for engine in (COMPATIBLE, COMFYUI)),
    *(preferred(10, provider) for provider in (ELEVENLABS, GOOGLE, OPENAI, XAI)),
    *(preferred(number, aggregator) for number, aggregator in ((5, OPENROUTER), (2, FAL), (1, REPLICATE))),
    preferred(-100, SKETCH),
)
"""Engines of the user's own, providers, aggregators and drafts, with preferences in this order."""
