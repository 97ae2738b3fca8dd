"""What is measured: pairs of figures taken in turns, for the machine's speed changes, and what follows from them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

Pair: TypeAlias = tuple[float, float]
"""Our figure, and the bare one of the same moment."""

A = TypeVar("A")
B = TypeVar("B")

HEADER = f"{'what':46}  {'ours':>10}  {'bare':>10}  {'result':>10}  {'aim':>10}"
"""The first line of the table."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table. The result is how many times as much ours is (`x`), or how much more.

    `aim` is the most that the result shall be, or None.
    """

    what: str
    pairs: Sequence[Pair]
    unit: Literal["ms", "MB"]
    result: Literal["x", "more"] = "x"
    aim: float | None = None

    def __str__(self) -> str:
        """The line, of which every figure is a median."""
        ours, bare = (statistics.median(column) for column in zip(*self.pairs, strict=True))
        if self.result == "x":
            result = statistics.median(one / other if other else math.inf for one, other in self.pairs)
        else:
            result = statistics.median(one - other for one, other in self.pairs)
        figures = (f"{ours:.1f} {self.unit}", f"{bare:.1f} {self.unit}", self._said(result), self._said(self.aim))
        return "  ".join([f"{self.what:46}", *(f"{figure:>10}" for figure in figures)])

    def _said(self, result: float | None) -> str:
        if result is None:
            return "-"
        return f"{result:.2f} x" if self.result == "x" else f"{result:+.1f} {self.unit}"


async def in_turns(
    ours: Callable[[], Awaitable[A]], bare: Callable[[], Awaitable[B]], *, turns: int
) -> list[tuple[A, B]]:
    """What both answer, so many times. Which goes first changes; the first of several turns only warms up."""
    pairs: list[tuple[A, B]] = []
    for turn in range(turns):
        if turn % 2:
            pairs.append((await ours(), await bare()))
        else:
            alone = await bare()
            pairs.append((await ours(), alone))
    return pairs[1:] or pairs
