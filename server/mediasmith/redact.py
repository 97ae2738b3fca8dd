"""Foreign text made fit to be shown: without secrets, without control characters, and short."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from pydantic import JsonValue

from mediasmith.contract import JSON

_LIMIT = 2000
"""Characters of one provider text that reach a caller."""

_SHORTEST = 6
"""A shorter value is no key; blotting it out would only eat words."""

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Redactor:
    """Takes the given secrets, plain, base64 and URL-encoded, out of any text."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """The text, cleaned and cut to 2,000 characters."""
        clean = _CONTROL.sub("", text)
        if self._secrets:
            clean = self._secrets.sub("[secret]", clean)
        return clean if len(clean) <= _LIMIT else f"{clean[:_LIMIT]}…"

    def json(self, value: JSON) -> JsonValue:
        """The value with every text in it cleaned."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.json(entry) for key, entry in value.items()}
        if isinstance(value, Sequence):
            return [self.json(entry) for entry in value]
        return value


def _forms(secret: str) -> tuple[str, ...]:
    # The last eight characters are what dashboards and some error messages show of a key.
    return secret, base64.b64encode(secret.encode()).decode(), quote(secret, safe=""), secret[-8:]
