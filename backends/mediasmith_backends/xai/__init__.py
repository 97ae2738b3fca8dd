"""xAI: Grok's images and videos, over gRPC."""

from __future__ import annotations

from mediasmith.plugin.contract import Backend
from mediasmith_backends.xai.client import XAIClient, check_network, connect
from mediasmith_backends.xai.errors import KEYS, TITLE, explain
from mediasmith_backends.xai.image import check, image
from mediasmith_backends.xai.video import video

backend: Backend[XAIClient] = Backend(
    name="xai",
    title=TITLE,
    docs="https://docs.x.ai/developers/model-capabilities/imagine",
    capabilities=(image, video),
    connect=connect,
    sdk="xai_sdk",
    keys=KEYS,
    aliases=("grok",),
    check=check,
    check_network=check_network,
    explain=explain,
)
