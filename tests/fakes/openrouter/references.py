"""Files that a request shows, and what it passes on to the provider behind the model."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field

from fakes.openrouter.errors import refusal
from loopback.faults import Strict, rule
from loopback.pictures import seen


def _url(kind: str, url: str) -> str:
    if url.startswith("https://"):
        return url
    head, _, data = url.removeprefix("data:").partition(";base64,")
    try:
        body = base64.b64decode(data, validate=True)
    except binascii.Error:
        body = b""
    if not url.startswith("data:") or not head.startswith(f"{kind}/") or not body:
        raise rule("url", f"is neither an https URL nor a data URI of {kind}")
    found = seen(body) if kind == "image" else None
    if kind == "image" and (found is None or found.mime != head):
        raise rule("url", "is not a picture of the type it claims to be")
    return url


class ImageUrl(Strict):
    """Where a picture is."""

    url: Annotated[str, AfterValidator(lambda url: _url("image", url))]


class AudioUrl(Strict):
    """Where a sound is."""

    url: Annotated[str, AfterValidator(lambda url: _url("audio", url))]


class VideoUrl(Strict):
    """Where a video is."""

    url: Annotated[str, AfterValidator(lambda url: _url("video", url))]


class Image(Strict):
    """A picture to look at."""

    type: Literal["image_url"]
    image_url: ImageUrl


class Audio(Strict):
    """A sound to listen to."""

    type: Literal["audio_url"]
    audio_url: AudioUrl


class Video(Strict):
    """A video to watch."""

    type: Literal["video_url"]
    video_url: VideoUrl


Reference: TypeAlias = Annotated[Image | Audio | Video, Field(discriminator="type")]
"""Any of them."""


class Frame(Image):
    """A picture that is part of the video."""

    frame_type: Literal["first_frame", "last_frame"]


class Options(Strict):
    """What is passed on, by the slug of the provider behind the model."""

    options: dict[str, dict[str, Any]] = Field(default_factory=dict)

    def fit(self, provider: str, known: Sequence[str]) -> None:
        """Refuse options for another provider, and such as it does not know."""
        if other := self.options.keys() - {provider}:
            raise refusal(400, f"provider: this model is not served by {min(other)}.")
        if unknown := self.options.get(provider, {}).keys() - set(known):
            raise refusal(400, f"provider: {provider} takes no option {min(unknown)}.")


class Routing(Options):
    """Which providers may serve a request, too."""

    allow_fallbacks: bool = True
    ignore: list[str] = Field(default_factory=list)
    only: list[str] = Field(default_factory=list)
    order: list[str] = Field(default_factory=list)
    sort: Literal["price", "throughput", "latency", ""] = ""

    def fit(self, provider: str, known: Sequence[str]) -> None:
        """Refuse a choice of providers that leaves none, too."""
        super().fit(provider, known)
        if provider in self.ignore or (self.only and provider not in self.only):
            raise refusal(404, "No allowed providers are available for the selected model.")
