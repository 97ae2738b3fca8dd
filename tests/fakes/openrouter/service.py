"""What the fake of OpenRouter answers, by kind of request."""

from __future__ import annotations

from collections.abc import Mapping

from fakes.openrouter import chat, images, speech, videos
from fakes.openrouter.published import CONTRACT
from fakes.openrouter.state import RouterState, Settings, sign_in, wording
from loopback.connection import Answer
from loopback.faults import answer_json
from loopback.routes import Asked, Provider, Route


def _key(_asked: Asked[RouterState]) -> Answer:
    spent = dict.fromkeys(("usage", "usage_daily", "usage_weekly", "usage_monthly"), 2.5)
    elsewhere = dict.fromkeys(("byok_usage", "byok_usage_daily", "byok_usage_weekly", "byok_usage_monthly"), 0)
    limits = {"limit": None, "limit_remaining": None, "limit_reset": None, "include_byok_in_limit": False}
    kinds = {"is_free_tier": False, "is_management_key": False, "is_provisioning_key": False}
    rate = {"rate_limit": {"requests": -1, "interval": "10s", "note": "It is of no use."}}
    whose = {"label": "sk-or-v1-012...789", "creator_user_id": None}
    return answer_json({"data": {**whose, **spent, **elsewhere, **limits, **kinds, **rate}})


ROUTES: Mapping[str, Route[RouterState]] = {
    "GET /api/v1/key": Route(answer=_key),
    **images.ROUTES,
    **videos.ROUTES,
    **chat.ROUTES,
    **speech.ROUTES,
}
"""Every kind of request, by the name that counts and scripts have for it."""

PROVIDER = Provider(
    routes=ROUTES,
    fresh=RouterState,
    settings=Settings,
    sign_in=sign_in,
    wording=wording,
    contract=CONTRACT,
)
