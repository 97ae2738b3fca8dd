"""Backends that failed a moment ago rest: `auto` tries them last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mediasmith.runtime.clock import Clock

SECONDS = 60.0
"""How long a backend rests."""


class Cooldown(Protocol):
    """The backends that rest, shared by planning, which looks, and dispatch, which adds to them."""

    async def start(self, backend: str) -> None:
        """Let a backend rest from now on."""
        ...

    async def resting(self) -> Mapping[str, float]:
        """Return the backends that have a cooldown, with the seconds that are left of it."""
        ...


@dataclass(frozen=True, kw_only=True)
class ProcessCooldown:
    """The backends that rest in this process."""

    clock: Clock
    _until: dict[str, float] = field(default_factory=dict[str, float])

    async def start(self, backend: str) -> None:
        """Let a backend rest from now on."""
        self._until[backend] = self.clock.now() + SECONDS

    async def resting(self) -> Mapping[str, float]:
        """Return the backends that have a cooldown, with the seconds that are left of it."""
        now = self.clock.now()
        return {name: until - now for name, until in self._until.items() if until > now}
