"""What an interaction accepts: the SDK's own types, read strictly, and the rules that types cannot express."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, cast

from google.genai.interactions import (
    AudioResponseFormat,
    Content,
    CreateModelInteraction,
    ImageContent,
    ImageResponseFormat,
    SpeakerConfig,
    TextContent,
    VideoContent,
    VideoResponseFormat,
)
from pydantic import BaseModel, model_validator

from fakes.google.voices import VOICES
from loopback.faults import Strict, rule
from loopback.films import clip
from loopback.pictures import seen

_BACKGROUND = {"gemini-nano-banana-2.1", "gemini-3-pro-image", "gemini-3.1-flash-image", "gemini-omni-1.2-flash"}


class InteractionRequest(Strict):
    """The body of a request, as the SDK reads it."""

    sdk: CreateModelInteraction

    @model_validator(mode="before")
    @classmethod
    def _read(cls, body: Any) -> Any:
        return {"sdk": CreateModelInteraction.model_validate(body, strict=True, extra="forbid")}

    @model_validator(mode="after")
    def _check(self) -> InteractionRequest:
        for problem in (*_unknown_fields(self.sdk), *_file_problems(self), *_problems(self)):
            raise rule("interaction", problem)
        return self

    @property
    def content(self) -> list[Content]:
        """Everything that the user gives."""
        if isinstance(self.sdk.input, str):
            return [TextContent(text=self.sdk.input)]
        steps: Any = self.sdk.input
        return [block for step in steps for block in step.content]

    @property
    def task(self) -> str:
        """What to do with a video."""
        config = self.sdk.generation_config
        return (config and config.video_config and config.video_config.task) or ""

    def count(self, kind: type[Any]) -> int:
        """Return how many blocks are of this type."""
        return sum(isinstance(block, kind) for block in self.content)


def _unknown_fields(value: object) -> Iterator[str]:
    """Yield the fields that the SDK does not know; within unions it lets them pass, however strictly it reads."""
    if isinstance(value, BaseModel):
        yield from (f"{name} is not known" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from _unknown_fields(value.__dict__[name])
    elif isinstance(value, list):
        for entry in cast("list[object]", value):
            yield from _unknown_fields(entry)


def _problems(request: InteractionRequest) -> Iterator[str]:
    sdk, config = request.sdk, request.sdk.generation_config
    if sdk.store is False and (sdk.background or sdk.previous_interaction_id):
        yield "store must be true for this"
    if sdk.background and sdk.model not in _BACKGROUND:
        yield "background is not supported by this model"
    if config and not -(2**31) <= (config.seed or 0) < 2**31:
        yield "seed must be an int32"
    if config and config.speech_config and "tts" not in sdk.model:
        yield "speech_config is not supported by this model"
    match sdk.response_format:
        case ImageResponseFormat() if "image" in sdk.model or "banana" in sdk.model:
            if request.count(ImageContent) > 14 or request.count(VideoContent):
                yield "input takes at most 14 images, and nothing else"
        case VideoResponseFormat() as form if "omni" in sdk.model:
            yield from _video_problems(request, form)
        case AudioResponseFormat() if "tts" in sdk.model:
            yield from _speech_problems(request)
        case None if "lyria" in sdk.model:
            return
        case _:
            yield "response_format is not valid for this model"


def _file_problems(request: InteractionRequest) -> Iterator[str]:
    for block in request.content:
        if isinstance(block, TextContent):
            continue
        if not isinstance(block, ImageContent | VideoContent):
            yield "input takes text, images and videos"
            return
        data = base64.b64decode(block.data or "", validate=True)
        if bool(data) == bool(block.uri):
            yield f"{block.type} needs either data or uri"
        found = seen(data) if isinstance(block, ImageContent) else clip(data) and block
        if data and (found is None or getattr(found, "mime", block.mime_type) != block.mime_type):
            yield f"data is not a file of type {block.mime_type}"


def _video_problems(request: InteractionRequest, form: VideoResponseFormat) -> Iterator[str]:
    images = request.count(ImageContent)
    sources = request.count(VideoContent) + bool(request.sdk.previous_interaction_id)
    allowed = {
        "text_to_video": images == sources == 0,
        "image_to_video": images in {1, 2} and not sources,
        "reference_to_video": 1 <= images <= 6 and not sources,
        "edit": images <= 6 and sources == 1 and not form.duration,
        "extend": images <= 3 and sources == 1 and form.resolution in {None, "360p", "720p"},
    }
    if not allowed.get(request.task):
        yield f"the request does not fit the task {request.task}"
    if form.duration and form.duration not in {f"{seconds}s" for seconds in range(3, 16)}:
        yield "duration is not valid"


def _speech_problems(request: InteractionRequest) -> Iterator[str]:
    speech = request.sdk.generation_config and request.sdk.generation_config.speech_config
    voices = (speech.speakers or []) if isinstance(speech, SpeakerConfig) else speech or []
    if unknown := {voice.voice for voice in voices if voice.voice} - {*VOICES}:
        yield f"there is no voice {min(unknown)}"
    if request.count(TextContent) < len(request.content):
        yield "input takes text only"
    spoken: list[Any] = [block.annotations for block in request.content if isinstance(block, TextContent)]
    speakers = {annotations[0].speaker if annotations else None for annotations in spoken}
    if isinstance(speech, SpeakerConfig) and not (
        len(voices) == 2 and speakers == {voice.speaker for voice in voices} and None not in speakers
    ):
        yield "every text needs one of two speakers with names of their own"
