"""What every answer tells: what was charged."""

from __future__ import annotations

from typing import Any

from mediasmith.plugin.errors import Billed, ProviderError, Refused
from mediasmith_backends.xai.errors import ANEW, TITLE

_TICKS = 10_000_000_000
"""Ticks of a US dollar."""


def cost_usd(answer: Any) -> float | None:
    """What was charged, in USD, where it is told."""
    return answer.usage.cost_in_usd_ticks / _TICKS if answer.usage.HasField("cost_in_usd_ticks") else None


def billed(answer: Any) -> Billed:
    """Whether this was charged, as far as it is told."""
    usd = cost_usd(answer)
    return "unknown" if usd is None else "yes" if usd else "no"


def empty(answer: Any, what: str) -> ProviderError:
    """There is nothing in the answer that can be used."""
    return ProviderError(f"{TITLE} answered without a {what}.", ANEW, billed=billed(answer))


def withheld(answer: Any, what: str) -> Refused:
    """What was made is withheld by the provider's moderation."""
    return Refused(
        f"{TITLE} made the {what} and withheld it: it does not keep to the usage guidelines.",
        "Ask for something else, or in other words.",
        reason="moderation",
        billed=billed(answer),
    )
