"""Sign people in: a key, which the page gets in its address, is exchanged for a cookie.

Images and event streams can carry no `Authorization`, so that it has to be a cookie. It counts for the gallery alone.
It says whose it is, and is signed: replicas of a fleet keep no sessions, and know each other's cookies.
"""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from mcp.server.auth.provider import TokenVerifier
from pydantic import SecretStr
from starlette.requests import HTTPConnection
from starlette.responses import Response

from mediasmith.config.caller import LOCAL
from mediasmith.mcp.http.tokens import principal_of
from mediasmith.runtime.clock import Clock
from mediasmith.storage.shared_keys import shared_keys

LIFETIME = 30 * 86_400
"""Seconds until a session ends, if its token does not end before."""

_PORTS = {"http": 80, "https": 443}


def session_keys(shared: Iterable[SecretStr], token: SecretStr | None) -> tuple[bytes, ...]:
    """Return the keys that sign sessions; the first one signs. With another `token`, all sessions end."""
    return shared_keys(shared, f"sessions {token.get_secret_value() if token else ''}".encode())


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """The sessions of a gallery at `url`.

    With a `verifier`, a key is a token, and a session is one of that token's principal. Otherwise only the own `key` is
    one, for the user of this machine.
    """

    url: str
    path: str
    clock: Clock
    verifier: TokenVerifier | None = None
    signing_keys: tuple[bytes, ...] = field(repr=False)
    key: str = field(default_factory=partial(secrets.token_urlsafe, 32), repr=False)

    @property
    def cookie(self) -> str:
        """The cookie's name. All ports of a machine share their cookies, hence the port."""
        parts = urlsplit(self.url)
        return f"mediasmith-gallery-{parts.port or _PORTS[parts.scheme]}"

    async def sign_in(self, key: str, response: Response) -> bool:
        """Begin a session with the right key: add its cookie to the response. Return whether the key is right."""
        principal, expires = LOCAL, self.clock.now() + LIFETIME
        if self.verifier is None:
            if not hmac.compare_digest(key.encode(), self.key.encode()):
                return False
        else:
            access = await self.verifier.verify_token(key)
            if access is None:
                return False
            principal, expires = principal_of(access), min(expires, access.expires_at or expires)
        session = urlsafe_b64encode(json.dumps([principal, expires]).encode()).decode()
        value = f"{session}.{_signature(self.signing_keys[0], session)}"
        secure = self.url.startswith("https:")
        response.set_cookie(self.cookie, value, path=self.path, httponly=True, samesite="strict", secure=secure)
        return True

    def principal(self, request: HTTPConnection) -> str | None:
        """Return the principal of a request's session, or None if it has none."""
        session, _, signature = request.cookies.get(self.cookie, "").partition(".")
        given = signature.encode(errors="surrogatepass")
        if not any(hmac.compare_digest(_signature(key, session).encode(), given) for key in self.signing_keys):
            return None
        principal, expires = json.loads(urlsafe_b64decode(session))
        return principal if self.clock.now() < expires else None


def _signature(key: bytes, session: str) -> str:
    return hmac.digest(key, session.encode(errors="surrogatepass"), "sha256").hex()
