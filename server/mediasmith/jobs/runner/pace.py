"""How often the replicas of a fleet look after each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds: `beat` between two signs of life of a process, `dead` without one until others take its jobs over.

    `sweep` is between two looks for jobs without a living owner, and `respond` how long a process may take to show that
    it is alive at this very moment. Beats are compared by the database's clock.
    """

    beat: float = 5.0
    dead: float = 30.0
    sweep: float = 10.0
    respond: float = 1.5
