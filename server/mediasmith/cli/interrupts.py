"""Handle Ctrl-C while a command waits: leave the job running, and lose nothing that may have been paid for."""

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
from mediasmith.config.caller import Caller
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.timeouts import wait_for_event

if TYPE_CHECKING:
    from mediasmith.engine.results import MediaResult
    from mediasmith.engine.use_cases import Engine
    from mediasmith.storage.library.records import Task

_CHECK_SECONDS = 0.1
"""Seconds between checks whether an answer is still due."""

_RECENT = 10
"""Jobs to search for the one that an interrupted call has started."""

_GRACE_SECONDS = 1.0
"""Seconds that a forced exit may take. Every step is recorded before it is taken."""


class Interrupted(MediaError):
    """Ctrl-C ended the command, and there is nothing to collect."""

    usual_next_step = "Run it again if it is still wanted."


class Interrupts:
    """The presses of Ctrl-C. The first one cancels `starting` and sets `first`; the next one sets `second`."""

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
    """Catch Ctrl-C in this block.

    The block should end after the answer is printed and the engine is closed, so that a second Ctrl-C loses neither
    the job's id nor the exit code.
    """
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield interrupts
        return
    loop = asyncio.get_running_loop()

    def on_signal(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(interrupts.press)

    # loop.add_signal_handler does not exist on Windows.
    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)


async def run_job(
    engine: Engine, interrupts: Interrupts, start: Callable[[Caller], Awaitable[MediaResult]]
) -> tuple[MediaResult, bool]:
    """Return the result of the job that `start` begins, and whether it answers the request.

    It does not when Ctrl-C left the job running. The first Ctrl-C leaves work that can be collected later. A request
    that is out has no handle yet, so its answer is waited for; the second Ctrl-C gives up on that, too.

    Raises:
        Interrupted: nothing had been sent, or the answer to a request was given up.
        MediaError: as `start`.
    """
    began = engine.clock.now()
    first: MediaResult | None = None
    with interrupts.starting:
        first = await start(engine.installation.caller())  # returns at once, with the job's id
    if first is not None and first.status != "running":
        return first, True
    job_id = first.job_id if first else await _started_job(engine, began)
    result, answered = await wait_for_job(engine, interrupts, job_id)
    warnings = first.warnings if first else ()
    return result.model_copy(update={"warnings": tuple(dict.fromkeys((*warnings, *result.warnings)))}), answered


async def wait_for_job(engine: Engine, interrupts: Interrupts, job_id: str) -> tuple[MediaResult, bool]:
    """Return a job's result once it has ended, and whether it answers the request; as `run_job`, with its errors."""
    ended: list[MediaResult | MediaError] = []
    with progress() as notify:
        async with anyio.create_task_group() as task_group:
            task_group.start_soon(_stop_waiting, engine, job_id, interrupts, task_group.cancel_scope)
            try:
                caller = engine.installation.caller(wait=math.inf, notify=notify)
                answer = await engine.get_job({"job_id": job_id}, caller)
                ended.append(cast("MediaResult", answer))
            except MediaError as error:  # a task group would wrap it
                ended.append(error)
            task_group.cancel_scope.cancel()
    if not ended:
        result = await _stop_command(engine, job_id)
        return result, result.status != "running"
    [result] = ended
    if isinstance(result, MediaError):
        raise result
    return result, True


async def _started_job(engine: Engine, since: float) -> str:
    """Return the id of the job that an interrupted call has started; it may have ended already."""
    try:
        owner = await engine.jobs.owners.own()
        recent = await engine.library.recent(engine.installation.principal, _RECENT)
    except MediaError as error:
        raise Interrupted(
            f"Stopped, and what was sent is not known: {error.message}",
            "`mediasmith jobs` shows what can be collected.",
            billed="unknown",
        ) from error
    for job in recent:
        if job.created >= since and job.owner == owner:
            return job.id
    raise Interrupted("Stopped before anything was sent.", billed="no")


async def _stop_waiting(engine: Engine, job_id: str, interrupts: Interrupts, waiting: anyio.CancelScope) -> None:
    await interrupts.first.wait()
    if _is_answer_due(engine, job_id):
        say("Waiting for the provider's answer, which would be lost otherwise. Press Ctrl-C again to stop at once.")
    while _is_answer_due(engine, job_id) and not await wait_for_event(engine.clock, _CHECK_SECONDS, interrupts.second):
        pass
    waiting.cancel()


def _tasks(engine: Engine, job_id: str) -> tuple[Task, ...]:
    """Return the job's provider calls, or none if this process does not work on it."""
    active = engine.jobs.active(job_id)
    return tuple(active.tasks.values()) if active else ()


def _is_answer_due(engine: Engine, job_id: str) -> bool:
    """Return whether a request was sent and has no handle yet: without its answer its work could not be collected."""
    return any(task.phase == "sending" for task in _tasks(engine, job_id))


async def _stop_command(engine: Engine, job_id: str) -> MediaResult:
    """Return the job as it is now, if there is something to collect; cancel it if nothing was sent."""
    if _is_answer_due(engine, job_id):
        _exit_soon()
        raise Interrupted(
            "Stopped before the provider answered.", f"mediasmith jobs {job_id} shows what is known.", billed="unknown"
        )
    active = engine.jobs.active(job_id)
    if active is not None and all(task.billed == "no" for task in active.tasks.values()):
        active.cancel.request()  # or something might be sent while the engine closes
        with anyio.move_on_after(_GRACE_SECONDS):
            await active.done.wait()
        if not active.done.is_set():
            _exit_soon()
        raise Interrupted("Stopped before anything was sent.", billed="no")
    return cast("MediaResult", await engine.get_job({"job_id": job_id}, engine.installation.caller()))


def _exit_soon() -> None:
    """Make sure that the process ends, even if a thread is still busy: a thread cannot be stopped in any other way."""
    timer = threading.Timer(_GRACE_SECONDS, os._exit, [ExitCode.INTERRUPTED])
    timer.daemon = True
    timer.start()
