"""The contract that the provider publishes, in the folder MEDIASMITH_TEST_SPECS, and what the SDK has that is newer."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

from loopback.contract import Contract, Newer

_SDK = "the types of the provider's SDK of November"
_MOVED = {"/v1/voice-changer/": "/v1/speech-to-speech/"}

REQUESTS = (
    Newer(field="model_id", values=("eleven_text_to_sound_v3",), instead="eleven_text_to_sound_v2", reason=_SDK),
    Newer(field="model_id", values=("music_v2_5",), instead="music_v2", reason=_SDK),
    Newer(
        field="output_format",
        route="POST /v1/sound-generation",
        values=tuple(f"wav_{rate}" for rate in (8000, 16000, 22050, 24000, 32000, 44100, 48000)),
        reason=_SDK,
    ),
)
"""What is newer in requests."""


class Published(Contract):
    """The published contract, in which some paths are older ones."""

    @override
    def objection(self, route: str, mime: str, data: object) -> str:
        """Return what it has against a request, or ""."""
        return super().objection(_before(route), mime, _listed(data))

    @override
    def query_objection(self, route: str, query: Mapping[str, str]) -> str:
        """Return what it has against the query of a request, or ""."""
        return super().query_objection(_before(route), query)


def _before(route: str) -> str:
    """Return the route as it was named when the contract was published."""
    for today, before in _MOVED.items():
        route = route.replace(today, before)
    return route


def _listed(data: object) -> object:
    """Put the only file of a form into a list, which a form does not say."""
    form: Any = data
    alone = isinstance(data, Mapping) and isinstance(form.get("files"), str)
    return {**form, "files": [form["files"]]} if alone else form


def published(newer: Sequence[Newer] = REQUESTS) -> Contract | None:
    """Return the newest published contract, or None where there is none to compare with."""
    folder = os.environ.get("MEDIASMITH_TEST_SPECS")
    files = sorted(Path(folder).glob("elevenlabs-*.json")) if folder else []
    return Published(files[-1], "", newer, ()) if files else None
