"""What the provider answers when nothing is wrong: small files, at one price."""

from __future__ import annotations

import base64
import io
import uuid
from collections.abc import Callable, Mapping
from typing import Any, get_args

from google.protobuf.message import Message
from PIL import Image
from xai_sdk.proto import deferred_pb2, files_pb2, image_pb2, models_pb2, usage_pb2, video_pb2
from xai_sdk.types.model import ImageGenerationModel

from fakes.xai.requests import Refusal
from fakes.xai.state import EXTENSION, IMAGE, MODELS, POLL, UPLOAD, VIDEO, FakeXAI, Video

_IMAGE_TICKS = 600_000_000
_SECOND_TICKS = 800_000_000
_ADDED_SECONDS = 6


def jpeg(number: int) -> bytes:
    """Return an image that differs for every number."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16), (20 * number, 96, 192)).save(file, "jpeg")
    return file.getvalue()


def data_uri(data: bytes, mime: str = "image/jpeg") -> str:
    """Return a file as the provider puts it into answers."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _generate_images(_fake: FakeXAI, messages: list[Any]) -> Message:
    [request] = messages
    images = [
        image_pb2.GeneratedImage(base64=data_uri(jpeg(number)), respect_moderation=True) for number in range(request.n)
    ]
    usage = usage_pb2.SamplingUsage(cost_in_usd_ticks=_IMAGE_TICKS * request.n)
    return image_pb2.ImageResponse(images=images, model=request.model, usage=usage)


def _generate_video(fake: FakeXAI, messages: list[Any]) -> Message:
    return _accept(fake, messages[0].duration or 8)


def _extend_video(fake: FakeXAI, messages: list[Any]) -> Message:
    return _accept(fake, messages[0].duration or _ADDED_SECONDS)


def _accept(fake: FakeXAI, seconds: int) -> Message:
    request_id = str(uuid.uuid4())
    fake.videos[request_id] = Video(seconds=seconds, polls=fake.polls)
    return deferred_pb2.StartDeferredResponse(request_id=request_id)


def _poll(fake: FakeXAI, messages: list[Any]) -> Message:
    [request] = messages
    video = fake.videos.get(request.request_id)
    if video is None:
        raise Refusal("NOT_FOUND", "The request was not found.")
    if video.expired:
        return video_pb2.GetDeferredVideoResponse(status=deferred_pb2.EXPIRED)
    if video.seen < video.polls:
        progress = 100 * video.seen // video.polls
        video.seen += 1
        response = video_pb2.VideoResponse(progress=progress)
        return video_pb2.GetDeferredVideoResponse(status=deferred_pb2.PENDING, response=response)
    url = f"{fake.store_url}/{request.request_id}"
    generated = video_pb2.GeneratedVideo(url=url, duration=video.seconds, respect_moderation=True)
    usage = usage_pb2.SamplingUsage(cost_in_usd_ticks=_SECOND_TICKS * video.seconds)
    response = video_pb2.VideoResponse(video=generated, usage=usage, progress=100)
    return video_pb2.GetDeferredVideoResponse(status=deferred_pb2.DONE, response=response)


def _upload(fake: FakeXAI, messages: list[Any]) -> Message:
    file_id = f"file_{uuid.uuid4()}"
    fake.files[file_id] = b"".join(chunk.data for chunk in messages)
    return files_pb2.File(id=file_id, filename=messages[0].init.name, size=len(fake.files[file_id]))


def _list_models(_fake: FakeXAI, _messages: list[Any]) -> Message:
    models = [models_pb2.ImageGenerationModel(name=name) for name in get_args(ImageGenerationModel)]
    return models_pb2.ListImageGenerationModelsResponse(models=models)


ANSWERS: Mapping[str, Callable[[FakeXAI, list[Any]], Message]] = {
    IMAGE: _generate_images,
    VIDEO: _generate_video,
    EXTENSION: _extend_video,
    POLL: _poll,
    UPLOAD: _upload,
    MODELS: _list_models,
}
"""Returns the normal answer to the messages of a call, by method."""
