"""Storage for large inputs: a token, which is no key, and a place to upload to with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fakes.fal.state import FalState
from loopback.connection import Answer
from loopback.faults import Strict, answer_json
from loopback.routes import Asked, Route
from loopback.state import new_id


class TokenQuery(Strict):
    """The query of `POST /storage/auth/token`."""

    storage_type: Literal["fal-cdn-v3"]


class Nothing(Strict):
    """An empty object."""


def _token(asked: Asked[FalState]) -> Answer:
    return answer_json(
        {"token": new_id(), "token_type": "Bearer", "base_url": f"http://{asked.host}", "expires_at": ""}
    )


def _upload(_asked: Asked[FalState]) -> Answer:
    return answer_json({"access_url": f"https://files.example/{new_id()}"})


def _open(_state: FalState) -> bool:
    """Return that a route takes requests without a key: a token signs uploads in."""
    return True


ROUTES: Mapping[str, Route[FalState]] = {
    "POST /storage/auth/token": Route(answer=_token, body=Nothing, query=TokenQuery),
    "POST /files/upload": Route(answer=_upload, upload=True, open=_open),
}
"""The routes of the storage."""
