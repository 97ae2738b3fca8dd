"""What the fake of OpenRouter answers, by kind of request."""

from __future__ import annotations

from collections.abc import Mapping

from fakes.openrouter import chat, images, speech, videos
from fakes.openrouter.published import CONTRACT
from fakes.openrouter.state import RouterState, Settings, sign_in, wording
from loopback.routes import Provider, Route

ROUTES: Mapping[str, Route[RouterState]] = {**images.ROUTES, **videos.ROUTES, **chat.ROUTES, **speech.ROUTES}
"""Every kind of request, by the name that counts and scripts have for it."""

PROVIDER = Provider(
    routes=ROUTES,
    fresh=RouterState,
    settings=Settings,
    sign_in=sign_in,
    wording=wording,
    contract=CONTRACT,
)
