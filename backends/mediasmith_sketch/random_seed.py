"""Random numbers that are the same every time."""

from __future__ import annotations

from random import Random


def seeded(*parts: object) -> Random:
    """Return random numbers that depend on these parts alone."""
    key = ":".join(map(str, parts))
    return Random(key.encode("utf-8", "surrogatepass"))  # noqa: S311 - pictures are no secrets
