"""The voices of the account: its own first, then some of the prebuilt ones."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from fakes.google.state import GoogleState
from loopback.connection import Answer
from loopback.faults import Strict, answer_json
from loopback.routes import Asked, Route

VOICES = ("voice_abc123def456", "Kore", "Puck", "Zephyr", "Charon", "Fenrir", "Leda", "Orus", "Aoede")


class _Page(Strict):
    page_size: int = Field(default=50, ge=1)


def _list(asked: Asked[GoogleState]) -> Answer:
    listed = [{"id": voice, "type": "prebuilt" if voice.istitle() else "prompted"} for voice in VOICES]
    size: int = asked.query.page_size
    return answer_json({"voices": listed[:size], **({"next_page_token": "more"} if size < len(listed) else {})})


ROUTES: Mapping[str, Route[GoogleState]] = {"GET /v1/voices": Route(answer=_list, query=_Page)}
