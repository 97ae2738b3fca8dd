"""What fal charges: the unit price of an endpoint for this account, and what a request has cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import FiniteFloat

from mediasmith.plugin.contract import Price
from mediasmith.plugin.http_answers import Answer, Lenient
from mediasmith_backends.fal.client import Client
from mediasmith_backends.fal.errors import PAGE, explain

_MOST = 50
"""Endpoints in one request (https://docs.fal.ai, platform API, November 2026)."""

_DIGITS = 10

_Per = Literal["image", "megapixel", "second", "minute", "1k_chars", "call"]

_UNITS: Mapping[str, _Per] = {
    "image": "image",
    "images": "image",
    "megapixel": "megapixel",
    "megapixels": "megapixel",
    "second": "second",
    "seconds": "second",
    "minute": "minute",
    "minutes": "minute",
    "1000 characters": "1k_chars",
    "request": "call",
    "requests": "call",
    "video": "call",
    "videos": "call",
}
"""The units that can be counted in advance; computing seconds cannot."""


class UnitPrice(Answer):
    """What one unit of an endpoint costs this account."""

    endpoint_id: str
    unit_price: FiniteFloat
    unit: str
    currency: str

    def __str__(self) -> str:
        """Return it in words, such as `0.025 USD per megapixel`."""
        unit = self.unit if " " in self.unit else self.unit.removesuffix("s")
        return f"{self.unit_price:.10g} {self.currency} per {unit}"

    @property
    def prices(self) -> tuple[Price, ...]:
        """The price, if its unit can be counted in advance."""
        per = _UNITS.get(self.unit.strip().lower())
        if per is None or self.currency != "USD" or self.unit_price < 0:
            return ()
        return (Price(usd=self.unit_price, per=per, as_of=datetime.now(UTC).date(), source=PAGE + self.endpoint_id),)


class _UnitPrices(Answer):
    prices: tuple[Lenient[UnitPrice], ...]


async def unit_prices(client: Client, endpoints: Sequence[str]) -> Mapping[str, UnitPrice]:
    """Return the unit prices of these endpoints, fifty at most; those that fal does not name are left out."""
    asked = {"endpoint_id": ",".join(endpoints[:_MOST])}
    answer = await client.get_list("models/pricing", _UnitPrices, asked)
    found = {one.endpoint_id: one for one in answer.prices if one}
    client.unit_prices.update({name: one.unit_price for name, one in found.items() if one.currency == "USD"})
    return found


async def known_prices(client: Client, endpoints: Sequence[str]) -> Mapping[str, UnitPrice]:
    """Return as `unit_prices`, or nothing where they cannot be had."""
    try:
        return await unit_prices(client, endpoints) if endpoints else {}
    except Exception as error:
        if explain(error) is None:
            raise
        return {}


async def cost_of(client: Client, endpoint: str, units: float | None) -> float | None:
    """Return what so many units of an endpoint cost in USD, or None where that is not known."""
    if units and endpoint not in client.unit_prices:
        await known_prices(client, [endpoint])
    if not units:
        return units
    return round(units * client.unit_prices[endpoint], _DIGITS) if endpoint in client.unit_prices else None


async def check(client: Client) -> str:
    """Ask for a price, which is free and needs the key; fal says no more of the account."""
    await unit_prices(client, ["fal-ai/flux-2"])
    return ""
