"""The models there are, until when, and the words in a prompt that make things go wrong."""

from __future__ import annotations

from collections.abc import Mapping

FORBIDDEN = "forbidden"
"""A prompt with this word is refused before anything is made."""

WITHHELD = "withheld"
"""What is made of a prompt with this word is held back afterwards."""

TALKATIVE = "explain"
"""A prompt with this word is answered in words, when the model may choose."""

IMAGE_MODELS: Mapping[str, float] = {
    "gpt-image-2.6-sunburst": 2.6,
    "gpt-image-2.6-flare": 2.6,
    "gpt-image-2.5-sunburst": 2.5,
    "gpt-image-2.5-sunburst-2026-09-08": 2.5,
    "gpt-image-2.5-flare": 2.5,
    "gpt-image-2.5-flare-2026-09-08": 2.5,
    "gpt-image-2": 2.0,
    "gpt-image-2-2026-04-21": 2.0,
    "chatgpt-image-latest": 1.5,
    "gpt-image-1.5": 1.5,
    "gpt-image-1-mini": 1.0,
}
"""The models that make pictures, and their generation: what they accept follows from it."""

TEXT_MODELS = ("gpt-6-astra", "gpt-6-sol", "gpt-6-luna", "gpt-6.1-sol", "gpt-6.1-terra", "gpt-5.6-sol", "gpt-5.6-luna")
"""The models that answer in words and use tools."""

SPEECH_MODELS = ("gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15", "tts-1", "tts-1-hd")
"""The models that speak."""

VIDEO_MODELS = ("sora-2", "sora-2-pro", "sora-2-2025-10-06", "sora-2-pro-2025-10-06", "sora-2-2025-12-08")
"""The models that make videos: the provider itself shut them down, gateways that speak its language have them."""

VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx"),
    *("nova", "sage", "shimmer", "verse", "marin", "cedar"),
)
"""The built-in voices."""

MODELS = (*IMAGE_MODELS, *TEXT_MODELS, *SPEECH_MODELS, *VIDEO_MODELS)
"""Every model, as they are listed."""

SHUTDOWNS: Mapping[str, str] = {
    **dict.fromkeys(("chatgpt-image-latest", "gpt-image-1.5", "gpt-image-1-mini"), "2026-12-01"),
    **dict.fromkeys(SPEECH_MODELS, "2027-01-06"),
}
"""When a model goes, where that is announced."""
