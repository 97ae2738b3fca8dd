"""How fast and how small the server is, beside the same work without it.

    uv run python benchmarks [--smoke] [start | call | memory | library]

Each line is measured in turns with what it is beside, within one run, for only their relation means something: the
figures are medians, and machines differ. Each measure is a module with `rows`.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio

TESTS = Path(__file__).parents[1] / "tests"
MEASURES = ("start", "call", "memory", "library")


async def main() -> None:
    """Measure, and print each line as it is known."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measures, in turns with the same work alone.")
    parser.add_argument("measure", nargs="?", default="all", choices=("all", *MEASURES), help="what to measure")
    parser.add_argument("--smoke", action="store_true", help="tiny sizes: only to see that it runs")
    given = parser.parse_args()
    sys.path += [str(TESTS), str(TESTS / "fakes" / "stub")]  # the doubles lie with the tests
    print(import_module("rows").HEADER)
    for name in MEASURES if given.measure == "all" else (given.measure,):
        measure: Any = import_module(name)
        async for row in measure.rows(smoke=given.smoke):
            print(row, flush=True)


if __name__ == "__main__":
    anyio.run(main)
