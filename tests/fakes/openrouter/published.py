"""OpenRouter's published contract, and which fields of its reference came after it."""

from __future__ import annotations

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

CONTRACT = Contract.found("openrouter-*.json", prefix="/api/v1", requests=REQUESTS, answers=ANSWERS)
"""The contract where it is at hand, or None."""
