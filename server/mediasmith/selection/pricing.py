"""What a request would cost, from the dearest price that matches it."""

from __future__ import annotations

from collections.abc import Mapping

from mediasmith.config.tool_schemas import field_schemas
from mediasmith.plugin.contract import JSON, Price, Range
from mediasmith.selection.candidate import Candidate

_DIGITS = 10
"""Sums count to so many digits: 0.05 and 0.01 are not above a limit of 0.06."""


def estimate(candidate: Candidate, *, prompt: str, count: int, seconds: float | None = None) -> float | None:
    """US dollars for `count` files of this prompt at the most, or None when that is not known.

    `seconds` is how long the files are together, once that is known. A price matches unless its `when` contradicts a
    word as it was given, or its default; a word that was left open and has none may turn out dear. The input images
    are sent, and paid for, with every call. Characters are those of the prompt and of the instructions, which may be
    sent, and paid for, with it. These count once, though a long prompt is said in several requests, each of which
    repeats them: only a backend knows in how many.
    """
    costs: list[float] = []
    values = {**_defaults(candidate), **candidate.values}
    calls = -(-count // candidate.per_call)
    images = calls * sum(file.mime.startswith("image/") for files in candidate.inputs.values() for file in files)
    each = _seconds(candidate, values)
    made = count * each if seconds is None and each is not None else seconds
    characters = len(prompt) + _instructions(values)
    for price in candidate.model.prices:
        if _matches(price, values):
            units = _units(price, characters=characters, count=count, calls=calls, made=made)
            if units is None:
                return None  # it may be the dearest
            costs.append(round(price.usd * units + price.input_image_usd * images, _DIGITS))
    return max(costs, default=None)


def _defaults(candidate: Candidate) -> Mapping[str, JSON]:
    """The words' defaults. In an edit, those that it does not take over are as the file has them, and so unknown."""
    capability = candidate.capability
    edits = candidate.native or bool(capability.edits and candidate.inputs.get(capability.edits))
    unknown = capability.not_inherited if edits else ()
    return {
        word: schema["default"]
        for word, schema in field_schemas(capability.params).items()
        if schema.get("default") is not None and word not in unknown
    }


def _matches(price: Price, values: Mapping[str, JSON]) -> bool:
    return all(values.get(word, value) == value for word, value in price.when.items())


def _instructions(values: Mapping[str, JSON]) -> int:
    """The characters of the instructions, as a tag in brackets in front of the prompt."""
    told = values.get("instructions")
    return len(f"[{told}] ") if told else 0


def _units(price: Price, *, characters: int, count: int, calls: int, made: float | None) -> float | None:
    if price.per == "image":
        return count
    if price.per == "1k_chars":
        return count * characters / 1000
    if price.per == "call":
        return calls
    return None if made is None else made / (60 if price.per == "minute" else 1)


def _seconds(candidate: Candidate, values: Mapping[str, JSON]) -> float | None:
    """The duration asked for, else the default, else the longest the model makes."""
    field = field_schemas(candidate.capability.params).get("duration", {})
    accepts = candidate.model.accepts.get("duration")
    listed = accepts if isinstance(accepts, tuple) else field.get("enum", ())
    numbers = [float(seconds) for seconds in listed if isinstance(seconds, int | float)]
    longest = accepts.high if isinstance(accepts, Range) else max(numbers, default=field.get("maximum"))
    seconds = values.get("duration", longest)
    return float(seconds) if isinstance(seconds, int | float) else None
