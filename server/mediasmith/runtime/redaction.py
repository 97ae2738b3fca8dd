"""Make foreign text fit to show: without secrets or control characters, and short."""

from __future__ import annotations

import base64
import math
import re
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import cast
from urllib.parse import quote

from pydantic import JsonValue

from mediasmith.plugin.embedded_media import without_media

_MAX_BYTES = 2000  # of one text from a provider that reaches a caller
_MOST_READ = 1_000_000  # characters of one text
_MIN_SECRET = 6  # characters: a shorter value is no key, and replacing it would damage ordinary words
_MAX_DEPTH = 8  # levels of nested arrays and objects

_CONTROL = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]"  # whole terminal escape sequences
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_KEY_LIKE = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"[sS]k[-_](?=[A-Za-z_-]*[0-9*])[A-Za-z0-9_*-]{16,}"
    r"|[xX]ai-[A-Za-z0-9]{20,}"
    r"|(?:AIza|ya29\.|AQ\.)[A-Za-z0-9_-]{20,}"
    r"|(?:r8|hf|gsk|ghp)_[A-Za-z0-9]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"  # JSON Web Tokens
    r")"
)
"""Keys of common services, recognized by their prefix: an error may repeat the key of a gateway or another service."""


class Redactor:
    """Removes secrets from any text: those given, whether plain, in base64 or URL-encoded, and what looks like one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        stripped = {secret.strip() for secret in secrets}
        forms = {form for secret in stripped if len(secret) >= _MIN_SECRET for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if forms else None
        self._secret_bytes = re.compile(self._secrets.pattern.encode()) if self._secrets else None

    def text(self, text: str) -> str:
        """Return the text without secrets, control characters and files in base64, cut to 2,000 bytes."""
        clean = _CONTROL.sub("", without_media(text[:_MOST_READ]))
        if self._secrets:
            clean = self._secrets.sub("[secret]", clean)
        clean = _KEY_LIKE.sub("[secret]", clean)
        raw = clean.encode()
        return clean if len(raw) <= _MAX_BYTES else f"{raw[:_MAX_BYTES].decode(errors='ignore')}…"

    def data(self, data: bytes) -> bytes:
        """Return the bytes of a file without secrets."""
        return self._secret_bytes.sub(b"[secret]", data) if self._secret_bytes else data

    def json(self, value: object, depth: int = _MAX_DEPTH) -> JsonValue:
        """Return the value with every string cleaned. What is not JSON, or nested too deep, becomes its type's name."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            return value
        if depth and isinstance(value, Mapping):
            entries = cast("Mapping[object, object]", value)
            return {self.text(str(key)): self.json(entry, depth - 1) for key, entry in entries.items()}
        if depth and isinstance(value, list | tuple):
            return [self.json(entry, depth - 1) for entry in cast("Sequence[object]", value)]
        return f"({type(value).__name__})"


def describe_exception(error: BaseException) -> str:
    """Return an exception's type and where it was raised, for a log. Its text is left out: it may contain a key."""
    places = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {places[-1].filename}:{places[-1].lineno}" if places else type(error).__name__


def _forms(secret: str) -> Iterable[str]:
    """Yield the forms in which a secret may appear in a text."""
    raw = secret.encode(errors="surrogateescape")
    yield from (secret, quote(raw, safe=""))
    if "://" not in secret:  # dashboards and some error messages show the last eight characters of a key
        yield secret[-8:]
    # Without padding, which may be missing.
    yield from (encode(raw).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode))
