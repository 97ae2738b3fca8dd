"""The requests that the fake accepts: OpenAI's fields, and the extras that several engines share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loopback.faults import Strict

_SIZE = r"^[1-9]\d+x[1-9]\d+$"


class Generation(Strict):
    """The body of `POST /images/generations`."""

    model: str = Field(default="", min_length=1)
    prompt: str = Field(min_length=1)
    n: int = Field(default=1, ge=1, le=10)
    size: str = Field(default="64x64", pattern=_SIZE)
    quality: Literal["auto", "low", "medium", "high", "standard", "hd"] = "auto"
    background: Literal["auto", "transparent", "opaque"] = "auto"
    output_format: Literal["png", "jpeg", "webp"] = "png"
    response_format: Literal["b64_json", "base64", "url"] = "url"
    seed: int = 0
    negative_prompt: str = ""
    steps: int = Field(default=20, ge=1, le=200)
    num_inference_steps: int = Field(default=20, ge=1, le=200)


class Edit(Generation):
    """The text fields of `POST /images/edits`, which arrive as texts."""

    n: int = Field(default=1, ge=1, le=10, strict=False)
    seed: int = Field(default=0, strict=False)
    steps: int = Field(default=20, ge=1, le=200, strict=False)
    num_inference_steps: int = Field(default=20, ge=1, le=200, strict=False)


class Speech(Strict):
    """The body of `POST /audio/speech`."""

    model: str = Field(default="", min_length=1)
    input: str = Field(min_length=1, max_length=8000)
    voice: str = Field(default="", min_length=1)
    response_format: Literal["mp3", "wav", "flac"]
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    instructions: str = Field(default="", min_length=1)
    num_inference_steps: int = Field(default=20, ge=1, le=200)


class Video(Strict):
    """The text fields of `POST /videos`."""

    model: str = Field(default="", min_length=1)
    prompt: str = Field(min_length=1)
    size: str = Field(default="64x64", pattern=_SIZE)
    seconds: int = Field(default=1, ge=1, le=60, strict=False)
    seed: int = Field(default=0, strict=False)
    negative_prompt: str = ""
    num_inference_steps: int = Field(default=20, ge=1, le=200, strict=False)
