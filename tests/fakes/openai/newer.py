"""What the provider's contract does not know yet, though its SDK does."""

from __future__ import annotations

from loopback.contract import Newer

_GENERATE = "openai/types/image_generate_params.py"
_EDIT = "openai/types/image_edit_params.py"

REQUESTS = (
    Newer(field="complexity", reason=_GENERATE),
    Newer(field="frame_count", reason=_GENERATE),
    Newer(field="frame_duration_ms", reason=_GENERATE),
    Newer(field="svg", reason=_GENERATE),
    Newer(field="safety_identifier", reason=_GENERATE),
    Newer(field="output_format", values=("gif", "svg"), reason=_GENERATE),
    Newer(field="quality", values=("xhigh", "max"), reason=_GENERATE),
    Newer(field="markup", reason=_EDIT),
    Newer(field="seconds", values=("16", "20"), instead="12", reason="openai/types/video_extend_params.py, in words"),
    Newer(
        field="type",
        values=("image_generation_call",),
        reason="the guide to image generation names a call by its id alone; without a type that is an item reference",
    ),
)
"""In requests."""

ANSWERS = (Newer(field="quality", values=("xhigh", "max"), reason="openai/types/images_response.py"),)
"""In answers."""
