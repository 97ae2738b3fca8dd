"""Replicas of a fleet as child processes: quick to start, since they are forked, and killed with signal 9."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.context import ForkServerProcess
from typing import Any

import anyio
from anyio import to_thread

from fakes.children import stub_backends
from mediasmith.config.caller import Caller
from mediasmith.engine import fleet_deployment
from mediasmith.engine.bootstrap import open_engine
from mediasmith.engine.use_cases import Engine
from mediasmith.jobs.runner.pace import Pace
from mediasmith.plugin.errors import MediaError

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["mediasmith.engine.fleet_deployment", "mediasmith.storage.previews", "httpx2", "obstore", "fakes.children"]
)

PACE = Pace(beat=0.5, dead=2.5, sweep=0.5, respond=1.0)
"""Ten times as fast as a real fleet's."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a call was answered: the state of its job, or the first line of an error and whether it was billed."""

    call: int
    status: str
    job_id: str = ""
    files: tuple[str, ...] = ()
    text: str = ""


def work(pipe: Any, env: Mapping[str, str], log: str) -> None:
    """Work as a replica, and answer the calls that come through the pipe, until killed or told to stop."""
    logging.basicConfig(filename=log, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    os.environ.update(env)
    fleet_deployment.PACE = PACE
    anyio.run(_work, pipe, env)


async def _work(pipe: Any, env: Mapping[str, str]) -> None:
    async with open_engine(env=env, backends=stub_backends()) as engine:
        pipe.send(await engine.jobs.owners.own())
        async with anyio.create_task_group() as task_group:
            while True:
                given: tuple[int, Mapping[str, Any], float] | None
                given = await to_thread.run_sync(pipe.recv, abandon_on_cancel=True)
                if given is None:
                    break
                number, arguments, wait = given
                task_group.start_soon(_answer, pipe, engine, number, arguments, wait)
            with anyio.move_on_after(10):
                await engine.drain()


async def _answer(pipe: Any, engine: Engine, call: int, arguments: Mapping[str, Any], wait: float) -> None:
    try:
        result = await engine.generate(arguments, Caller(wait=wait))
        await engine.promise(result)
        with engine.delivery(result):
            files = tuple(file.id for file in result.files)
            pipe.send(Answer(call=call, status=result.status, job_id=result.job_id, files=files))
    except MediaError as error:
        pipe.send(Answer(call=call, status="error", text=f"{error.billed}: {error.message}"))


@dataclass(kw_only=True)
class Replica:
    """A replica in a child process."""

    process: ForkServerProcess
    pipe: Any
    owner: str
    waiting: set[int] = field(default_factory=set[int])

    @classmethod
    async def start(cls, env: Mapping[str, str], log: str) -> Replica:
        """Start a replica, and wait until it works."""
        here, there = FORKS.Pipe()
        process = FORKS.Process(target=work, args=(there, env, log), daemon=True)
        await to_thread.run_sync(process.start)
        there.close()
        return cls(process=process, pipe=here, owner=await to_thread.run_sync(here.recv))

    async def receive(self) -> Answer:
        """Return the next answer.

        Raises:
            EOFError: the replica has ended.
        """
        return await to_thread.run_sync(self.pipe.recv, abandon_on_cancel=True)

    def call(self, number: int, arguments: Mapping[str, Any], wait: float) -> None:
        """Make a call."""
        self.waiting.add(number)
        self.pipe.send((number, arguments, wait))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        if self.process.pid is not None:
            os.kill(self.process.pid, number)

    async def kill(self) -> None:
        """Kill the process with signal 9."""
        self.process.kill()
        await to_thread.run_sync(partial(self.process.join, 10))
