"""Derive keys for signatures from the secret that the replicas of a fleet share."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable

from pydantic import SecretStr


def shared_keys(shared: Iterable[SecretStr], purpose: bytes) -> tuple[bytes, ...]:
    """Return the keys for a purpose, one of each secret, in their order; without any, one of this process alone."""
    keys = [hmac.digest(secret.get_secret_value().encode(), purpose, "sha256") for secret in shared]
    return tuple(keys) or (secrets.token_bytes(32),)
