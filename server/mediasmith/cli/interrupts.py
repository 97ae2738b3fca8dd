"""Ctrl-C while a command waits for a job: leave the job running, without losing what may have been paid for."""

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

from mediasmith.cli.exit_codes import ExitCode
from mediasmith.cli.progress import progress
from mediasmith.cli.terminal import say
from mediasmith.config.caller import LOCAL, Caller
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.timeouts import wait_for_event

if TYPE_CHECKING:
    from mediasmith.engine.results import MediaResult
    from mediasmith.engine.use_cases import Engine
    from mediasmith.storage.library.records import Task

_LOOK_SECONDS = 0.1
"""Seconds between two looks whether an answer is still due."""

_RECENT = 10
"""Jobs that may have begun at the same time."""

_GRACE_SECONDS = 1.0
"""How long leaving at once may take; every step is recorded before it is taken."""


class Interrupted(MediaError):
    """Ctrl-C ended it, and nothing of it can be collected."""


class Interrupts:
    """Ctrl-C, as often as it is pressed: the first cancels `starting` and sets `first`, the next sets `second`."""

    def __init__(self) -> None:
        self.starting = anyio.CancelScope()
        self.first = anyio.Event()
        self.second = anyio.Event()

    def press(self) -> None:
        """Note that Ctrl-C was pressed."""
        (self.second if self.first.is_set() else self.first).set()
        self.starting.cancel()


@contextmanager
def catch_interrupts() -> Generator[Interrupts]:
    """Catch Ctrl-C while this block lasts.

    It should last until the answer is printed and the engine is closed: a further Ctrl-C must not lose the job's id.
    """
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():  # signals reach no other thread
        yield interrupts
        return
    loop = asyncio.get_running_loop()

    def on_signal(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(interrupts.press)

    # The loop's own way to listen does not exist on Windows.
    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)


async def run_job(
    engine: Engine, interrupts: Interrupts, start: Callable[[Caller], Awaitable[MediaResult]]
) -> tuple[MediaResult, bool]:
    """Return the result of the job that `start` begins, and whether it is the answer: not after Ctrl-C.

    The first Ctrl-C leaves work that its provider has named, to be collected later. An answer that is due would be
    lost, so it is waited for; the second Ctrl-C gives that up too.

    Raises:
        Interrupted: an answer that was due is lost, or nothing had been sent yet.
        MediaError: as `start`.
    """
    began = engine.clock.now()
    first: MediaResult | None = None
    with interrupts.starting:
        first = await start(Caller(wait=0))  # the job's id at once, for when the waiting is stopped
    if first is not None and first.status != "running":
        return first, True
    job_id = first.job_id if first else await _started_job(engine, began)
    result, whole = await wait_for_job(engine, interrupts, job_id)
    warnings = first.warnings if first else ()
    return result.model_copy(update={"warnings": tuple(dict.fromkeys((*warnings, *result.warnings)))}), whole


async def wait_for_job(engine: Engine, interrupts: Interrupts, job_id: str) -> tuple[MediaResult, bool]:
    """Return a job at its end, and whether that is the answer, as `run_job` does; it raises the same."""
    ended: list[MediaResult | MediaError] = []
    with progress() as notify:
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(_stop_waiting, engine, job_id, interrupts, task_group.cancel_scope)
            try:
                answer = await engine.get_job({"job_id": job_id}, Caller(wait=math.inf, notify=notify))
                ended.append(cast("MediaResult", answer))
            except MediaError as error:  # a task group would wrap it
                ended.append(error)
            task_group.cancel_scope.cancel()
    if not ended:
        return await _leave_running(engine, job_id), False
    [result] = ended
    if isinstance(result, MediaError):
        raise result
    return result, True


async def _started_job(engine: Engine, since: float) -> str:
    """Return the id of the job that an interrupted call has started, which may have ended already."""
    owner = await engine.jobs.owner()
    for job in await engine.library.recent(LOCAL, _RECENT):
        if job.created >= since and job.owner == owner:
            return job.id
    raise Interrupted("Stopped before anything was sent.", billed="no")


async def _stop_waiting(engine: Engine, job_id: str, interrupts: Interrupts, waiting: anyio.CancelScope) -> None:
    await interrupts.first.wait()
    if _is_answer_due(engine, job_id):
        say("The answer is still due, and would be lost: waiting for it. Ctrl-C again leaves at once.")
    while _is_answer_due(engine, job_id) and not await wait_for_event(engine.clock, _LOOK_SECONDS, interrupts.second):
        pass
    waiting.cancel()


def _tasks(engine: Engine, job_id: str) -> tuple[Task, ...]:
    """Return the job's provider calls; none when this process does not work on it."""
    active = engine.jobs.active(job_id)
    return tuple(active.tasks.values()) if active else ()


def _is_answer_due(engine: Engine, job_id: str) -> bool:
    """Return whether a request is out of which nothing is known until it is answered."""
    return any(task.phase == "sending" for task in _tasks(engine, job_id))


async def _leave_running(engine: Engine, job_id: str) -> MediaResult:
    """Return the job as it stands, where there is something left to collect."""
    if _is_answer_due(engine, job_id):
        _exit_soon()
        raise Interrupted(
            "Stopped while the answer was due.", f"mediasmith jobs {job_id} shows what is known.", billed="unknown"
        )
    active = engine.jobs.active(job_id)
    if active is not None and all(task.billed == "no" for task in active.tasks.values()):
        active.cancel.request()  # so that nothing is sent while the engine closes
        await active.done.wait()
        raise Interrupted("Stopped before anything was sent.", billed="no")
    return cast("MediaResult", await engine.get_job({"job_id": job_id}, Caller(wait=0)))


def _exit_soon() -> None:
    """Make sure that the process ends: a thread that reads or draws can be stopped in no other way."""
    end = threading.Timer(_GRACE_SECONDS, os._exit, [ExitCode.INTERRUPTED])
    end.daemon = True
    end.start()
