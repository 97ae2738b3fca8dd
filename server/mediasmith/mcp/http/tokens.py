"""Check tokens over HTTP, and derive the principal of a request from its token."""

from __future__ import annotations

import hmac
import json

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier, principal_components
from pydantic import SecretStr

from mediasmith.config.caller import HOLDER
from mediasmith.plugin.errors import NotAllowed


class StaticAccess(AccessToken):
    """The access that the token from the settings gives."""


class StaticTokenVerifier(TokenVerifier):
    """Accepts one token, compared in constant time."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access for the right token, without the token itself, or None."""
        right = hmac.compare_digest(token.encode(), self._token.get_secret_value().encode())
        return StaticAccess(token="", client_id=HOLDER, scopes=[]) if right else None


def request_principal() -> str:
    """Return the principal of the request that is being served.

    Raises:
        NotAllowed: it has no token.
    """
    access = get_access_token()
    if access is None:
        raise NotAllowed("The request has no token.", "Send the server's token as a bearer token.")
    return principal_of(access)


def principal_of(access: AccessToken) -> str:
    """Return the principal that jobs and files belong to: different for every client, issuer and subject."""
    return HOLDER if isinstance(access, StaticAccess) else json.dumps(principal_components(access))
