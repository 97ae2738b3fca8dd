"""What a request would cost, from the dearest price that matches it."""

from __future__ import annotations

from collections.abc import Mapping

from mediasmith.contract import JSON, Price, Range
from mediasmith.schema import field_schemas
from mediasmith.selector import Choice


def estimate(choice: Choice, *, prompt: str, count: int, seconds: float | None = None) -> float | None:
    """US dollars for `count` files of this prompt at the most, or None when that is not known.

    `seconds` is how long the files are together, once that is known. A price matches unless its `when` contradicts a
    word as it was given, or its default; a word that was left open and has none may turn out dear.
    """
    costs: list[float] = []
    values = {**_defaults(choice), **choice.values}
    for price in choice.model.prices:
        if _matches(price, values):
            units = _units(price, choice, prompt=prompt, count=count, made=seconds)
            if units is None:
                return None  # it may be the dearest
            costs.append(price.usd * units)
    return max(costs, default=None)


def _defaults(choice: Choice) -> Mapping[str, JSON]:
    return {
        word: schema["default"]
        for word, schema in field_schemas(choice.capability.params).items()
        if schema.get("default") is not None
    }


def _matches(price: Price, values: Mapping[str, JSON]) -> bool:
    return all(values.get(word, value) == value for word, value in price.when.items())


def _units(price: Price, choice: Choice, *, prompt: str, count: int, made: float | None) -> float | None:
    if price.per == "image":
        return count
    if price.per == "1k_chars":
        return count * len(prompt) / 1000
    if price.per == "call":
        return -(-count // choice.per_call)
    if made is None:
        each = _seconds(choice)
        made = None if each is None else count * each
    return None if made is None else made / (60 if price.per == "minute" else 1)


def _seconds(choice: Choice) -> float | None:
    """The duration asked for, else the default, else the longest the model makes."""
    field = field_schemas(choice.capability.params).get("duration", {})
    accepts = choice.model.accepts.get("duration")
    listed = accepts if isinstance(accepts, tuple) else field.get("enum", ())
    numbers = [float(seconds) for seconds in listed if isinstance(seconds, int | float)]
    longest = accepts.high if isinstance(accepts, Range) else max(numbers, default=field.get("maximum"))
    seconds = choice.values.get("duration", field.get("default", longest))
    return float(seconds) if isinstance(seconds, int | float) else None
