"""Prices with the list and the day that they were read from."""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

from mediasmith.plugin.contract import Price

Unit: TypeAlias = Literal["image", "second", "1k_chars", "call"]


def gemini_price(usd: float, per: Unit, **when: str | bool) -> Price:
    """Return a price of the Gemini API for calls with these parameters."""
    source = "https://ai.google.dev/gemini-api/docs/pricing"
    return Price(usd=usd, per=per, when=when, as_of=date(2026, 10, 9), source=source)


def enterprise_price(usd: float, per: Unit, **when: str | bool) -> Price:
    """Return a price of enterprise mode, from a list that was checked against Google's own."""
    source = "https://github.com/Portkey-AI/models/pull/848"
    return Price(usd=usd, per=per, when=when, as_of=date(2026, 7, 16), source=source)
