"""Who calls over HTTP: the token that a request has to bring, and the principal that it stands for."""

from __future__ import annotations

import hmac
import json

from mcp.server.auth.provider import AccessToken, TokenVerifier, principal_components
from pydantic import SecretStr

HOLDER = "http"
"""The principal of whoever has the token of the settings."""


class StaticAccess(AccessToken):
    """The access that the token of the settings gives."""


class StaticTokenVerifier(TokenVerifier):
    """Accepts one token, compared in constant time."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def verify_token(self, token: str) -> AccessToken | None:
        """The access it gives, without the token itself; None for any other text."""
        right = hmac.compare_digest(token.encode(), self._token.get_secret_value().encode())
        return StaticAccess(token="", client_id=HOLDER, scopes=[]) if right else None


def principal_of(access: AccessToken) -> str:
    """The text that jobs, files and ids are kept under; different for every client, issuer and subject."""
    return HOLDER if isinstance(access, StaticAccess) else json.dumps(principal_components(access))
