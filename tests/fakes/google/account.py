"""Service accounts, and the endpoint that gives them access tokens."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel

from fakes.google.errors import TOKEN_PREFIX
from fakes.google.state import GoogleState
from loopback.connection import Answer, Request
from loopback.faults import Fault, Refusal, Strict, answer_json, parsed_fields
from loopback.routes import Asked, Route
from loopback.state import new_id

_EMAIL = "tests@fake-project.iam.gserviceaccount.com"


def write_account(file: Path, url: str, email: str = _EMAIL) -> Path:
    """Write the file of a service account whose tokens come from `url`; only one with the default email exists."""
    account = {
        "type": "service_account",
        "project_id": "fake-project",
        "private_key_id": "0",
        "private_key": _private_key(),
        "client_email": email,
        "client_id": "0",
        "token_uri": f"{url}/token",
    }
    file.write_text(json.dumps(account), encoding="utf-8")
    return file


@cache
def _private_key() -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - heavy: only with accounts
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - heavy: as above

    key = rsa.generate_private_key(public_exponent=65_537, key_size=1024)
    unencrypted = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted).decode()


class _Grant(Strict):
    """The form that asks for a token."""

    grant_type: Literal["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assertion: str


class _Claims(BaseModel):
    """What the account asserts; the rest is the business of Google's own library."""

    iss: Literal["tests@fake-project.iam.gserviceaccount.com"]
    scope: Literal["https://www.googleapis.com/auth/cloud-platform"]


def _token(asked: Asked[GoogleState]) -> Answer:
    request: Request = asked.body
    try:
        form = parsed_fields(_Grant, dict(parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)))
        payload = form.assertion.split(".")[1]  # the signature is not checked
        _Claims.model_validate_json(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (Fault, ValueError, IndexError) as error:
        raise Refusal(answer_json({"error": "invalid_grant", "error_description": str(error)}, status=400)) from error
    return answer_json({"access_token": f"{TOKEN_PREFIX}{new_id()}", "expires_in": 3599, "token_type": "Bearer"})


TOKEN = "POST /token"

ROUTES: Mapping[str, Route[GoogleState]] = {TOKEN: Route(answer=_token)}
