"""The requests that OpenRouter accepts: strict models of our own, for it has no SDK here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from fakes.file_urls import FileUrl
from loopback.faults import Strict


class Url(Strict):
    url: FileUrl


class ImagePart(Strict):
    type: Literal["image_url"]
    image_url: Url


class AudioPart(Strict):
    type: Literal["audio_url"]
    audio_url: Url


class VideoPart(Strict):
    type: Literal["video_url"]
    video_url: Url


class Frame(ImagePart):
    frame_type: Literal["first_frame", "last_frame"]


class Provider(Strict):
    options: dict[str, dict[str, Any]]


class ImageRequest(Strict):
    """The body of `POST /images`."""

    model: str
    prompt: str = Field(min_length=1)
    aspect_ratio: str = ""
    background: Literal["auto", "transparent", "opaque"] = "auto"
    input_references: list[ImagePart] = Field(default=[], min_length=1, max_length=16)
    n: int = Field(default=1, ge=1, le=10)
    output_compression: int = Field(default=100, ge=0, le=100)
    output_format: Literal["png", "jpeg", "webp", "svg"] | None = None
    provider: Provider | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max"] = "auto"
    resolution: Literal["512", "768", "1K", "1.5K", "2K", "4K"] | None = None
    seed: int = 0
    size: str = Field(default="", pattern=r"^[1-9]\d+x[1-9]\d+$")


class TextPart(Strict):
    type: Literal["text"]
    text: str


class UserMessage(Strict):
    role: Literal["user"]
    content: list[Annotated[TextPart | ImagePart, Field(discriminator="type")]]


class MadeImage(Strict):
    image_url: Url


class AssistantMessage(Strict):
    """An earlier answer, sent back as it came: without its reasoning a model does not know its image again."""

    role: Literal["assistant"]
    content: str | None = None
    images: list[MadeImage]
    reasoning_details: list[dict[str, Any]] = Field(min_length=1)


class ImageConfig(Strict):
    aspect_ratio: str = ""
    image_size: Literal["512", "768", "1K", "1.5K", "2K", "4K"] | None = None


class ChatRequest(Strict):
    """The body of `POST /chat/completions`."""

    model: str
    messages: list[Annotated[UserMessage | AssistantMessage, Field(discriminator="role")]] = Field(min_length=1)
    modalities: list[Literal["text", "image"]]
    image_config: ImageConfig = ImageConfig()


class SpeechRequest(Strict):
    """The body of `POST /audio/speech`."""

    model: str
    input: str = Field(min_length=1)
    voice: str = Field(min_length=1)
    response_format: Literal["mp3", "pcm"] = "pcm"
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    instructions: str = Field(default="", min_length=1)


class VideoRequest(Strict):
    """The body of `POST /videos`."""

    model: str
    prompt: str = Field(min_length=1)
    aspect_ratio: str = ""
    duration: int = Field(default=0, ge=1)
    frame_images: list[Frame] = Field(default=[], min_length=1, max_length=2)
    generate_audio: bool = False
    input_references: list[Annotated[ImagePart | AudioPart | VideoPart, Field(discriminator="type")]] = Field(
        default=[], min_length=1
    )
    previous_job_id: str = Field(default="", min_length=1)
    resolution: str = ""
    seed: int = 0
    size: str = Field(default="", pattern=r"^[1-9]\d+x[1-9]\d+$")
