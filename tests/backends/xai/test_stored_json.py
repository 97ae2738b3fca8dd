"""Handles and states that earlier versions stored are still read."""

from __future__ import annotations

from mediasmith_backends.xai.image import image
from mediasmith_backends.xai.video import VideoHandle, VideoState, video


def test_stored_video_handle_is_read() -> None:
    assert video.handle
    stored = '{"video": "0f6a1c9e-7a41-4bb0-9d3e-2f61f0a4b7a5"}'
    assert video.handle.model_validate_json(stored) == VideoHandle(video="0f6a1c9e-7a41-4bb0-9d3e-2f61f0a4b7a5")


def test_stored_video_state_is_read() -> None:
    assert video.state
    stored = '{"video": "0f6a1c9e", "url": "https://vidgen.x.ai/xai-vidgen-bucket/xai-video-0f6a1c9e.mp4"}'
    state = video.state.model_validate_json(stored)
    assert state == VideoState(video="0f6a1c9e", url="https://vidgen.x.ai/xai-vidgen-bucket/xai-video-0f6a1c9e.mp4")


def test_images_store_nothing() -> None:
    assert (image.handle, image.state) == (None, None)
