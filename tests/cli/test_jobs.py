"""Jobs on the command line: waiting for them, Ctrl-C, collecting and listing them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from fakes.backends import AnyJson, fake, make
from fakes.commands import CommandLine, job_backend
from mediasmith.cli.exit_codes import ExitCode
from mediasmith.cli.progress import ProgressLines
from mediasmith.cli.terminal import say
from mediasmith.engine import assembly, use_cases
from mediasmith.engine.bootstrap import LazyEngine
from mediasmith.jobs.service import JobService
from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import JSON, Accepted, Call, Context, Pending, Result
from mediasmith.plugin.errors import MediaError, Refused
from mediasmith.storage.library.records import Job
from mediasmith.storage.library.store import Library


def newest_job(command: CommandLine) -> dict[str, Any]:
    """Return the newest job in the list."""
    return command("jobs", "--json").json["jobs"][0]


# Collecting and cancelling


def test_a_job_that_takes_too_long_is_left_running_and_collected_later(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished: list[bool] = []
    command.install(job_backend(done=lambda: bool(finished)))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    left = command("generate", "a lighthouse")
    job = newest_job(command)["job_id"]
    assert (left.code, left.out) == (ExitCode.LEFT, [])
    assert left.err[-1] == f"Still running. Collect it with: mediasmith jobs {job}"
    assert command("jobs", job).code == ExitCode.LEFT
    assert command("jobs", job, "--json").json["status"] == "running"
    finished.append(True)
    collected = command("jobs", job)
    assert collected.code == ExitCode.DONE
    assert Path(collected.out[0]).is_file()
    assert collected.out == command("jobs", job).out


def test_the_files_of_a_running_job_are_not_printed_before_it_ends(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = [True, False]
    command.install(job_backend(done=lambda: finished.pop(0) if finished else False))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    left = command("generate", "a lighthouse", "-n", "2")
    assert (left.code, left.out) == (ExitCode.LEFT, [])
    assert len(newest_job(command)["files"]) == 1


def test_the_same_command_attaches_to_a_job_whose_answer_was_lost(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished: list[bool] = []
    command.install(job_backend(done=lambda: bool(finished)))

    def lose(_engine: object, _result: object) -> None:
        pass

    with monkeypatch.context() as lost:
        lost.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
        lost.setattr("mediasmith.jobs.attach.Attachments.mark_answered", lose)
        assert command("generate", "a lighthouse").code == ExitCode.LEFT
    finished.append(True)
    ran = command("generate", "a lighthouse")
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert "nothing was sent again" in ran.err[0]
    assert len(command("jobs", "--json").json["jobs"]) == 1


def test_a_cancelled_job_is_stopped_at_the_provider(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled: list[JSON] = []
    command.install(job_backend(done=lambda: False, cancelled=cancelled))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    command("generate", "a lighthouse")
    job = newest_job(command)["job_id"]
    cancelled.clear()
    ran = command("jobs", job, "--cancel")
    assert (ran.code, ran.out, cancelled) == (ExitCode.DONE, [], ["h-1"])
    assert ran.err[0].startswith("cancelled: The job was cancelled.")
    assert command("jobs", job).code == ExitCode.FAILED


def test_a_job_that_cannot_be_stopped_continues_and_the_command_fails(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.install(job_backend(done=lambda: False, stoppable=False))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    command("generate", "a lighthouse")
    job = newest_job(command)["job_id"]
    ran = command("jobs", job, "--cancel", "--json")
    assert ran.code == ExitCode.FAILED
    assert (ran.json["status"], ran.json["job_id"], ran.json["billed"]) == ("running", job, "yes")


def test_an_unknown_job_is_a_failure(command: CommandLine) -> None:
    ran = command("jobs", "nothing")
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert "There is no job 'nothing'." in ran.stderr
    assert command("jobs", "nothing", "--json").json["billed"] == "no"


# Progress


class FastClock:
    """A clock on which a second passes in a millisecond."""

    def __init__(self) -> None:
        self._start = time.time()

    def now(self) -> float:
        return self._start + (time.time() - self._start) * 1000

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(max(0.0, seconds) / 1000)


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_progress_is_printed_to_standard_error_while_a_command_waits(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    polls = iter(range(30))
    monkeypatch.setattr("mediasmith.engine.bootstrap.SystemClock", FastClock)
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "100000")
    command.install(job_backend(done=lambda: next(polls) == 29, every=5))
    ran = command("generate", "a lighthouse", *more)
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert any(line.endswith(" s: 25%, painting") for line in ran.err)


def test_progress_is_printed_every_few_seconds_at_most(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ProgressLines()

    async def notify_every_second() -> None:
        for second in range(1, 10):
            await lines(second, "painting", None)

    anyio.run(notify_every_second)
    assert capsys.readouterr().err.splitlines() == ["4 s: painting", "8 s: painting"]


# Ctrl-C

interrupted = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to a single process")


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


STUCK = """
import sys, time
from anyio import to_thread
import mediasmith.config.registry
from fakes.backends import AnyJson, fake
from mediasmith.cli import main

async def start(_call):
    print("sent", file=sys.stderr, flush=True)
    await to_thread.run_sync(time.sleep, 50)

def load(*, only=()):
    return mediasmith.config.registry.Registry(backends={"stuck": fake("stuck", start=start)}, broken={})

mediasmith.config.registry.load = load
raise SystemExit(main(["generate", "a lighthouse"]))
"""


@interrupted
async def test_a_second_ctrl_c_stops_at_once_and_says_what_it_may_cost(command: CommandLine) -> None:
    words = [sys.executable, "-c", STUCK]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    async with await anyio.open_process(words, env=env) as process:
        assert process.stderr
        stderr = TextReceiveStream(process.stderr)
        await read_until(stderr, "sent\n")
        process.send_signal(signal.SIGINT)
        await read_until(stderr, "Press Ctrl-C again to stop at once.\n")
        process.send_signal(signal.SIGINT)
        with anyio.fail_after(20):
            code = await process.wait()
        out, err = await read_output(process)
    assert (code, out) == (ExitCode.INTERRUPTED, "")
    assert err.startswith("Stopped before the provider answered. It may have been billed, so it was not sent again.")
    ran = await anyio.to_thread.run_sync(command, "jobs", err.split("mediasmith jobs ")[1].split()[0])
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert ran.err[0].startswith("unknown: ")
    assert "It may have been billed" in ran.err[0]


async def read_until(stream: TextReceiveStream, text: str) -> None:
    """Read until this text was written."""
    read = ""
    while text not in read:
        read += await stream.receive()


async def read_output(process: Process) -> tuple[str, str]:
    """Return the rest of standard output and standard error."""
    assert process.stdout
    assert process.stderr
    return (
        b"".join([chunk async for chunk in process.stdout]).decode(),
        b"".join([chunk async for chunk in process.stderr]).decode(),
    )


@pytest.fixture
def notice(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[None]]:
    """A function that waits until the command has said that it waits for an answer."""
    said: list[str] = []

    def record(text: str) -> None:
        said.append(text)
        say(text)

    async def wait() -> None:
        while not said:
            await anyio.lowlevel.checkpoint()

    monkeypatch.setattr("mediasmith.cli.interrupts.say", record)
    return wait


@interrupted
def test_the_first_ctrl_c_waits_for_an_answer_that_is_due(
    command: CommandLine, notice: Callable[[], Awaitable[None]]
) -> None:
    async def start(call: Call[None, Any]) -> Result:
        press_ctrl_c()
        await notice()
        return await make(call)

    command.install(fake(start=start))
    ran = command("generate", "a lighthouse")
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert ran.err[0].startswith("Waiting for the provider's answer")


@interrupted
def test_the_first_ctrl_c_leaves_a_job_once_it_has_a_handle(
    command: CommandLine, notice: Callable[[], Awaitable[None]]
) -> None:
    async def start(_call: Call[None, Any]) -> Accepted:
        press_ctrl_c()
        await notice()
        return Accepted(handle=AnyJson("h-1"))

    async def poll(_context: Context[None], _handle: AnyJson) -> Pending:
        return Pending()

    command.install(fake(start=start, poll=poll))
    ran = command("generate", "a lighthouse", "--json")
    assert ran.code == ExitCode.LEFT
    assert ran.json["status"] == "running"
    assert ran.err[-1] == f"Still running. Collect it with: mediasmith jobs {ran.json['job_id']}"


class Unfinished:
    """Work that Ctrl-C interrupts whenever it is polled, until it is finished."""

    finished = False

    def poll(self) -> bool:
        if not self.finished:
            press_ctrl_c()
        return self.finished


@interrupted
def test_the_job_that_ctrl_c_left_is_collected_by_the_command_it_prints(command: CommandLine) -> None:
    work = Unfinished()
    command.install(job_backend(done=work.poll))
    left = command("generate", "a lighthouse")
    assert (left.code, left.out) == (ExitCode.LEFT, [])
    work.finished = True
    ran = command(*left.err[-1].partition("with: mediasmith ")[2].split())
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert len(command("jobs", "--json").json["jobs"]) == 1


@interrupted
def test_the_same_command_attaches_to_the_job_that_ctrl_c_left(command: CommandLine) -> None:
    work = Unfinished()
    command.install(job_backend(done=work.poll))
    assert command("generate", "a lighthouse").code == ExitCode.LEFT
    work.finished = True
    ran = command("generate", "a lighthouse")
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert "nothing was sent again" in ran.err[0]


@interrupted
@pytest.mark.parametrize("method", ["stop", "close"])
def test_a_second_ctrl_c_while_the_engine_closes_changes_neither_output_nor_exit_code(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    original: Callable[[LazyEngine], Awaitable[None]] = getattr(LazyEngine, method)

    async def press_again(self: LazyEngine) -> None:
        press_ctrl_c()
        await anyio.sleep(0.01)
        await original(self)

    monkeypatch.setattr(LazyEngine, method, press_again)
    command.install(job_backend(done=Unfinished().poll))
    ran = command("generate", "a lighthouse", "--json")
    assert (ran.code, ran.json["status"]) == (ExitCode.LEFT, "running")
    assert ran.err[-1] == f"Still running. Collect it with: mediasmith jobs {ran.json['job_id']}"


def test_ctrl_c_after_the_work_is_done_changes_neither_output_nor_exit_code(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = anyio.run

    def interrupted_run(work: Callable[[], Awaitable[None]]) -> None:
        run(work)
        raise KeyboardInterrupt

    monkeypatch.setattr(anyio, "run", interrupted_run)
    ran = command("generate", "a lighthouse", "--json")
    assert (ran.code, ran.json["status"]) == (ExitCode.DONE, "done")


@interrupted
def test_ctrl_c_before_there_is_a_job_ends_the_command(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def plan(*_given: object, **_named: object) -> None:
        press_ctrl_c()
        await anyio.sleep_forever()

    monkeypatch.setattr("mediasmith.selection.planning.Planner.plan", plan)
    ran = command("generate", "a lighthouse")
    assert (ran.code, ran.out) == (ExitCode.INTERRUPTED, [])
    assert ran.err == ["Stopped before anything was sent. Nothing was billed. Run it again if it is still wanted."]
    assert command("jobs").out == ["There are no jobs yet."]


@interrupted
def test_ctrl_c_while_the_library_cannot_be_read_does_not_say_that_nothing_was_sent(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wait(*_given: object, **_named: object) -> None:
        press_ctrl_c()
        await anyio.sleep_forever()

    async def recent(*_given: object) -> None:
        raise MediaError("The database cannot be reached.")

    monkeypatch.setattr(JobService, "wait", wait)
    monkeypatch.setattr(Library, "recent", recent)
    ran = command("generate", "a lighthouse", "--json")
    assert (ran.code, ran.json["billed"]) == (ExitCode.INTERRUPTED, "unknown")
    [said] = ran.err
    assert said.startswith("Stopped, and what was sent is not known: The database cannot be reached.")
    assert said.endswith("`mediasmith jobs` shows what can be collected.")


@interrupted
def test_a_job_that_ended_before_the_interrupted_call_returned_is_still_found(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = JobService.wait

    async def interrupted_wait(self: JobService, job: Job, **_given: Any) -> Job:
        monkeypatch.setattr(JobService, "wait", wait)
        active = self.active(job.id)
        assert active is not None
        await active.done.wait()
        press_ctrl_c()
        await anyio.sleep_forever()
        return job

    monkeypatch.setattr(JobService, "wait", interrupted_wait)
    first = command("generate", "a lighthouse")
    assert (first.code, len(first.out)) == (ExitCode.DONE, 1)
    second = command("generate", "a lighthouse")
    assert second.out != first.out, "the first command was answered"


@interrupted
def test_ctrl_c_before_anything_is_sent_cancels_the_job_and_costs_nothing(command: CommandLine) -> None:
    @asynccontextmanager
    async def connect(_access: Access) -> AsyncGenerator[None]:
        press_ctrl_c()
        await anyio.sleep_forever()
        yield None

    command.install(fake(connect=connect))
    ran = command("generate", "a lighthouse", "--json")
    assert ran.code == ExitCode.INTERRUPTED
    assert (ran.json["status"], ran.json["billed"]) == ("failed", "no")
    assert ran.err == ["Stopped before anything was sent. Nothing was billed. Run it again if it is still wanted."]
    assert newest_job(command)["status"] == "cancelled"


@pytest.fixture
def keyboard() -> Generator[None]:
    """Handle Ctrl-C as at a terminal, also if the tests run in the background, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@interrupted
@pytest.mark.usefixtures("keyboard")
def test_ctrl_c_in_a_command_without_a_job_says_where_to_look(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_engine = assembly.build_engine

    def interrupted_build(*given: Any, **named: Any) -> use_cases.Engine:
        press_ctrl_c()
        return build_engine(*given, **named)

    monkeypatch.setattr(assembly, "build_engine", interrupted_build)
    ran = command("jobs", "--json")
    assert ran.code == ExitCode.INTERRUPTED
    assert ran.err == ["Stopped. `mediasmith jobs` shows what can still be collected."]
    assert ran.json["error"] == ran.err[0]


# The list


def test_recent_jobs_are_listed_in_a_table(command: CommandLine) -> None:
    async def start(call: Call[None, Any]) -> Result:
        if "wolf" in call.prompt:
            raise Refused("No\nwolves.", billed="no")
        return await make(call)

    command.install(fake(start=start))
    [path] = command("generate", "a fox").out
    command("generate", "a wolf,\nwith a story that is too long for a row of any table")
    head, wolf, fox = command("jobs").out
    assert head.split() == ["JOB", "WHEN", "STATUS", "KIND", "BACKEND", "PROMPT", "RESULT"]
    assert wolf.split()[1:6] == ["just", "now", "failed", "image", "fake"]
    assert "  a wolf, with a story that is too long f…  " in wolf
    assert wolf.endswith("No wolves. Nothing was billed. Change the prompt or the input files.")
    assert fox.split()[1:] == ["just", "now", "done", "image", "fake", "a", "fox", path]
    assert fox.index("done") == wolf.index("failed") == head.index("STATUS")


def test_an_empty_list_says_so(command: CommandLine) -> None:
    assert command("jobs").out == ["There are no jobs yet."]
