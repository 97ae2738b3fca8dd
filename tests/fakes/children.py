"""Child processes that work on a folder of their own accord: forked from one that has the engine loaded.

They are quick to start, and real: they hold real locks, and are killed with signal 9.
"""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

import anyio

from fakes.death import arm
from fakes.engines import WAIT_FOR_END
from mediasmith.config.registry import Registry
from mediasmith.engine.bootstrap import open_engine
from mediasmith.jobs.runner.process_locks import Owner, alive
from mediasmith_stub.backends import stub_job, stub_now, stub_slow

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["mediasmith.engine.assembly", "httpx2", "filelock"])


@contextmanager
def child_process(work: Callable[..., None], *arguments: object) -> Generator[tuple[ForkServerProcess, Any]]:
    """Run `work(pipe, *arguments)` in a child, and yield it with the other end; it is killed with the block."""
    here, there = _FORKS.Pipe()
    child = _FORKS.Process(target=work, args=(there, *arguments))
    child.start()
    there.close()
    try:
        yield child, here
    finally:
        child.kill()
        child.join()
        child.close()
        here.close()


def stub_backends() -> Registry:
    """Return the stub backends that make pictures."""
    return Registry(backends={one.name: one for one in (stub_now, stub_job, stub_slow)}, broken={})


def hold(pipe: Any, folder: Path) -> None:
    """Claim an owner id, send it, and wait until killed, or asked to end without a release."""
    pipe.send(Owner.claim(folder).id)
    pipe.recv()


def probe(pipe: Any, folder: Path) -> None:
    """Answer which of the owners asked about are alive."""
    pipe.send("ready")
    for names in iter(pipe.recv, None):
        pipe.send([alive(folder, name) for name in names])


def probe_everything(pipe: Any, folder: Path) -> None:
    """Probe every file that appears in the folder until asked to stop; answer how many, and which looked dead."""
    probed, dead = 0, list[str]()
    pipe.send("ready")
    while not pipe.poll():
        for file in folder.glob("?" * 26 + ".lock"):
            probed += 1
            if not alive(folder, file.stem):
                dead.append(file.stem)
    pipe.send((probed, dead))


class Batch(NamedTuple):
    """What a child has made: paths, and what it logged."""

    statuses: list[str]
    paths: list[str]
    log: list[str]


def generate_and_die(_pipe: Any, env: Mapping[str, str], backend: str, prompt: str, step: str) -> None:
    """Generate a picture, and die at a step of that."""

    async def main() -> None:
        async with open_engine(env=env, backends=stub_backends()) as engine:
            await engine.generate({"prompt": prompt, "backend": backend}, WAIT_FOR_END)

    arm(step)
    anyio.run(main)


def generate_together(pipe: Any, env: Mapping[str, str], prompts: Sequence[tuple[str, str]]) -> None:
    """Wait for a word, generate pictures for (backend, prompt) all at once, and send a `Batch`."""
    log: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: log.append(record.getMessage())
    logging.getLogger("mediasmith").addHandler(handler)
    batch = Batch([], [], log)

    async def main() -> None:
        async with open_engine(env=env, backends=stub_backends()) as engine:

            async def generate(backend: str, prompt: str) -> None:
                result = await engine.generate({"prompt": prompt, "backend": backend}, WAIT_FOR_END)
                batch.statuses.append(result.status)
                batch.paths.extend(file.path for file in result.files)

            async with anyio.create_task_group() as task_group:
                for backend, prompt in prompts:
                    task_group.start_soon(generate, backend, prompt)

    pipe.send("ready")
    pipe.recv()
    anyio.run(main)
    pipe.send(batch)
