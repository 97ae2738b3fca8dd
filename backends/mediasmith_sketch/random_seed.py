"""Chance that falls the same way every time."""

from __future__ import annotations

from random import Random


def seeded(*parts: object) -> Random:
    """Random numbers that depend on nothing but these parts."""
    key = ":".join(map(str, parts))
    return Random(key.encode("utf-8", "surrogatepass"))  # noqa: S311 - pictures are no secrets
