"""Which parameters and files of a video can be combined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mediasmith.testing import AdapterHarness, MemorySource
from mediasmith_backends.xai import backend
from mediasmith_backends.xai.video import VideoState, video

NEW, EDITOR = video.models
FRAME, LAST, MP4 = MemorySource(), MemorySource(b"\xff\0\0"), MemorySource(mime="video/mp4")
STATE = VideoState(video="1", url="https://example.com/1.mp4")


def refuses(**given: Any) -> str:
    return video.refuses(AdapterHarness(backend, None, video).call(**given))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"extend": 3}, "needs a video to extend"),
        ({"state": STATE}, "does not take video with grok-imagine-video-1.5"),
        ({"state": STATE, "duration": 3}, "cannot change aspect_ratio, size or duration"),
        ({"model": EDITOR, "inputs": {"video": [MP4], "image": [FRAME]}}, "no frames or images with a video"),
        ({"model": EDITOR, "inputs": {"video": [MP4]}, "duration": 3}, "cannot change aspect_ratio, size or duration"),
        ({"model": EDITOR, "inputs": {"video": [MP4]}, "size": "480p", "extend": 2}, "cannot change aspect_ratio"),
        ({"model": EDITOR, "inputs": {"video": [MP4]}, "generate_audio": True, "extend": 2}, "generate_audio"),
        ({"model": EDITOR, "inputs": {"video": [MP4]}, "state": STATE}, "takes one video"),
        ({"inputs": {"image": [FRAME], "first_frame": [FRAME]}}, "frames or reference images"),
        ({"inputs": {"image": [FRAME], "last_frame": [FRAME]}}, "frames or reference images"),
        ({"inputs": {"image": [FRAME]}, "duration": 11}, "duration up to 10"),
        ({"inputs": {"image": [FRAME]}, "size": "1080p"}, "480p or 720p"),
        ({"keyframe_seconds": (1.0,)}, "one of keyframe_seconds for each image, not 1 for 0"),
        ({"inputs": {"image": [FRAME]}, "keyframe_seconds": (8.0,)}, "which lasts 8"),
        ({"inputs": {"image": [FRAME]}, "keyframe_seconds": (3.0,), "duration": 3}, "which lasts 3"),
        ({"inputs": {"image": [FRAME] * 2}, "keyframe_seconds": (1.0, 1.3)}, "a third of a second apart"),
        ({"inputs": {"image": [FRAME] * 2}, "keyframe_seconds": (2.0, 1.0)}, "in order"),
    ],
)
def test_impossible_combination_is_refused(given: Mapping[str, Any], reason: str) -> None:
    assert reason in refuses(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"inputs": {"image": [FRAME] * 2}, "keyframe_seconds": (1.0, 1.3333333), "size": "1080p", "duration": 15},
        {"inputs": {"image": [FRAME], "first_frame": [FRAME], "last_frame": [LAST]}, "keyframe_seconds": (1.0,)},
        {"inputs": {"image": [FRAME] * 7}, "size": "720p", "duration": 10},
        {"model": EDITOR, "inputs": {"image": [FRAME]}, "duration": 10},
        {"model": EDITOR, "inputs": {"video": [MP4]}, "generate_audio": False},
    ],
)
async def test_possible_combination_is_accepted_by_the_provider(
    videos: AdapterHarness, given: Mapping[str, Any]
) -> None:
    assert not refuses(**given)
    await videos.submit(**given)


def test_each_model_takes_its_own_inputs() -> None:
    assert set(video.takes_with(NEW)) == {"first_frame", "last_frame", "image"}
    assert set(video.takes_with(EDITOR)) == {"first_frame", "image", "video"}
