"""Measure how fast and how small the server is, beside the same work without it.

    uv run --group dev python benchmarks [--smoke] [--write] [start | call | wait | memory | library | commands]

Machines differ, and so does one machine from minute to minute: each row measures the server and its baseline
alternately, in one run, and only their relation means something. All figures are medians. Each benchmark is a module
with `rows`. The exit code is 1 if a result is above what is accepted.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio

TESTS = Path(__file__).parents[1] / "tests"
BENCHMARKS = ("start", "call", "wait", "memory", "library", "commands")


async def main() -> int:
    """Run the benchmarks, print each row as soon as it is known, and return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure the server beside the same work alone.")
    parser.add_argument("benchmark", nargs="?", default="all", choices=("all", *BENCHMARKS), help="what to measure")
    parser.add_argument("--smoke", action="store_true", help="use tiny sizes, only to see that it runs")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and its plot")
    arguments = parser.parse_args()
    sys.path += [str(TESTS), str(TESTS / "fakes" / "stub")]  # where the fake providers are
    comparison: Any = import_module("comparison")
    print(comparison.line(comparison.COLUMNS))
    rows: list[Any] = []
    for name in BENCHMARKS if arguments.benchmark == "all" else (arguments.benchmark,):
        benchmark: Any = import_module(name)
        async for row in benchmark.rows(smoke=arguments.smoke):
            rows.append(row)
            print(comparison.line(row.cells()), flush=True)
    if arguments.write:
        import_module("report").write(rows)
    return int(not all(row.accepted for row in rows))


if __name__ == "__main__":
    sys.exit(anyio.run(main))
