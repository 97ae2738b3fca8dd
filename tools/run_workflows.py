"""Run every workflow once on a real ComfyUI, and say what became of each.

    MEDIASMITH_COMFYUI_WORKFLOWS=FOLDER uv run python tools/run_workflows.py

The address is `MEDIASMITH_COMFYUI_BASE_URL`, or ComfyUI's usual one. Files go where new files go. A workflow that needs
a recording or a video is left out.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping
from typing import Any, cast

import mediasmith
from mediasmith.plugin.params import INPUT_WORDS
from mediasmith.testing import png

PROMPT = "a lighthouse at dusk, teal and amber"

_SIDE = 512
_PICTURES: Mapping[str, bytes] = {
    **dict.fromkeys(("image", "first_frame", "last_frame"), png(_SIDE, _SIDE)),
    "mask": png(_SIDE, _SIDE, b"\0\0\0\0"),
}
"""What is given in each role."""


async def run() -> int:
    """Run every workflow. Return 1 if one failed, or there is none."""
    async with mediasmith.open() as media:
        listed = await media.list_backends(backend="comfyui")
        ready = [capability for capability in listed.capabilities if capability.ready]
        for reason in {capability.missing for capability in listed.capabilities} if not ready else ():
            print(reason)
        outcomes = [await _run_one(media, one.kind, model) for one in ready for model in one.models]
    return 0 if outcomes and all(outcomes) else 1


async def _run_one(media: mediasmith.Media, kind: str, model: Mapping[str, Any]) -> bool:
    """Run one workflow, print what became of it, and return whether it did not fail."""
    roles = [role for role, takes in cast("Mapping[str, object]", model.get("inputs", {})).items() if takes]
    if not _PICTURES.keys() >= set(roles):
        print(f"{model['id']}: left out, as it needs {', '.join(roles)}")
        return True
    files = {role: _reference(role) for role in roles}
    began = time.monotonic()
    answer = await media.call(
        "generate_media", {"prompt": PROMPT, "kind": kind, "backend": "comfyui", "model": model["id"], **files}
    )
    print(f"{model['id']}: {answer.text if answer.is_error else 'done'} ({time.monotonic() - began:.1f} s)")
    for file in answer.result.files if isinstance(answer.result, mediasmith.MediaResult) else ():
        print(f"    {file.path}")
    return not answer.is_error


def _reference(role: str) -> str | list[str]:
    uri = f"data:image/png;base64,{base64.b64encode(_PICTURES[role]).decode()}"
    return [uri] if any(word == role and one.many for word, one in INPUT_WORDS.items()) else uri


if __name__ == "__main__":
    raise SystemExit(asyncio.run(run()))
