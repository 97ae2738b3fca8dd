"""The voices that an account can speak with: its own first, then those of the house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from pydantic import Field

from fakes.google.catalogue import OWN_VOICES, VOICES
from fakes.google.state import GoogleState
from loopback.connection import Answer
from loopback.faults import Strict, answer_json
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[GoogleState]


class Page(Strict):
    """The query of `GET /v1/voices`."""

    page_size: int = Field(default=50, ge=1)


def _list(asked: _Asked) -> Answer:
    own = [{"id": voice, "type": "prompted", "display_name": "Mine"} for voice in OWN_VOICES]
    house = [{"id": voice, "type": "prebuilt", "display_name": voice, "language_code": "en-US"} for voice in VOICES]
    listed = [*own, *house][: asked.query.page_size]
    more = {"next_page_token": "more"} if len(listed) < len(own) + len(house) else {}
    return answer_json({"voices": listed, **more})


ROUTES: Mapping[str, Route[GoogleState]] = {"GET /v1/voices": Route(answer=_list, query=Page)}
"""The request for voices."""
