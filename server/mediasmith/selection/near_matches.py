"""Names and values that were nearly right: suggestions for errors, and listed values in any case."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TypeVar

from mediasmith.plugin.params import IN_PIXELS

_T = TypeVar("_T")


def suggest(name: str, names: list[str]) -> str:
    """A hint with the name that was probably meant, or all of them."""
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(names)}."


def match_listed(value: _T, accepted: Sequence[object]) -> _T | str:
    """The value as it is listed: `4K` for `4k`. A size in pixels, which may be anything, has a small x."""
    if not isinstance(value, str) or value in accepted:
        return value
    if IN_PIXELS.fullmatch(value):
        return value.lower()
    return next((one for one in accepted if isinstance(one, str) and one.casefold() == value.casefold()), value)
