"""Measure a fleet: what survives blows, how many jobs one replica holds, and what more replicas bring.

    uv run --group dev python benchmarks/fleet [blows N | running N | throughput]

It needs PostgreSQL's programs below /usr/lib/postgresql. The exit code is 1 if anything was lost, paid twice or stuck.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio

BENCHMARKS = Path(__file__).parents[1]
TESTS = BENCHMARKS.parent / "tests"
_USUAL = {"blows": 200, "running": 10_000, "throughput": 300}


async def main() -> int:
    """Run one benchmark, and return the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks/fleet", description="Measure replicas of a fleet.")
    parser.add_argument("benchmark", choices=tuple(_USUAL), help="what to measure")
    parser.add_argument("number", nargs="?", type=int, help="how many blows, or jobs")
    arguments = parser.parse_args()
    sys.path += [str(BENCHMARKS), str(TESTS), str(TESTS / "fakes" / "stub")]
    benchmark: Any = import_module(f"fleet.{arguments.benchmark}")
    result = await benchmark.run(arguments.number or _USUAL[arguments.benchmark])
    print(result)
    return int(not result.accepted)


if __name__ == "__main__":
    sys.exit(anyio.run(main))
