"""What the fake of OpenAI answers, by kind of request."""

from __future__ import annotations

from collections.abc import Mapping

from fakes.openai import images, responses, speech, videos
from fakes.openai.published import CONTRACT
from fakes.openai.state import OpenAIState, Settings, sign_in, wording
from loopback.routes import Provider, Route

ROUTES: Mapping[str, Route[OpenAIState]] = {**images.ROUTES, **responses.ROUTES, **speech.ROUTES, **videos.ROUTES}
"""Every kind of request, by the name that counts and scripts have for it."""

PROVIDER = Provider(
    routes=ROUTES,
    fresh=OpenAIState,
    settings=Settings,
    sign_in=sign_in,
    wording=wording,
    contract=CONTRACT,
)
