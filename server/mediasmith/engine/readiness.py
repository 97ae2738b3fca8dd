"""Whether a process can take calls at the moment, as a balancer asks before it sends some."""

from __future__ import annotations

from typing import Protocol


class Readiness(Protocol):
    """Tells whether a process can take calls."""

    async def reason_not_ready(self) -> str:
        """Return why it cannot at the moment, in a few words that anyone may read, or ""."""
        ...


class AlwaysReady:
    """The readiness of one machine, which needs no other."""

    async def reason_not_ready(self) -> str:
        """Return ""."""
        return ""
