"""Print how long the gallery's queries take at 100,000 artifacts, of which half are one tree of edits.

uv run --group dev python benchmarks/gallery.py
"""

from __future__ import annotations

import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import anyio

from mediasmith.storage.library.overview import Filter, Overview
from mediasmith.storage.library.store import Library

_ARTIFACTS = 100_000
_TREE = 50_000
_TURNS = 9
_START = 1_700_000_000.0
_WORDS = ("lighthouse", "fox", "harbour", "night", "portrait", "snow", "paper", "winter", "logo", "city")


async def main() -> None:
    """Fill a library, and time each query."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "library.sqlite3")
        async with Library.open(path) as library:
            await library.claim("none", old="", new="")  # creates the file
            _fill(path)
            for name, query in _queries(library.overview).items():
                times = [await _milliseconds(query) for _ in range(_TURNS)]
                print(f"{name:<28}{statistics.median(times):8.1f} ms")


def _queries(overview: Overview) -> dict[str, Callable[[], Awaitable[object]]]:
    def page(wanted: Filter) -> Callable[[], Awaitable[object]]:
        return lambda: overview.page(wanted, principal="local", limit=60)

    month = _START + 20 * 86_400
    return {
        "newest": page(Filter()),
        "of a kind": page(Filter(kind="video")),
        "of a backend": page(Filter(backend="rare")),
        "of a kind and a backend": page(Filter(kind="video", backend="rare")),
        "of a week": page(Filter(since=month, before=month + 7 * 86_400)),
        "with a frequent word": page(Filter(text="fox")),
        "with a rare word": page(Filter(text="number 777")),
        "with a word that is nowhere": page(Filter(text="nowhere")),
        "all of these": page(Filter(kind="image", backend="often", since=_START, text="nowhere")),
        "how many of each": lambda: overview.counts(principal="local"),
        "a tree": lambda: overview.tree("id0", principal="local", limit=200),
        "a deep leaf": lambda: overview.tree(f"id{_TREE - 1}", principal="local", limit=200),
        "spent in a month": lambda: overview.spent(principal="local", since=month),
        "spent at all": lambda: overview.spent(principal="local", since=0),
    }


async def _milliseconds(query: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await query()
    return (time.perf_counter() - started) * 1e3


def _fill(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:  # the second closes the transaction
        for number in range(_ARTIFACTS):
            created = _START + number * 30
            backend = "rare" if number % 500 == 0 else "often"
            job = (f"job{number}", "local", "", "done", "", created, created, 1, "{}")
            connection.execute("INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", job)
            part = (f"job{number}", 0, 0, 0, "yes", 0.04, 0.04, json.dumps({"backend": backend}))
            connection.execute("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?)", part)
            record = _record(number, backend, created)
            artifact = (f"id{number}", f"job{number}", 0, 0, "", "local", created, json.dumps(record))
            connection.execute("INSERT INTO artifact VALUES (?, ?, ?, ?, ?, ?, ?, ?)", artifact)


def _record(number: int, backend: str, created: float) -> dict[str, object]:
    words = random.choices(_WORDS, k=12)
    return {
        "path": f"/media/{number}.png",
        "mime": "image/png",
        "bytes": 5,
        "sha256": "00",
        "kind": "video" if number % 100 == 0 else "image",
        "backend": backend,
        "capability": "test",
        "model": "one",
        "params": {},
        "prompts": [f"{' '.join(words)} number {number}"],
        "parent": f"id{random.randrange(number)}" if 0 < number < _TREE else "",
        "created": created,
    }


if __name__ == "__main__":
    anyio.run(main)
