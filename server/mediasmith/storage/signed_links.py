"""Sign links to files: a link gives access to one file for an hour, without a token."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlencode

LIFETIME = 3600
"""Seconds until a link expires."""


@dataclass(frozen=True, kw_only=True)
class SignedLinks:
    """Signs and verifies links to files below the URL `base`. Links last as long as this object: the key is its own."""

    base: str
    key: bytes = field(default_factory=partial(secrets.token_bytes, 32), repr=False)

    def url(self, file_id: str, principal: str, *, now: float) -> str:
        """Return a new link to a file of this principal. `now` is in seconds since the epoch."""
        expires = str(int(now) + LIFETIME)
        query = urlencode({"expires": expires, "signature": self._signature(file_id, principal, expires)})
        return f"{self.base}/files/{file_id}?{query}"

    def is_valid(self, file_id: str, principal: str, *, expires: str, signature: str) -> bool:
        """Return whether `url` made the link with these parts, expired or not; if so, `expires` is a whole number."""
        own = self._signature(file_id, principal, expires)
        return hmac.compare_digest(own.encode(), signature.encode(errors="surrogatepass"))

    def _signature(self, file_id: str, principal: str, expires: str) -> str:
        signed = json.dumps([file_id, principal, expires])
        return hmac.new(self.key, signed.encode(), hashlib.sha256).hexdigest()
