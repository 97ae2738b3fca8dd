"""Requests that are in order, for tests to send or to spoil."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from loopback.films import film
from mediasmith.testing import png


def block(kind: str, data: bytes, mime: str) -> dict[str, str]:
    """A medium within a request."""
    return {"type": kind, "data": base64.b64encode(data).decode(), "mime_type": mime}


PICTURE = block("image", png(), "image/png")
CLIP = block("video", film(b"clip", (64, 64), 4), "video/mp4")
WORDS = {"type": "text", "text": "a red kite"}

DRAWING: Mapping[str, Any] = {
    "model": "gemini-nano-banana-2.1",
    "input": "a red kite",
    "response_format": {"type": "image"},
}
SHOT: Mapping[str, Any] = {
    "model": "gemini-omni-1.2-flash",
    "input": "a red kite",
    "response_format": {"type": "video", "delivery": "uri", "resolution": "360p", "duration": "3s"},
    "generation_config": {"video_config": {"task": "text_to_video"}},
}
SPEECH: Mapping[str, Any] = {
    "model": "gemini-3.8-flash-tts",
    "input": "Good morning to you.",
    "response_format": {"type": "audio"},
    "generation_config": {"speech_config": [{"voice": "Kore"}]},
}
MUSIC: Mapping[str, Any] = {"model": "lyria-3.5", "input": "a waltz"}
