"""What a request would cost, from the dearest price that matches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mediasmith.config.field_schemas import field_schemas
from mediasmith.plugin.contract import JSON, Price, Range
from mediasmith.plugin.media import parse_size
from mediasmith.plugin.params import IN_PIXELS
from mediasmith.selection.candidate import Candidate

DIGITS = 10
"""Sums are rounded to so many digits: 0.05 and 0.01 are not above a limit of 0.06."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The totals of the files that were made: seconds of sound or video, and megapixels of images.

    `values` are the parameters that the provider says it used.
    """

    seconds: float | None = None
    megapixels: float | None = None
    values: Mapping[str, JSON] = field(default_factory=dict[str, JSON])


def estimate(candidate: Candidate, *, prompt: str, count: int, measured: Measured | None = None) -> float | None:
    """Return US dollars for `count` files of this prompt at most, or None where that is not known.

    A price matches unless its `when` contradicts a word as it was used, as it was given, or its default; a word that
    was left open (or to the provider: `auto`) and has no default may turn out dear. Input images are sent, and paid
    for, with every call. Characters are those of the prompt and of the instructions, which may be sent, and paid for,
    with it. These count once, though a long prompt is spoken in several requests, each of which repeats them: only a
    backend knows in how many.
    """
    values = {**_defaults(candidate), **candidate.values, **_priced_values(candidate, measured)}
    values = {word: value for word, value in values.items() if value != "auto"}
    calls = -(-count // candidate.per_call)
    images = calls * sum(file.mime.startswith("image/") for files in candidate.inputs.values() for file in files)
    units: Mapping[str, float | None] = {
        "image": count,
        "call": calls,
        "1k_chars": count * (len(prompt) + _instructions(values)) / 1000,
        "second": _total(measured and measured.seconds, count, _seconds(candidate, values)),
        "megapixel": _total(measured and measured.megapixels, count, _megapixels(candidate, values)),
    }
    costs: list[float] = []
    for price in candidate.model.prices:
        if not _matches(price, values):
            continue
        amount = units["second" if price.per == "minute" else price.per]
        if amount is None:
            return None  # it may be the dearest
        per = 60 if price.per == "minute" else 1
        costs.append(round(price.usd * amount / per + price.input_image_usd * images, DIGITS))
    return max(costs, default=None)


def _priced_values(candidate: Candidate, measured: Measured | None) -> Mapping[str, JSON]:
    """Return the values that were used, except those that no price mentions, such as an unlisted size."""
    used = measured.values if measured else dict[str, JSON]()
    prices = candidate.model.prices
    return {word: value for word, value in used.items() if any(price.when.get(word) == value for price in prices)}


def _total(measured: float | None, count: int, each: float | None) -> float | None:
    if measured is not None:
        return measured
    return None if each is None else count * each


def _defaults(candidate: Candidate) -> Mapping[str, JSON]:
    """Return the words' defaults; in an edit, what it does not inherit is as the file has it, and so unknown."""
    capability = candidate.capability
    edits = candidate.state is not None or bool(capability.edits and candidate.inputs.get(capability.edits))
    unknown = capability.not_inherited if edits else ()
    return {
        word: schema["default"]
        for word, schema in field_schemas(capability.params).items()
        if schema.get("default") is not None and word not in unknown
    }


def _matches(price: Price, values: Mapping[str, JSON]) -> bool:
    return all(values.get(word, value) == value for word, value in price.when.items())


def _instructions(values: Mapping[str, JSON]) -> int:
    """Return the characters of the instructions, as a tag in brackets before the prompt."""
    text = values.get("instructions")
    return len(f"[{text}] ") if text else 0


def _seconds(candidate: Candidate, values: Mapping[str, JSON]) -> float | None:
    """Return the duration asked for, else the default, else the longest that the model makes."""
    field = field_schemas(candidate.capability.params).get("duration", {})
    accepts = candidate.model.accepts.get("duration")
    listed = accepts if isinstance(accepts, tuple) else field.get("enum", ())
    numbers = [float(seconds) for seconds in listed if isinstance(seconds, int | float)]
    longest = accepts.high if isinstance(accepts, Range) else max(numbers, default=field.get("maximum"))
    seconds = values.get("duration", longest)
    return float(seconds) if isinstance(seconds, int | float) else None


def _megapixels(candidate: Candidate, values: Mapping[str, JSON]) -> float | None:
    """Return the size asked for in millions of pixels, else the default, else the model's, else the largest listed."""
    if "size" in values:
        return _pixels(values["size"])
    if candidate.model.pixels is not None:
        return candidate.model.pixels / 1_000_000
    accepts = candidate.model.accepts.get("size")
    listed = accepts if isinstance(accepts, tuple) else ()
    sizes = [_pixels(size) for size in listed]
    known = [size for size in sizes if size is not None]
    return max(known) if known and len(known) == len(sizes) else None


def _pixels(size: object) -> float | None:
    text = str(size).lower()
    if not IN_PIXELS.fullmatch(text):
        return None
    width, height = parse_size(text)
    return width * height / 1_000_000
