"""What the provider's contract does not know yet."""

from __future__ import annotations

from loopback.contract import Newer

_IMAGES = "the provider's image generation reference of November"
_VIDEOS = "the provider's video generation reference of November"
_SPEECH = "the provider's SDK reference: SpeechInput, a text or a list of turns"

REQUESTS = (
    Newer(field="aspect_ratio", values=("2.35:1", "5:2", "5:7", "7:5"), reason=_IMAGES),
    Newer(field="resolution", values=("768", "1.5K"), reason=_IMAGES),
    Newer(field="quality", values=("xhigh", "max"), reason=_IMAGES),
    Newer(field="session_id", reason=_IMAGES),
    Newer(field="trace", reason=_IMAGES),
    Newer(field="user", reason=_IMAGES),
    Newer(field="resolution", values=("360p",), reason=_VIDEOS),
    Newer(field="previous_job_id", reason=_VIDEOS),
    Newer(field="instructions", reason=_SPEECH),
    Newer(field="input", lists=True, instead="turns", reason=_SPEECH),
)
"""In requests."""

ANSWERS = (
    Newer(field="supported_resolutions", instead=[], reason=_VIDEOS),
    Newer(field="supported_sizes", instead=[], reason=_VIDEOS),
)
"""In answers."""
