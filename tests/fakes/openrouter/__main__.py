"""The provider, a process of its own: it outlives the server under test, so its counts are true after a kill."""

from __future__ import annotations

from collections.abc import Mapping

from fakes.openrouter import account, chat, images, newer, speech, videos
from fakes.openrouter.errors import sign_in, wording
from fakes.openrouter.state import RouterState, Settings
from loopback.contract import Contract
from loopback.routes import Provider, Route
from loopback.service import main

ROUTES: Mapping[str, Route[RouterState]] = {
    **images.ROUTES,
    **videos.ROUTES,
    **chat.ROUTES,
    **speech.ROUTES,
    **account.ROUTES,
}
"""Every kind of request, by the name that counts and scripts have for it."""

CONTRACT = Contract.found("openrouter-*.json", prefix="/api/v1", requests=newer.REQUESTS, answers=newer.ANSWERS)
"""What the provider publishes about its interface, where it is at hand."""

PROVIDER = Provider(
    routes=ROUTES, fresh=RouterState, settings=Settings, sign_in=sign_in, wording=wording, contract=CONTRACT
)
"""The provider."""

if __name__ == "__main__":
    main(PROVIDER)
