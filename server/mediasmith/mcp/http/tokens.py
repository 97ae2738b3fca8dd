"""Tokens over HTTP: the one that a request must bring, and the principal that it stands for."""

from __future__ import annotations

import hmac
import json

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken, TokenVerifier, principal_components
from pydantic import SecretStr

from mediasmith.plugin.errors import NotAllowed

HOLDER = "http"
"""The principal of every request with the token of the settings."""


class StaticAccess(AccessToken):
    """The access that the token of the settings gives."""


class StaticTokenVerifier(TokenVerifier):
    """Accepts one token, compared in constant time."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the access that the token gives, without the token itself; None for any other text."""
        right = hmac.compare_digest(token.encode(), self._token.get_secret_value().encode())
        return StaticAccess(token="", client_id=HOLDER, scopes=[]) if right else None


def request_principal() -> str:
    """Return who makes the request that is being served, where every request must bring a token.

    Raises:
        NotAllowed: it has none.
    """
    access = get_access_token()
    if access is None:
        raise NotAllowed("The request has no token.")
    return principal_of(access)


def principal_of(access: AccessToken) -> str:
    """Return the text that jobs, files and ids are kept under; different for every client, issuer and subject."""
    return HOLDER if isinstance(access, StaticAccess) else json.dumps(principal_components(access))
