"""OpenRouter's published contract, in the folder MEDIASMITH_TEST_SPECS, and what its reference has that is newer."""

from __future__ import annotations

import os
from pathlib import Path

from loopback.contract import Contract, Newer

_IMAGES = "the provider's image generation reference of November"
_VIDEOS = "the provider's video generation reference of November"

REQUESTS = (
    Newer(field="resolution", values=("768", "1.5K"), reason=_IMAGES),
    Newer(field="quality", values=("xhigh", "max"), reason=_IMAGES),
    Newer(field="resolution", values=("360p",), reason=_VIDEOS),
    Newer(field="previous_job_id", reason=_VIDEOS),
    Newer(field="instructions", reason="the provider's SDK reference: SpeechInput"),
)
ANSWERS = (
    Newer(field="supported_resolutions", instead=[], reason=_VIDEOS),
    Newer(field="supported_sizes", instead=[], reason=_VIDEOS),
)


def _find() -> Contract | None:
    folder = os.environ.get("MEDIASMITH_TEST_SPECS")
    files = sorted(Path(folder).glob("openrouter-*.json")) if folder else []
    return Contract(files[-1], "/api/v1", REQUESTS, ANSWERS) if files else None


CONTRACT = _find()
"""The contract, or None. The fake refuses what it does not know."""
