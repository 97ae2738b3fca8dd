"""OpenAI's published contract, and which fields of its SDK came after it."""

from __future__ import annotations

from loopback.contract import Contract, Newer

_GENERATE = "openai/types/image_generate_params.py"

REQUESTS = (
    Newer(field="complexity", reason=_GENERATE),
    Newer(field="frame_count", reason=_GENERATE),
    Newer(field="frame_duration_ms", reason=_GENERATE),
    Newer(field="svg", reason=_GENERATE),
    Newer(field="output_format", values=("gif", "svg"), reason=_GENERATE),
    Newer(field="quality", values=("xhigh", "max"), reason=_GENERATE),
    Newer(field="seconds", values=("16", "20"), instead="12", reason="openai/types/video_extend_params.py, in words"),
)
ANSWERS = (Newer(field="quality", values=("xhigh", "max"), reason="openai/types/images_response.py"),)

CONTRACT = Contract.found("openai-*.json", prefix="/v1", requests=REQUESTS, answers=ANSWERS)
"""The contract where it is at hand, or None."""
