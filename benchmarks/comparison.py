"""Compare the server with a baseline: figures measured alternately, because the machine's speed changes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

Pair: TypeAlias = tuple[float, float]
"""The server's figure, and the baseline's of the same moment."""

A = TypeVar("A")
B = TypeVar("B")

HEADER = f"{'what':46}  {'ours':>10}  {'bare':>10}  {'result':>10}  {'aim':>10}"
"""The first line of the table."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table.

    The result is the ratio of the server's figure to the baseline's (`x`), or the difference (`more`). `aim` is the
    largest result that is good enough, or None.
    """

    what: str
    pairs: Sequence[Pair]
    unit: Literal["ms", "MB"]
    result: Literal["x", "more"] = "x"
    aim: float | None = None

    def __str__(self) -> str:
        """Return the row as text. Every figure is a median."""
        server, baseline = (statistics.median(column) for column in zip(*self.pairs, strict=True))
        if self.result == "x":
            result = statistics.median(ours / bare if bare else math.inf for ours, bare in self.pairs)
        else:
            result = statistics.median(ours - bare for ours, bare in self.pairs)
        figures = (
            f"{server:.1f} {self.unit}",
            f"{baseline:.1f} {self.unit}",
            self._format(result),
            self._format(self.aim),
        )
        return "  ".join([f"{self.what:46}", *(f"{figure:>10}" for figure in figures)])

    def _format(self, result: float | None) -> str:
        if result is None:
            return "-"
        return f"{result:.2f} x" if self.result == "x" else f"{result:+.1f} {self.unit}"


async def alternate(
    ours: Callable[[], Awaitable[A]], bare: Callable[[], Awaitable[B]], *, turns: int
) -> list[tuple[A, B]]:
    """Measure both in each turn, with the order reversed every time. The first of several turns only warms up."""
    pairs: list[tuple[A, B]] = []
    for turn in range(turns):
        if turn % 2:
            pairs.append((await ours(), await bare()))
        else:
            baseline = await bare()
            pairs.append((await ours(), baseline))
    return pairs[1:] or pairs
