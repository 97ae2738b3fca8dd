"""Compare the server with a baseline: figures measured alternately, because the machine's speed changes."""

from __future__ import annotations

import math
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

Pair: TypeAlias = tuple[float, float]
"""The server's figure, and the baseline's of the same moment; 0 where there is no baseline."""

A = TypeVar("A")
B = TypeVar("B")

COLUMNS = ("what", "ours", "bare", "result", "accept", "aim", "")
"""The heads of the table's columns. The last one marks results above `accept`."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table.

    The result is the ratio of the server's figure to the baseline's (`x`), the difference (`more`), or the figure
    `alone`. It must not be above `accept`, and should not be above `aim`. Every figure is a median.
    """

    what: str
    pairs: Sequence[Pair]
    unit: Literal["ms", "MB", "kB", "s", "%"]
    result: Literal["x", "more", "alone"] = "x"
    accept: float
    aim: float

    @property
    def measured(self) -> float:
        """The result."""
        if self.result == "x":
            return statistics.median(ours / bare if bare else math.inf for ours, bare in self.pairs)
        return statistics.median(ours - bare for ours, bare in self.pairs)

    @property
    def accepted(self) -> bool:
        """Whether the result is good enough, to the precision that is shown."""
        return round(self.measured, 2) <= self.accept

    def cells(self) -> tuple[str, ...]:
        """Return the texts of the columns."""
        ours, bare = (statistics.median(column) for column in zip(*self.pairs, strict=True))
        return (
            self.what,
            self._figure(ours),
            self._figure(bare) if self.result != "alone" else "-",
            self._result(self.measured),
            self._result(self.accept),
            self._result(self.aim),
            "" if self.accepted else "over",
        )

    def _figure(self, figure: float) -> str:
        return f"{figure:.2f} s" if self.unit == "s" else f"{figure:.1f} {self.unit}"

    def _result(self, result: float) -> str:
        if self.result == "x":
            return f"{result:.2f} x"
        return f"{'+' if self.result == 'more' else ''}{self._figure(result)}"


def line(cells: Sequence[str]) -> str:
    """Return a row of the table as text."""
    what, *others = cells
    return "  ".join([f"{what:52}", *(f"{cell:>10}" for cell in others)]).rstrip()


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
