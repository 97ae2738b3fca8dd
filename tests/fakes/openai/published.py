"""OpenAI's published contract, in the folder MEDIASMITH_TEST_SPECS, and what its SDK has that is newer."""

from __future__ import annotations

import os
from pathlib import Path

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


def _find() -> Contract | None:
    folder = os.environ.get("MEDIASMITH_TEST_SPECS")
    files = sorted(Path(folder).glob("openai-2*.json")) if folder else []
    return Contract(files[-1], "/v1", REQUESTS, ANSWERS) if files else None


CONTRACT = _find()
"""The contract, or None. The fake refuses what it does not know."""
