"""Links that expire: who has one may fetch that file for an hour, without any other right."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlencode

LIFETIME = 3600
"""Seconds that a link is good for."""


@dataclass(frozen=True, kw_only=True)
class SignedLinks:
    """Links to files below the address `base`, good for as long as this object lives: the key is its own."""

    base: str
    key: bytes = field(default_factory=partial(secrets.token_bytes, 32), repr=False)

    def url(self, file_id: str, principal: str, *, now: float) -> str:
        """A new link to a file of this principal. `now` is in seconds since the epoch."""
        expires = str(int(now) + LIFETIME)
        query = urlencode({"expires": expires, "signature": self._signature(file_id, principal, expires)})
        return f"{self.base}/files/{file_id}?{query}"

    def is_ours(self, file_id: str, principal: str, *, expires: str, signature: str) -> bool:
        """Whether `url` made the link with these parts; if so, `expires` is a number."""
        own = self._signature(file_id, principal, expires)
        return hmac.compare_digest(own.encode(), signature.encode(errors="surrogatepass"))

    def _signature(self, file_id: str, principal: str, expires: str) -> str:
        signed = json.dumps([file_id, principal, expires])
        return hmac.new(self.key, signed.encode(), hashlib.sha256).hexdigest()
