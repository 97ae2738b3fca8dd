"""What the provider's contract does not know yet."""

from __future__ import annotations

from collections.abc import Mapping
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
    Newer(field="similarity", reason=_SDK),
    Newer(field="previous_text", reason=_SDK),
    Newer(field="future_text", reason=_SDK),
    Newer(field="previous_request_ids", reason=_SDK),
    Newer(field="next_request_ids", reason=_SDK),
)
"""In requests."""

ANSWERS: tuple[Newer, ...] = ()
"""In answers."""


class Published(Contract):
    """The contract, where a path in it is another one today."""

    @override
    def objection(self, route: str, mime: str, data: object) -> str:
        """What it has against a request."""
        return super().objection(_before(route), mime, _listed(data))

    @override
    def query_objection(self, route: str, query: Mapping[str, str]) -> str:
        """What it has against the query of a request."""
        return super().query_objection(_before(route), query)


def _before(route: str) -> str:
    """How a request was named when the contract was published."""
    for today, before in _MOVED.items():
        route = route.replace(today, before)
    return route


def _listed(data: object) -> object:
    """A form does not say that its only file is a list of one."""
    told: Any = data
    alone = isinstance(data, Mapping) and isinstance(told.get("files"), str)
    return {**told, "files": [told["files"]]} if alone else told
