"""Write the results as docs/benchmarks.md, with a plot of the ratios."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from comparison import COLUMNS, Row

_DOCS = Path(__file__).parents[1] / "docs"

_INTRODUCTION = """\
# Benchmarks

What the server adds to the work itself. Each row measures it beside a baseline, alternately in one run: a bare server
of the same SDK with one tool, or one that uses the provider's own SDK for the same request, decoding, writing and
syncing. Only the result means something, for machines differ. Figures are medians; `accept` is the limit, and `aim` the
wish.

Measured on {date}: {machine}. Command: `uv run --group dev python benchmarks --write`

![The ratios of the table as bars, each with its limit](benchmarks.svg)

"""

_WIDTH, _LEFT, _STEP, _SCALE = 760, 330, 26, 150  # pixels; the last is the length of a ratio of 1


def write(rows: Sequence[Row]) -> None:
    """Write the page and the plot."""
    text = _INTRODUCTION.format(date=datetime.now(UTC).date(), machine=_machine())
    _DOCS.joinpath("benchmarks.md").write_text(text + _table(rows), encoding="utf-8")
    _DOCS.joinpath("benchmarks.svg").write_text(_plot(rows), encoding="utf-8")


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def _table(rows: Iterable[Row]) -> str:
    heads = COLUMNS[:-1]
    lines = [heads, ("---", *("---:" for _ in heads[1:])), *(row.cells()[:-1] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _plot(rows: Iterable[Row]) -> str:
    shown = [row for row in rows if row.result == "x"]
    height = _STEP * (len(shown) + 2)
    bars = "".join(_bar(row, _STEP * (index + 1)) for index, row in enumerate(shown))
    one = _LEFT + _SCALE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        'font-size="13">\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>\n'
        f'<line x1="{one}" y1="18" x2="{one}" y2="{height - _STEP}" stroke="#999"/>\n'
        f'<text x="{one}" y="14" text-anchor="middle" fill="#555">bare = 1</text>\n'
        f"{bars}"
        f'<text x="{_LEFT}" y="{height - 6}" fill="#555">blue: the server; red line: the limit</text>\n'
        "</svg>\n"
    )


def _bar(row: Row, top: int) -> str:
    length, limit = (_SCALE * ratio for ratio in (row.measured, row.accept))
    middle = top + _STEP * 0.66
    return (
        f'<text x="{_LEFT - 8}" y="{middle:.0f}" text-anchor="end" fill="#222">{escape(row.what)}</text>\n'
        f'<rect x="{_LEFT}" y="{top + 5}" width="{length:.0f}" height="{_STEP - 10}" fill="#4878b8"/>\n'
        f'<line x1="{_LEFT + limit:.0f}" y1="{top + 2}" x2="{_LEFT + limit:.0f}" y2="{top + _STEP - 2}" '
        'stroke="#c33" stroke-width="2"/>\n'
        f'<text x="{_LEFT + max(length, limit) + 8:.0f}" y="{middle:.0f}" fill="#222">{row.measured:.2f}</text>\n'
    )
