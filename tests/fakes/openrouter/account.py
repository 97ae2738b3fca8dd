"""What is left: `/credits` and `/key`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from fakes.openrouter.state import RouterState
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[RouterState]


def _credits(asked: _Asked) -> Answer:
    state = asked.state
    return answer_json({"data": {"total_credits": state.settings.credits, "total_usage": state.spent}})


def _key(asked: _Asked) -> Answer:
    spent = asked.state.spent
    periods = ("", "_daily", "_weekly", "_monthly")
    return answer_json(
        {
            "data": {
                "label": "sk-or-v1-abc...789",
                "limit": None,
                "limit_remaining": None,
                "limit_reset": None,
                "include_byok_in_limit": False,
                "is_free_tier": False,
                "is_management_key": False,
                "is_provisioning_key": False,
                "creator_user_id": None,
                "expires_at": None,
                "rate_limit": {"requests": -1, "interval": "10s", "note": "This field is deprecated."},
                **{f"usage{period}": spent for period in periods},
                **{f"byok_usage{period}": 0.0 for period in periods},
            }
        }
    )


ROUTES: Mapping[str, Route[RouterState]] = {
    "GET /api/v1/credits": Route(answer=_credits),
    "GET /api/v1/key": Route(answer=_key),
}
"""The requests about the account."""
