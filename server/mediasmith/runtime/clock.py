"""The server's clock: every wait of more than a second goes through it, so that tests need not wait."""

from __future__ import annotations

import time
from typing import Protocol

import anyio


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait this long; a checkpoint when `seconds` is zero or less."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait this long; a checkpoint when `seconds` is zero or less."""
        await anyio.sleep(max(0.0, seconds))
