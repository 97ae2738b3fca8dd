"""Measure how fast and how small the server is, beside the same work without it.

    uv run python benchmarks [--smoke] [start | call | memory | library]

Machines differ, and so does one machine from minute to minute: each row measures the server and its baseline
alternately, in one run, and only their relation means something. All figures are medians. Each benchmark is a module
with `rows`.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio

TESTS = Path(__file__).parents[1] / "tests"
BENCHMARKS = ("start", "call", "memory", "library")


async def main() -> None:
    """Run the benchmarks and print each row as soon as it is known."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure the server beside the same work alone.")
    parser.add_argument("benchmark", nargs="?", default="all", choices=("all", *BENCHMARKS), help="what to measure")
    parser.add_argument("--smoke", action="store_true", help="use tiny sizes, only to see that it runs")
    arguments = parser.parse_args()
    sys.path += [str(TESTS), str(TESTS / "fakes" / "stub")]  # where the fake providers are
    print(import_module("comparison").HEADER)
    for name in BENCHMARKS if arguments.benchmark == "all" else (arguments.benchmark,):
        benchmark: Any = import_module(name)
        async for row in benchmark.rows(smoke=arguments.smoke):
            print(row, flush=True)


if __name__ == "__main__":
    anyio.run(main)
