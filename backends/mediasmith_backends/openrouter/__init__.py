"""OpenRouter: images, videos and speech from many providers behind one key, through the openai SDK."""

from __future__ import annotations

from mediasmith.plugin.contract import Backend
from mediasmith_backends.openrouter.chat import chat
from mediasmith_backends.openrouter.client import Client, check, connect
from mediasmith_backends.openrouter.errors import KEYS, TITLE, explain
from mediasmith_backends.openrouter.image import image
from mediasmith_backends.openrouter.speech import speech
from mediasmith_backends.openrouter.video import video

backend: Backend[Client] = Backend(
    name="openrouter",
    title=TITLE,
    docs="https://openrouter.ai/docs/guides/overview/multimodal/image-generation",
    capabilities=(image, chat, video, speech),
    connect=connect,
    sdk="openai",
    keys=KEYS,
    check=check,
    explain=explain,
)
