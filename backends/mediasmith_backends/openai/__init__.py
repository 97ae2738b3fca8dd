"""OpenAI, through its own SDK: images, speech, and videos from gateways that still serve them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediasmith.plugin.contract import Backend
from mediasmith_backends.openai.client import BASE_URL, ENV, KEYS, TITLE, check, connect
from mediasmith_backends.openai.errors import explain
from mediasmith_backends.openai.image import image
from mediasmith_backends.openai.speech import speech
from mediasmith_backends.openai.video import video

if TYPE_CHECKING:
    from openai import AsyncOpenAI

backend: Backend[AsyncOpenAI] = Backend(
    name="openai",
    title=TITLE,
    docs="https://developers.openai.com/api/docs/guides/image-generation",
    capabilities=(image, speech, video),
    connect=connect,
    sdk="openai",
    keys=KEYS,
    env=ENV,
    base_urls=(BASE_URL,),
    check=check,
    explain=explain,
)
