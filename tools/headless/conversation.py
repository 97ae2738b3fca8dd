"""The calls that the stub model makes."""

from __future__ import annotations

from collections.abc import Sequence

from headless.model_api import ToolCall, ToolResult

GENERATED, EDITED, STARTED, COLLECTED = range(4)
"""The calls, in order, and so the results."""


def script(results: Sequence[ToolResult]) -> ToolCall | None:
    """Generate an image, edit it, start another one without waiting, and collect that."""
    match len(results):
        case 0:
            return ToolCall(tool="generate_media", arguments={"prompt": "a red kite over a hill", "backend": "sketch"})
        case 1:
            continuation_id = results[GENERATED].fields.get("continuation_id", "")
            return ToolCall(tool="continue_edit", arguments={"continuation_id": continuation_id, "prompt": "at night"})
        case 2:
            arguments = {"prompt": "a barn in the snow", "backend": "sketch", "wait_seconds": 0}
            return ToolCall(tool="generate_media", arguments=arguments)
        case 3:
            job_id = results[STARTED].fields.get("job_id", "")
            return ToolCall(tool="get_job", arguments={"job_id": job_id, "wait_seconds": 30})
        case _:
            return None
