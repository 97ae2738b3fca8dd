"""A service that also takes requests which are neither JSON nor a form of files."""

from __future__ import annotations

from functools import partial

from fakes.google.state import GoogleState
from loopback.connection import Answer, Request
from loopback.routes import Asked, Provider
from loopback.script import play
from loopback.service import Service


class GoogleService(Service[GoogleState]):
    """Hands the requests of the `whole` routes on as they came, as the body of what is asked."""

    def __init__(self, provider: Provider[GoogleState], whole: frozenset[str]) -> None:
        super().__init__(provider)
        self._whole = whole

    async def _checked(self, state: GoogleState, name: str, ids: tuple[str, ...], request: Request) -> Answer | None:
        if name not in self._whole:
            return await super()._checked(state, name, ids, request)
        route = self.provider.routes[name]
        # The second request of an upload needs no key: its address is secret.
        if not (route.open and route.open(state)) and "upload_id=" not in request.path:
            self.provider.sign_in(request)
        asked = Asked(state=state, route=name, host=request.headers["host"], ids=ids, body=request)
        return await play(state.next_scripted(name), state, partial(route.answer, asked))
