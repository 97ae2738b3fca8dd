"""Sign links to files: a link gives access to one file for an hour, without a token."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from pydantic import SecretStr

from mediasmith.storage.shared_keys import shared_keys

LIFETIME = 3600
"""Seconds until a link expires."""


def link_keys(shared: Iterable[SecretStr]) -> tuple[bytes, ...]:
    """Return the keys that processes with these secrets share, in their order; without any, one of this process."""
    return shared_keys(shared, b"links")


@dataclass(frozen=True, kw_only=True)
class SignedLinks:
    """Signs and verifies links to files below the URL `base`. The first key signs, and all verify."""

    base: str
    keys: tuple[bytes, ...] = field(repr=False)

    def url(self, file_id: str, principal: str, *, now: float) -> str:
        """Return a new link to a file of this principal. `now` is in seconds since the epoch."""
        expires = str(int(now) + LIFETIME)
        signature = _signature(self.keys[0], file_id, principal, expires)
        return f"{self.base}/files/{file_id}?{urlencode({'expires': expires, 'signature': signature})}"

    def is_valid(self, file_id: str, principal: str, *, expires: str, signature: str) -> bool:
        """Return whether `url` made the link with these parts, expired or not; if so, `expires` is a whole number."""
        given = signature.encode(errors="surrogatepass")
        own = (_signature(key, file_id, principal, expires).encode() for key in self.keys)
        return any(hmac.compare_digest(one, given) for one in own)


def _signature(key: bytes, file_id: str, principal: str, expires: str) -> str:
    signed = json.dumps([file_id, principal, expires])
    return hmac.new(key, signed.encode(), hashlib.sha256).hexdigest()
