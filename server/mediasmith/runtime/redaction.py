"""Foreign text made fit to be shown: without secrets, without control characters, and short."""

from __future__ import annotations

import base64
import math
import re
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import cast
from urllib.parse import quote

from pydantic import JsonValue

_LIMIT = 2000
"""Bytes of one provider text that reach a caller."""

_SHORTEST = 6
"""A shorter value is no key; blotting it out would only eat words."""

_DEPTH = 8
"""Levels of arrays and objects that are kept of foreign material."""

_CONTROL = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]"  # what colours a terminal, as a whole
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Redactor:
    """Takes the given secrets, plain, base64 and URL-encoded, out of any text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        stripped = {secret.strip() for secret in secrets}
        forms = {form for secret in stripped if len(secret) >= _SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """The text, cleaned and cut to 2,000 bytes."""
        clean = _CONTROL.sub("", text)
        if self._secrets:
            clean = self._secrets.sub("[secret]", clean)
        raw = clean.encode()
        return clean if len(raw) <= _LIMIT else f"{raw[:_LIMIT].decode(errors='ignore')}…"

    def json(self, value: object, depth: int = _DEPTH) -> JsonValue:
        """The value with every text in it cleaned. Of what is no JSON, or too deep, only the type is told."""
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
    """An exception as it may stand in a log: its type and where it was raised. Its text may hold a key."""
    places = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {places[-1].filename}:{places[-1].lineno}" if places else type(error).__name__


def _forms(secret: str) -> Iterable[str]:
    raw = secret.encode(errors="surrogateescape")
    # The last eight characters are what dashboards and some error messages show of a key.
    yield from (secret, secret[-8:], quote(raw, safe=""))
    # Without the padding, which is not always there.
    yield from (encode(raw).decode().rstrip("=") for encode in (base64.b64encode, base64.urlsafe_b64encode))
