"""What Google charges, as read from price lists, and the names that their figures go by."""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

from mediasmith.plugin.contract import Price

Unit: TypeAlias = Literal["image", "second", "1k_chars", "call"]
"""What is counted."""


def gemini(usd: float, per: Unit, **when: str | bool) -> Price:
    """A price from the list of the Gemini API, of calls whose words are so."""
    source = "https://ai.google.dev/gemini-api/docs/pricing"
    return Price(usd=usd, per=per, when=when, as_of=date(2026, 10, 9), source=source)


def cloud(usd: float, per: Unit, **when: str | bool) -> Price:
    """A price of enterprise mode, from a list that was checked against Google's own."""
    source = "https://github.com/Portkey-AI/models/pull/848"
    return Price(usd=usd, per=per, when=when, as_of=date(2026, 7, 16), source=source)
