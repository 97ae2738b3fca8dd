"""Waiting for a job at the command line, and leaving it at Ctrl-C without losing what may have been paid for."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import anyio

from mediasmith.cli.exit_codes import Exit
from mediasmith.cli.progress import progress
from mediasmith.cli.terminal import say
from mediasmith.config.caller import LOCAL, Caller
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.timeouts import wait_for_event

if TYPE_CHECKING:
    from mediasmith.engine.results import MediaResult
    from mediasmith.engine.use_cases import Engine
    from mediasmith.storage.library.records import Task

_LOOK = 0.1
"""Seconds between two looks whether an answer is still due."""

_RECENT = 10
"""Jobs that may have begun at the same time."""

_GRACE = 1.0
"""Seconds that leaving at once may take; every step is recorded before it is taken."""


class Interrupted(MediaError):
    """Ctrl-C ended it, and nothing of it can be collected."""


class Interrupts:
    """Ctrl-C, as often as it is pressed. `starting` is cancelled with the first, `once` and `again` tell of them."""

    def __init__(self) -> None:
        self.starting = anyio.CancelScope()
        self.once = anyio.Event()
        self.again = anyio.Event()

    def press(self) -> None:
        """It was pressed."""
        (self.again if self.once.is_set() else self.once).set()
        self.starting.cancel()


async def made(engine: Engine, make: Callable[[Caller], Awaitable[MediaResult]]) -> tuple[MediaResult, bool]:
    """What `make` comes to, and whether that is its answer: not so when Ctrl-C ended the waiting.

    The first Ctrl-C leaves what its provider has named, to be collected later. An answer that is due would be lost, so
    it is waited for; the second Ctrl-C leaves that too.

    Raises:
        Interrupted: an answer that was due is lost, or nothing had been sent yet.
        MediaError: as `make`.
    """
    with _presses() as presses:
        began = engine.clock.now()
        first: MediaResult | None = None
        with presses.starting:
            first = await make(Caller(wait=0))  # the job's id at once, for whoever stops waiting
        if first is not None and first.status != "running":
            return first, True
        job_id = first.job_id if first else await _begun(engine, began)
        result, whole = await _ended(engine, job_id, presses)
    said = first.warnings if first else ()
    return result.model_copy(update={"warnings": tuple(dict.fromkeys((*said, *result.warnings)))}), whole


async def collected(engine: Engine, job_id: str) -> tuple[MediaResult, bool]:
    """A job at its end, and whether that is its answer, as for `made`; raises the same."""
    with _presses() as presses:
        return await _ended(engine, job_id, presses)


async def _begun(engine: Engine, since: float) -> str:
    """The job that an interrupted call has begun."""
    for job in await engine.library.recent(LOCAL, _RECENT):
        if job.created >= since and engine.jobs.active(job.id):
            return job.id
    raise Interrupted("Stopped before anything was sent.", billed="no")


async def _ended(engine: Engine, job_id: str, presses: Interrupts) -> tuple[MediaResult, bool]:
    ending: list[MediaResult | MediaError] = []
    with progress() as tell:
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(_leave, engine, job_id, presses, task_group.cancel_scope)
            try:
                asked = await engine.get_job({"job_id": job_id}, Caller(wait=math.inf, notify=tell))
                ending.append(cast("MediaResult", asked))
            except MediaError as error:  # a task group would wrap it
                ending.append(error)
            task_group.cancel_scope.cancel()
    if not ending:
        return await _left(engine, job_id), False
    [result] = ending
    if isinstance(result, MediaError):
        raise result
    return result, True


async def _leave(engine: Engine, job_id: str, presses: Interrupts, waiting: anyio.CancelScope) -> None:
    await presses.once.wait()
    if _is_due(engine, job_id):
        say("The answer is still due, and would be lost: waiting for it. Ctrl-C again leaves at once.")
    while _is_due(engine, job_id) and not await wait_for_event(engine.clock, _LOOK, presses.again):
        pass
    waiting.cancel()


def _parts(engine: Engine, job_id: str) -> tuple[Task, ...]:
    """The job's calls of providers; none when it is another process that works on it."""
    live = engine.jobs.active(job_id)
    return tuple(live.tasks.values()) if live else ()


def _is_due(engine: Engine, job_id: str) -> bool:
    """Whether a request is out of which nothing is known until it is answered."""
    return any(task.phase == "sending" for task in _parts(engine, job_id))


async def _left(engine: Engine, job_id: str) -> MediaResult:
    """The job as it stands, where there is something left of it."""
    if _is_due(engine, job_id):
        _end_soon()
        raise Interrupted(
            "Stopped while the answer was due.", f"mediasmith jobs {job_id} tells what is known.", billed="unknown"
        )
    tasks = _parts(engine, job_id)
    if tasks and all(task.billed == "no" for task in tasks):
        raise Interrupted("Stopped before anything was made.", billed="no")
    return cast("MediaResult", await engine.get_job({"job_id": job_id}, Caller(wait=0)))


def _end_soon() -> None:
    """See to it that the process ends: a thread that reads or draws can be stopped in no other way."""
    end = threading.Timer(_GRACE, os._exit, [Exit.INTERRUPTED])
    end.daemon = True
    end.start()


@contextmanager
def _presses() -> Generator[Interrupts]:
    """Listen to Ctrl-C for as long as the block lasts."""
    presses = Interrupts()
    if threading.current_thread() is not threading.main_thread():  # no other one hears of signals
        yield presses
        return
    loop = asyncio.get_running_loop()

    def heard(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(presses.press)

    # The loop's own way to listen is not there on Windows.
    before = signal.signal(signal.SIGINT, heard)
    try:
        yield presses
    finally:
        signal.signal(signal.SIGINT, before)
