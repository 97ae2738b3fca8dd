"""Read what an answer says was charged."""

from __future__ import annotations

from typing import Any

from mediasmith.plugin.errors import Billed

_TICKS_PER_USD = 10_000_000_000


def cost_usd(answer: Any) -> float | None:
    """Return what was charged in USD, or None where the answer does not say."""
    usage = answer.usage
    return usage.cost_in_usd_ticks / _TICKS_PER_USD if usage.HasField("cost_in_usd_ticks") else None


def billed(answer: Any) -> Billed:
    """Return whether the request was charged, as far as the answer says."""
    usd = cost_usd(answer)
    return "unknown" if usd is None else "yes" if usd else "no"
