"""Service accounts: throwaway ones for tests, and the address that gives them tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from pydantic import Field

from fakes.google.errors import TOKEN
from fakes.google.state import GoogleState
from loopback.connection import Answer, Request
from loopback.faults import Fault, Refusal, Strict, answer_json, parsed
from loopback.routes import Asked, Route
from loopback.state import new_id

UNKNOWN = "gone@fake-project.iam.gserviceaccount.com"
"""An account that is not there any more."""

_KNOWN = "tests@fake-project.iam.gserviceaccount.com"
_ADDRESSEE = "https://oauth2.googleapis.com/token"  # whatever the address really is
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LONGEST = 3600  # seconds that a request for a token may be good for

_Asked: TypeAlias = Asked[GoogleState]


def written(file: Path, url: str, email: str = _KNOWN) -> Path:
    """Write the file of an account whose tokens come from this address. Its key is no secret."""
    account = {
        "type": "service_account",
        "project_id": "fake-project",
        "private_key_id": "0",
        "private_key": _key(),
        "client_email": email,
        "client_id": "0",
        "token_uri": f"{url}/token",
    }
    file.write_text(json.dumps(account), encoding="utf-8")
    return file


@cache
def _key() -> str:
    """A new key, as account files have it."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - heavy: only with accounts
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - heavy: as above

    form, open_to_all = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    key = rsa.generate_private_key(public_exponent=65_537, key_size=1024)
    return key.private_bytes(serialization.Encoding.PEM, form, open_to_all).decode()


class Claims(Strict):
    """What the account says of itself."""

    iss: str
    scope: str = Field(pattern=f"^{_SCOPE}$")
    aud: str
    iat: int
    exp: int


def _token(asked: _Asked) -> Answer:
    request: Request = asked.body
    form = dict(parse_qsl(request.body.decode("latin-1"), keep_blank_values=True))
    if request.headers.get("content-type") != "application/x-www-form-urlencoded" or form.keys() != {
        "grant_type",
        "assertion",
    }:
        raise _refusal("invalid_request")
    if form["grant_type"] != _GRANT:
        raise _refusal("unsupported_grant_type")
    claims = _claims(form["assertion"])
    if claims.aud != _ADDRESSEE or not 0 < claims.exp - claims.iat <= _LONGEST:
        raise _refusal("invalid_grant")
    if claims.iss != _KNOWN:
        raise _refusal("invalid_grant", "Invalid grant: account not found")
    token = {"access_token": f"{TOKEN}{new_id()}", "expires_in": 3599, "token_type": "Bearer"}
    return answer_json(token)


def _claims(assertion: str) -> Claims:
    """What a signed assertion says; its signature is not looked at, for the fake does not know the key."""
    parts = assertion.split(".")
    if len(parts) != 3 or not all(parts):
        raise _refusal("invalid_grant")
    try:
        return parsed(Claims, base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (Fault, ValueError) as error:
        raise _refusal("invalid_grant") from error


def _refusal(code: str, words: str = "Bad Request") -> Refusal:
    return Refusal(answer_json({"error": code, "error_description": words}, status=400))


def _open(_state: Any) -> bool:
    return True


TOKENS = "POST /token"
"""The request for a token: a form, as browsers send it."""

ROUTES: Mapping[str, Route[GoogleState]] = {TOKENS: Route(answer=_token, open=_open)}
"""The request for tokens."""
