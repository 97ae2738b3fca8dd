"""The fake refuses what xAI refuses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from google.protobuf.message import Message
from xai_sdk.proto import files_pb2, image_pb2, video_pb2

from fakes.xai.provider import data_uri, jpeg
from fakes.xai.requests import Refusal, check
from fakes.xai.state import IMAGE, KEY, FakeXAI, Reply
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.testing import AdapterHarness, png

JPEG = {"image_url": data_uri(jpeg(0)), "detail": "DETAIL_AUTO"}
NO_IMAGE = {**JPEG, "image_url": data_uri(b"no image")}
NEITHER: dict[str, object] = {}
MP4 = {"url": "https://example.com/1.mp4"}
DRAWING = {"prompt": "a red kite", "model": "grok-imagine-image-2.0", "n": 1, "format": "IMG_FORMAT_BASE64"}
FILM = {"prompt": "a red kite", "model": "grok-imagine-video-1.5", "duration": 8}
EXTENDED = {"prompt": "a red kite", "model": "grok-imagine-video", "video": MP4, "duration": 6}

Image: Any = image_pb2.GenerateImageRequest
Video: Any = video_pb2.GenerateVideoRequest
Extension: Any = video_pb2.ExtendVideoRequest
Chunk: Any = files_pb2.UploadFileChunk


def keyframes(*seconds: float) -> list[dict[str, Any]]:
    return [{"image": JPEG, "timestamp_s": second} for second in seconds]


def refusal(*messages: Message, key: str = KEY) -> Refusal:
    """Return what a call is refused with while one file is uploaded."""
    fake = FakeXAI()
    fake.files["file_1"] = b""
    with pytest.raises(Refusal) as caught:
        check(fake, {"authorization": f"Bearer {key}"}, list(messages))
    return caught.value


def shorten(value: object) -> str:
    """Return an id for a test, without the data of its files."""
    return re.sub(r"data:[^']+", lambda uri: f"{len(uri[0])} characters", str(value))


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({"prompt": " "}, "prompt"),
        ({"model": "grok-4"}, "model"),
        ({"n": 0}, "n:"),
        ({"n": 11}, "n:"),
        ({"format": "IMG_FORMAT_INVALID"}, "format"),
        ({"aspect_ratio": "IMG_ASPECT_RATIO_AUTO"}, "aspect_ratio"),
        ({"resolution": 0}, "resolution"),
        ({"quality": "IMG_QUALITY_HIGH"}, "quality"),
        ({"quality": "IMG_QUALITY_LOW", "model": "grok-imagine-image"}, "quality"),
        ({"image": JPEG, "images": [JPEG]}, "image:"),
        ({"images": [JPEG] * 4}, "images:"),
        ({"image": NEITHER}, "image.source"),
        ({"image": {**JPEG, "detail": 0}}, "image.detail"),
        ({"image": NO_IMAGE}, "image.image_url"),
        ({"image": {**JPEG, "image_url": data_uri(png())}}, "image.image_url"),
        ({"image": {**JPEG, "image_url": "https://example.com/1.png"}}, "image.image_url"),
        ({"image": {**JPEG, "image_url": data_uri(jpeg(0) + bytes(10 << 20))}}, "10 MiB"),
        ({"image": {"file_id": "file_2", "detail": 1}}, "image.file_id"),
        ({"storage_options": {"filename": "a"}}, "storage_options"),
    ],
    ids=shorten,
)
def test_image_request_is_refused(changed: dict[str, Any], about: str) -> None:
    assert about in refusal(Image(**{**DRAWING, **changed})).details


OLD = {"model": "grok-imagine-video"}


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({"prompt": ""}, "prompt"),
        ({"model": "grok-imagine-image"}, "model"),
        ({"duration": 0}, "duration"),
        ({"duration": 16}, "duration"),
        ({"aspect_ratio": 0}, "aspect_ratio"),
        ({"resolution": 99}, "resolution"),
        ({**OLD, "resolution": "VIDEO_RESOLUTION_1080P"}, "resolution"),
        ({"resolution": "VIDEO_RESOLUTION_1080P", "reference_images": [JPEG]}, "resolution"),
        ({"duration": 11, "reference_images": [JPEG]}, "duration"),
        ({"reference_images": [JPEG] * 8}, "at most 7"),
        ({"reference_images": [JPEG], "image": JPEG}, "reference_images"),
        ({"reference_images": [JPEG], "keyframes": keyframes(1)}, "reference_images"),
        ({"reference_images": [JPEG, NO_IMAGE]}, "reference_images.image_url"),
        ({**OLD, "last_frame": JPEG}, "last_frame"),
        ({**OLD, "keyframes": keyframes(1)}, "keyframes"),
        ({"keyframes": keyframes(1, 2, 3, 4, 5)}, "at most 4"),
        ({"keyframes": keyframes(0)}, "too close"),
        ({"keyframes": keyframes(2, 2.3)}, "too close"),
        ({"keyframes": keyframes(8)}, "inside"),
        ({"keyframes": [{"timestamp_s": 1, "image": NEITHER}]}, "keyframes.image.source"),
        ({"reference_audios": [{"voice_id": "ara"}]}, "reference_audios"),
        ({"video": MP4}, "video.url"),
    ],
    ids=shorten,
)
def test_video_request_is_refused(changed: dict[str, Any], about: str) -> None:
    assert about in refusal(Video(**{**FILM, **changed})).details


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({"model": "grok-imagine-video-1.5"}, "cannot edit"),
        ({"prompt": ""}, "prompt"),
        ({"duration": 3}, "duration"),
        ({"aspect_ratio": 1}, "aspect_ratio"),
        ({"resolution": 1}, "resolution"),
        ({"image": JPEG}, "image"),
        ({"reference_images": [JPEG]}, "references"),
    ],
    ids=str,
)
def test_edit_is_refused(changed: dict[str, Any], about: str) -> None:
    edit = {"prompt": "make it blue", **OLD, "video": {"file_id": "file_1"}}
    assert about in refusal(Video(**{**edit, **changed})).details


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({"model": "grok-imagine-video-1.5"}, "model"),
        ({"prompt": ""}, "prompt"),
        ({"duration": 0}, "duration"),
        ({"duration": 11}, "duration"),
        ({"video": None}, "video: it is missing"),
        ({"video": MP4}, "video.url"),
    ],
    ids=str,
)
def test_extension_is_refused(changed: dict[str, Any], about: str) -> None:
    given = {**EXTENDED, "video": {"file_id": "file_1"}, **changed}
    assert about in refusal(Extension(**given)).details


INIT = {"init": {"name": "1.mp4", "expires_after": 3600}}


@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [{"data": b"1"}],
        [INIT, INIT],
        [INIT, NEITHER],
        [{"init": {"name": "a;b", "expires_after": 3600}}],
        [{"init": {"name": "1.mp4", "expires_after": 3599}}],
    ],
    ids=["none", "no init", "two inits", "empty", "name", "expires_after"],
)
def test_upload_is_refused(chunks: list[dict[str, Any]]) -> None:
    assert refusal(*(Chunk(**chunk) for chunk in chunks)).code == "INVALID_ARGUMENT"


def test_call_without_a_key_is_refused() -> None:
    assert refusal(Image(**DRAWING), key="").code == "UNAUTHENTICATED"


async def test_script_does_not_hide_a_mistake(fake: FakeXAI, images: AdapterHarness) -> None:
    fake.script(IMAGE, Reply(message={}))
    error = await images.failure_of(prompt=" ")
    assert isinstance(error, InvalidRequest)
    assert "prompt: it is empty" in error.message
