"""The server's clock. Every wait of a second or more goes through it, so that tests need not wait."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Protocol

import anyio


class Clock(Protocol):
    """Tells the time and sleeps."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep for this long; only a checkpoint if `seconds` is zero or less."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Sleep for this long; only a checkpoint if `seconds` is zero or less."""
        await anyio.sleep(max(0.0, seconds))


def today(clock: Clock) -> date:
    """Return the clock's day (UTC)."""
    return datetime.fromtimestamp(clock.now(), UTC).date()
