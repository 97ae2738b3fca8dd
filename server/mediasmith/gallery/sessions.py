"""Sign people in: a key, which the page gets in its address, is exchanged for a cookie.

Images and event streams can carry no `Authorization`, so that it has to be a cookie. It counts for the gallery alone.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from mcp.server.auth.provider import TokenVerifier
from starlette.requests import HTTPConnection
from starlette.responses import Response

from mediasmith.config.caller import LOCAL
from mediasmith.mcp.http.tokens import principal_of
from mediasmith.runtime.clock import Clock

_MOST = 100
"""Sessions at a time; the oldest one ends for a new one."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class _Session:
    principal: str
    expires: float | None = None


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """The sessions of a gallery at `url`, until its server ends.

    With a `verifier`, a key is a token, and a session is one of that token's principal. Otherwise only the own `key` is
    one, for the user of this machine.
    """

    url: str
    path: str
    clock: Clock
    verifier: TokenVerifier | None = None
    key: str = field(default_factory=partial(secrets.token_urlsafe, 32), repr=False)
    _sessions: OrderedDict[str, _Session] = field(default_factory=OrderedDict[str, _Session], init=False, repr=False)

    @property
    def cookie(self) -> str:
        """The cookie's name. All ports of a machine share their cookies, hence the port."""
        parts = urlsplit(self.url)
        return f"mediasmith-gallery-{parts.port or _PORTS[parts.scheme]}"

    async def sign_in(self, key: str, response: Response) -> bool:
        """Begin a session with the right key: add its cookie to the response. Return whether the key is right."""
        session = await self._session(key)
        if session is None:
            return False
        name = secrets.token_urlsafe(32)
        self._sessions[name] = session
        while len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)
        secure = self.url.startswith("https:")
        response.set_cookie(self.cookie, name, path=self.path, httponly=True, samesite="strict", secure=secure)
        return True

    def principal(self, request: HTTPConnection) -> str | None:
        """Return the principal of a request's session, or None if it has none."""
        session = self._sessions.get(request.cookies.get(self.cookie, ""))
        if session is None or (session.expires is not None and session.expires <= self.clock.now()):
            return None
        return session.principal

    async def _session(self, key: str) -> _Session | None:
        if self.verifier is None:
            return _Session(LOCAL) if hmac.compare_digest(key.encode(), self.key.encode()) else None
        access = await self.verifier.verify_token(key)
        return _Session(principal_of(access), access.expires_at) if access else None
