"""All requests that the fake answers, and how those are read that are neither JSON nor multipart forms."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from fakes.google import account, files, imagen, interactions, veo, voices
from fakes.google.errors import authorize, error_answer
from fakes.google.published import PUBLISHED
from fakes.google.state import GoogleState, Settings
from loopback.connection import Answer, Request
from loopback.routes import Asked, Provider, Route
from loopback.script import play
from loopback.service import Service

ROUTES: Mapping[str, Route[GoogleState]] = {
    **interactions.ROUTES,
    **files.ROUTES,
    **voices.ROUTES,
    **account.ROUTES,
    **veo.ROUTES,
    **imagen.ROUTES,
}

_RAW = {files.UPLOAD, account.TOKEN}
"""The routes whose functions get the request itself for a body."""


class GoogleService(Service[GoogleState]):
    """Passes requests of the raw routes on as they are."""

    async def _checked(self, state: GoogleState, name: str, ids: tuple[str, ...], request: Request) -> Answer | None:
        if name not in _RAW:
            return await super()._checked(state, name, ids, request)
        # The later requests of an upload need no key: their URL is secret.
        if name == files.UPLOAD and "upload_id=" not in request.path:
            self.provider.sign_in(request)
        asked = Asked(state=state, route=name, host=request.headers["host"], ids=ids, body=request)
        return await play(state.next_scripted(name), state, partial(self.provider.routes[name].answer, asked))


def google_service() -> GoogleService:
    """Return a new fake without memory."""
    provider = Provider(
        routes=ROUTES,
        fresh=GoogleState,
        settings=Settings,
        sign_in=authorize,
        wording=error_answer,
        contract=PUBLISHED,
    )
    return GoogleService(provider)
