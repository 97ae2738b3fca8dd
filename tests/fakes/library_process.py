"""Another process that uses a library: `python -m fakes.library_process PATH NAME COMMAND`.

It prints a line when it is ready, and does its work when it is sent one.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import anyio

from fakes.records import a_job, a_task, an_artifact
from mediasmith.storage.library.store import Library


async def write(path: Path, name: str) -> None:
    """Take six jobs from start to end, two at a time in a library that is then closed."""
    for start in range(0, 6, 2):
        async with Library.open(path) as library:
            for number in (start, start + 1):
                job = f"{name}-{number}"
                await library.add_job(a_job(job), [a_task(job)])
                await library.save_task(a_task(job, phase="sending"), at=1.0)
                await library.stage(a_task(job, phase="saving"), [an_artifact(job, job, token="x")], at=2.0)
                await library.commit(a_task(job, phase="done"), [an_artifact(job, job)], at=3.0)
                assert await library.artifact(job, principal="ada", used=500.0)
                assert await library.unfinished()
                await library.save_job(a_job(job, state="done"))


async def hang(path: Path, name: str) -> None:
    """Stage a file and then hang inside a transaction that deletes everything."""
    async with Library.open(path) as library:
        await library.add_job(a_job(name), [a_task(name)])
        await library.save_task(a_task(name, phase="accepted", handle={"id": 7}), at=1.0)
        staged = an_artifact(job=name, token="x")
        await library.stage(a_task(name, phase="saving", handle={"id": 7}), [staged], at=2.0)
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM artifact")
        print("staged", flush=True)
        sys.stdin.readline()


def main() -> None:
    path, name, command = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    anyio.run({"write": write, "hang": hang}[command], Path(path), name)


if __name__ == "__main__":
    main()
