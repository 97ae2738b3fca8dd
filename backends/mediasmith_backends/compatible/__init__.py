"""Any engine with OpenAI's routes at a URL of the user's: LocalAI, Kokoro-FastAPI, vLLM-Omni, LiteLLM, Azure and more.

Such engines agree on little, so little is sent and much is read. What they do was read in their sources and
documentation, or tried, by 2026-11-30.
"""

from __future__ import annotations

from mediasmith.plugin.contract import Backend
from mediasmith_backends.compatible.addresses import KEYS, TITLE, URLS, CompatibleSettings
from mediasmith_backends.compatible.engine import Engines, check, connect, explain
from mediasmith_backends.compatible.image import image
from mediasmith_backends.compatible.models import configured_models
from mediasmith_backends.compatible.speech import speech
from mediasmith_backends.compatible.video import video

backend: Backend[Engines] = Backend(
    name="compatible",
    title=TITLE,
    docs="https://developers.openai.com/api/reference/overview",
    capabilities=(image, speech, video),
    connect=connect,
    keys=KEYS,
    key_optional=True,
    base_urls=tuple(URLS.values()),
    settings=CompatibleSettings,
    models=configured_models,
    check=check,
    explain=explain,
)
