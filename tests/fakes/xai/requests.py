"""Refuse what the provider would refuse: by the SDK's descriptors and types, and by the limits in its documentation."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, cast, get_args

from google.protobuf.message import Message
from PIL import Image, UnidentifiedImageError
from xai_sdk import image as sdk_image
from xai_sdk import video as sdk_video
from xai_sdk.types.image import ImageAspectRatio, ImageFormat, ImageQuality, ImageResolution
from xai_sdk.types.model import ImageGenerationModel, VideoGenerationModel

from fakes.xai.state import FakeXAI

_READABLE = ("image/jpeg", "image/png", "image/webp")
_IMAGE_BYTES = 10 << 20
_DATA_URI = re.compile(r"data:(\w+/[\w.+-]+);base64,([A-Za-z0-9+/=]*)")
_NOT_FAKED = {"storage_options", "reference_audios", "user"}

_sdk = cast("Any", sdk_image)  # only some of its functions have types
_ENUM_VALUES: Mapping[str, set[int]] = {
    "ImageAspectRatio": set(map(_sdk.convert_image_aspect_ratio_to_pb, get_args(ImageAspectRatio))),
    "ImageFormat": set(map(_sdk.convert_image_format_to_pb, get_args(ImageFormat))),
    "ImageQuality": set(map(_sdk.convert_image_quality_to_pb, get_args(ImageQuality))),
    "ImageResolution": set(map(_sdk.convert_image_resolution_to_pb, get_args(ImageResolution))),
    "VideoAspectRatio": set(cast("Any", sdk_video).VideoAspectRatioMap.values()),
    "VideoResolution": set(cast("Any", sdk_video).VideoResolutionMap.values()),
}
"""What the SDK's functions take for an enumeration; the descriptors know some values more."""

_Problems = Iterable[tuple[object, str]]
"""What is wrong where the first is true."""


class Refusal(Exception):
    """A call is refused, with this status of gRPC."""

    def __init__(self, code: str, details: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(details)
        self.code = code
        self.details = details
        self.metadata = metadata or {}


def check(fake: FakeXAI, headers: Mapping[str, str], messages: list[Message]) -> None:
    """Raise `Refusal` for the first thing wrong with a request."""
    if not re.fullmatch(r"Bearer \S+", headers.get("authorization", "")):
        raise Refusal("UNAUTHENTICATED", "No bearer token was given.")
    for message in messages:
        for problem in _field_problems(fake, message):
            raise Refusal("INVALID_ARGUMENT", problem)
    name = messages[0].DESCRIPTOR.name if messages else "UploadFileChunk"
    for wrong, problem in _LIMITS.get(name, lambda _messages: ())(messages):
        if wrong:
            raise Refusal("INVALID_ARGUMENT", problem)


def _field_problems(fake: FakeXAI, message: Message, place: str = "") -> Iterator[str]:
    """Yield what the descriptors say is wrong."""
    for oneof in message.DESCRIPTOR.oneofs:
        if len(oneof.fields) > 1 and not message.WhichOneof(oneof.name):
            yield f"{place}{oneof.name}: none of its fields is set"
    for field in message.DESCRIPTOR.fields:
        value, here = getattr(message, field.name), f"{place}{field.name}"
        if field.has_presence and not message.HasField(field.name):
            continue
        if field.name in _NOT_FAKED and value:
            yield f"{here}: this fake knows nothing of it"
        elif field.message_type:
            for part in value if field.is_repeated else [value]:
                yield from _field_problems(fake, part, f"{here}.")
        elif field.enum_type and value not in _enum_values(field.enum_type):
            yield f"{here}: {value} is not supported"
        else:
            yield from _text_problems(fake, field.name, value, here)


def _text_problems(fake: FakeXAI, name: str, value: Any, place: str) -> Iterator[str]:
    if name == "image_url":
        yield from _image_problems(value, place)
    elif name == "url" and not _is_known_video(fake, value):
        yield f"{place}: the file could not be fetched"
    elif name == "file_id" and value not in fake.files:
        yield f"{place}: there is no file {value!r}"


def _enum_values(enum: Any) -> set[int]:
    return _ENUM_VALUES.get(enum.name) or {value.number for value in enum.values} - {0}


def _image_problems(uri: str, place: str) -> Iterator[str]:
    found = _DATA_URI.fullmatch(uri)
    try:
        data = base64.b64decode(found[2], validate=True) if found else b""
        with Image.open(io.BytesIO(data)) as image:
            image.verify()
            mime = Image.MIME[image.format or ""]
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError):
        yield f"{place}: it is not a data URI of an image"
        return
    if not found or mime != found[1] or mime not in _READABLE:
        yield f"{place}: it is not a PNG, JPEG or WebP as it says"
    if len(data) > _IMAGE_BYTES:
        yield f"{place}: it is larger than 10 MiB"


def _is_known_video(fake: FakeXAI, url: str) -> bool:
    video = fake.videos.get(url.removeprefix(f"{fake.store_url}/"))
    return video is not None and not video.expired


def _image_limits(messages: list[Any]) -> _Problems:
    [request] = messages
    return (
        (request.model not in get_args(ImageGenerationModel), "model: there is no such model"),
        (not request.prompt.strip(), "prompt: it is empty"),
        (not 1 <= request.n <= 10, "n: it must be from 1 to 10"),
        (request.format != sdk_image.convert_image_format_to_pb("base64"), "format: this fake has base64 only"),
        (request.HasField("image") and request.images, "image: it cannot be set together with images"),
        (len(request.images) > 3, "images: at most 3 can be given"),
        (request.HasField("quality") and request.model != "grok-imagine-image-2.0", "quality: not with this model"),
    )


def _video_limits(messages: list[Any]) -> _Problems:
    [request] = messages
    known = (request.model not in get_args(VideoGenerationModel), "model: there is no such model")
    return (known, *(_edit_limits(request) if request.HasField("video") else _new_video_limits(request)))


def _edit_limits(request: Any) -> _Problems:
    shape = ("duration", "aspect_ratio", "resolution", "image", "last_frame")
    return (
        (request.model == "grok-imagine-video-1.5", "video: this model cannot edit videos"),
        (not request.prompt.strip(), "prompt: it is empty"),
        *((request.HasField(field), f"{field}: it cannot be set for an edit") for field in shape),
        (request.keyframes or request.reference_images, "keyframes and references: they cannot be set for an edit"),
    )


def _new_video_limits(request: Any) -> _Problems:
    old = request.model == "grok-imagine-video"
    pinned = request.HasField("last_frame") or request.keyframes
    references = len(request.reference_images)
    times = [0.0, *(keyframe.timestamp_s for keyframe in request.keyframes)]
    large = request.resolution == sdk_video.convert_video_resolution_to_pb("1080p")
    return (
        (not request.prompt.strip() and not pinned and not request.HasField("image"), "prompt: it is empty"),
        (not 1 <= request.duration <= (10 if references else 15), "duration: it must be from 1 to 15, or 10"),
        (large and (old or references), "resolution: not with this model or with references"),
        (references and (pinned or request.HasField("image")), "reference_images: they cannot be set with frames"),
        (references > 7, "reference_images: at most 7 can be given"),
        (pinned and old, "last_frame and keyframes: not with this model"),
        (len(request.keyframes) > 4, "keyframes: at most 4 can be given"),
        (any(later - earlier < 1 / 3 - 1e-6 for earlier, later in pairwise(times)), "keyframes: too close"),
        (max(times) >= request.duration, "keyframes: they must be inside the video"),
    )


def _extension_limits(messages: list[Any]) -> _Problems:
    [request] = messages
    return (
        (request.model != "grok-imagine-video", "model: it cannot extend videos"),
        (not request.HasField("video"), "video: it is missing"),
        (not request.prompt.strip(), "prompt: it is empty"),
        (not 1 <= request.duration <= 10, "duration: it must be from 1 to 10"),
    )


def _upload_limits(messages: list[Any]) -> _Problems:
    kinds = [chunk.WhichOneof("chunk") for chunk in messages]
    init = messages[0].init if messages else None
    return (
        (kinds[:1] != ["init"] or set(kinds[1:]) - {"data"}, "chunk: the first, and no other, must be init"),
        (init and not re.fullmatch(r'[^\x00-\x1f";\\]{1,255}', init.name), "name: this cannot be the name of a file"),
        (init and not 3600 <= init.expires_after <= 2_592_000, "expires_after: it must be from 3600 to 2592000"),
    )


_LIMITS: Mapping[str, Callable[[list[Any]], _Problems]] = {
    "GenerateImageRequest": _image_limits,
    "GenerateVideoRequest": _video_limits,
    "ExtendVideoRequest": _extension_limits,
    "UploadFileChunk": _upload_limits,
}
"""The limits of docs.x.ai (read 2026-11-20) that no descriptor knows, by the name of the message."""
