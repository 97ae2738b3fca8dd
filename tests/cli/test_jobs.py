"""Jobs at the command line: waited for, left, collected, listed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio.lowlevel
import pytest
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from fakes.backends import AnyJson, fake, make
from fakes.commands import COMMAND, CommandLine, collectable
from fakes.provider import Provider
from mediasmith.cli.exit_codes import ExitCode
from mediasmith.cli.progress import Lines
from mediasmith.cli.terminal import say
from mediasmith.engine import assembly, use_cases
from mediasmith.plugin.contract import JSON, Accepted, Access, Call, Context, Pending, Result
from mediasmith.plugin.errors import Refused


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


def the_job(command: CommandLine) -> dict[str, Any]:
    """The newest job as the list has it."""
    return command("jobs", "--json").json["jobs"][0]


# Left and collected


def test_a_job_that_goes_on_is_left_to_be_collected(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    finished: list[bool] = []
    command.install(collectable(done=lambda: bool(finished)))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    left = command("generate", "a lighthouse")
    job = the_job(command)["job_id"]
    assert (left.code, left.out) == (ExitCode.LEFT, [])
    assert left.err[-1] == f"Still running. Collect it with: mediasmith jobs {job}"
    assert command("jobs", job).code == ExitCode.LEFT
    assert command("jobs", job, "--json").json["status"] == "running"
    finished.append(True)
    collected = command("jobs", job)
    assert collected.code == ExitCode.DONE
    assert Path(collected.out[0]).is_file()
    assert collected.out == command("jobs", job).out


def test_what_is_made_of_a_job_that_goes_on_is_not_printed_before_its_end(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = [True, False]
    command.install(collectable(done=lambda: finished.pop(0) if finished else False))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    left = command("generate", "a lighthouse", "-n", "2")
    assert (left.code, left.out) == (ExitCode.LEFT, [])
    assert len(the_job(command)["files"]) == 1


def test_a_command_whose_answer_was_lost_takes_its_job_up_again(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished: list[bool] = []
    command.install(collectable(done=lambda: bool(finished)))

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
    told: list[JSON] = []
    command.install(collectable(done=lambda: False, cancelled=told))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    command("generate", "a lighthouse")
    job = the_job(command)["job_id"]
    told.clear()
    ran = command("jobs", job, "--cancel")
    assert (ran.code, ran.out, told) == (ExitCode.DONE, [], ["h-1"])
    assert ran.err[0].startswith("cancelled: The job was cancelled.")
    assert command("jobs", job).code == ExitCode.FAILED


def test_a_job_that_cannot_be_stopped_is_told_to_go_on(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    command.install(collectable(done=lambda: False, stoppable=False))
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "0.05")
    command("generate", "a lighthouse")
    job = the_job(command)["job_id"]
    ran = command("jobs", job, "--cancel", "--json")
    assert ran.code == ExitCode.FAILED
    assert (ran.json["status"], ran.json["job_id"], ran.json["billed"]) == ("running", job, "yes")


def test_a_job_that_is_not_known_is_a_failure(command: CommandLine) -> None:
    ran = command("jobs", "nothing")
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert "There is no job 'nothing'." in ran.said
    assert command("jobs", "nothing", "--json").json["billed"] == "no"


# Waited for


class HastyClock:
    """A second passes in a millisecond."""

    def __init__(self) -> None:
        self._start = time.time()

    def now(self) -> float:
        return self._start + (time.time() - self._start) * 1000

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds / 1000)


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_whoever_waits_is_told_how_it_stands(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    polls = iter(range(30))
    monkeypatch.setattr("mediasmith.engine.bootstrap.SystemClock", HastyClock)
    monkeypatch.setenv("MEDIASMITH_DEADLINE_SECONDS", "100000")
    command.install(collectable(done=lambda: next(polls) == 29, every=5))
    ran = command("generate", "a lighthouse", *more)
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert any(line.endswith(" s: 25%, painting") for line in ran.err)


def test_progress_is_told_every_few_seconds_however_often_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Lines()

    async def watch() -> None:
        for second in range(1, 10):
            await tell(second, "painting", None)

    anyio.run(watch)
    assert capsys.readouterr().err.splitlines() == ["4 s: painting", "8 s: painting"]


# Ctrl-C

interrupted = pytest.mark.skipif(sys.platform == "win32", reason="a Ctrl-C cannot be sent to one process there")


@interrupted
async def test_ctrl_c_leaves_the_job_and_says_how_to_collect_it(provider: Provider, tmp_path: Path) -> None:
    provider.settings(polls={"slow-1": 100_000})
    env = {**os.environ, **provider.env(), "MEDIASMITH_BACKENDS": "stub_slow"}
    env |= {"MEDIASMITH_DATA_DIR": str(tmp_path / "data"), "MEDIASMITH_OUTPUT_DIR": str(tmp_path / "out")}
    async with await anyio.open_process([COMMAND, "generate", "a lighthouse"], env=env, cwd=tmp_path) as process:
        await provider.seen("GET /jobs/{id}", times=3)
        process.send_signal(signal.SIGINT)
        code = await process.wait()
        out, err = await _written(process)
    assert (code, out) == (ExitCode.LEFT, "")
    assert "Traceback" not in err
    [advice] = [line for line in err.splitlines() if "with: mediasmith jobs " in line]
    provider.finish()
    words = [COMMAND, *advice.partition("with: mediasmith ")[2].split()]
    collect = partial(subprocess.run, words, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    ran = await anyio.to_thread.run_sync(collect)
    assert ran.returncode == 0, ran.stderr
    assert await anyio.Path(ran.stdout.strip()).is_file()
    assert provider.paid() == 1


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
async def test_a_second_ctrl_c_leaves_at_once_and_says_what_it_may_cost(command: CommandLine) -> None:
    words = [sys.executable, "-c", STUCK]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    async with await anyio.open_process(words, env=env) as process:
        assert process.stderr
        said = TextReceiveStream(process.stderr)
        await _until(said, "sent\n")
        process.send_signal(signal.SIGINT)
        await _until(said, "Ctrl-C again leaves at once.\n")
        process.send_signal(signal.SIGINT)
        with anyio.fail_after(20):
            code = await process.wait()
        out, err = await _written(process)
    assert (code, out) == (ExitCode.INTERRUPTED, "")
    assert err.startswith("Stopped while the answer was due. It may have been billed, so it was not sent again.")
    ran = await anyio.to_thread.run_sync(command, "jobs", err.split("mediasmith jobs ")[1].split()[0])
    assert (ran.code, ran.out) == (ExitCode.FAILED, [])
    assert ran.err[0].startswith("unknown: The server stopped while its answer was due. It may have been billed")


async def _until(said: TextReceiveStream, text: str) -> None:
    """Read on until this was said."""
    heard = ""
    while text not in heard:
        heard += await said.receive()


async def _written(process: Process) -> tuple[str, str]:
    assert process.stdout
    assert process.stderr
    return (
        b"".join([chunk async for chunk in process.stdout]).decode(),
        b"".join([chunk async for chunk in process.stderr]).decode(),
    )


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[None]]:
    """Wait until it was told that an answer is waited for."""
    said: list[str] = []

    def tell(text: str) -> None:
        said.append(text)
        say(text)

    async def wait() -> None:
        while not said:
            await anyio.lowlevel.checkpoint()

    monkeypatch.setattr("mediasmith.cli.interrupts.say", tell)
    return wait


@interrupted
def test_an_answer_that_is_due_is_waited_for_at_the_first_ctrl_c(
    command: CommandLine, told: Callable[[], Awaitable[None]]
) -> None:
    async def start(call: Call[None, Any]) -> Result:
        signal.raise_signal(signal.SIGINT)
        await told()
        return await make(call)

    command.install(fake(start=start))
    ran = command("generate", "a lighthouse")
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert "The answer is still due" in ran.err[0]


@interrupted
def test_once_the_provider_has_named_the_work_it_is_left(
    command: CommandLine, told: Callable[[], Awaitable[None]]
) -> None:
    async def start(_call: Call[None, Any]) -> Accepted:
        signal.raise_signal(signal.SIGINT)
        await told()
        return Accepted(handle=AnyJson("h-1"))

    async def poll(_work: Context[None], _handle: JSON) -> Pending | Result:
        return Pending()

    command.install(fake(start=start, poll=poll))
    ran = command("generate", "a lighthouse", "--json")
    assert ran.code == ExitCode.LEFT
    assert ran.json["status"] == "running"
    assert ran.err[-1] == f"Still running. Collect it with: mediasmith jobs {ran.json['job_id']}"


@interrupted
def test_the_same_command_goes_on_with_what_ctrl_c_left(command: CommandLine) -> None:
    finished: list[bool] = []

    def look() -> bool:
        if not finished:
            signal.raise_signal(signal.SIGINT)
        return bool(finished)

    command.install(collectable(done=look))
    assert command("generate", "a lighthouse").code == ExitCode.LEFT
    finished.append(True)
    ran = command("generate", "a lighthouse")
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert "nothing was sent again" in ran.err[0]


@interrupted
def test_before_there_is_a_job_ctrl_c_ends_it(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    async def decide(*_given: object, **_named: object) -> None:
        signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()

    monkeypatch.setattr("mediasmith.selection.planning.Planner.plan", decide)
    ran = command("generate", "a lighthouse")
    assert (ran.code, ran.out) == (ExitCode.INTERRUPTED, [])
    assert ran.err == ["Stopped before anything was sent. Nothing was billed."]
    assert command("jobs").out == ["There are no jobs yet."]


@pytest.fixture
def keyboard() -> Generator[None]:
    """Ctrl-C is heard, also where the tests run in the background, which begins without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@interrupted
@pytest.mark.usefixtures("keyboard")
def test_ctrl_c_in_a_command_that_waits_for_nothing_says_where_to_look(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assemble = assembly.build_engine

    def interrupted_assemble(*given: Any, **named: Any) -> use_cases.Engine:
        signal.raise_signal(signal.SIGINT)
        return assemble(*given, **named)

    monkeypatch.setattr(assembly, "build_engine", interrupted_assemble)
    ran = command("jobs", "--json")
    assert ran.code == ExitCode.INTERRUPTED
    assert ran.err == ["Stopped. `mediasmith jobs` shows what can still be collected."]
    assert ran.json["error"] == ran.err[0]


@interrupted
def test_before_anything_is_sent_ctrl_c_costs_nothing(command: CommandLine) -> None:
    @asynccontextmanager
    async def connect(_access: Access) -> AsyncGenerator[None]:
        signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()
        yield None

    command.install(fake(connect=connect))
    ran = command("generate", "a lighthouse", "--json")
    assert ran.code == ExitCode.INTERRUPTED
    assert (ran.json["status"], ran.json["billed"]) == ("failed", "no")
    assert ran.err == ["Stopped before anything was sent. Nothing was billed."]
    assert the_job(command)["status"] == "failed"


# The list


def test_recent_jobs_are_a_table(command: CommandLine) -> None:
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
    assert wolf.endswith("No wolves. Nothing was billed.")
    assert fox.split()[1:] == ["just", "now", "done", "image", "fake", "a", "fox", path]
    assert fox.index("done") == wolf.index("failed") == head.index("STATUS")


def test_without_jobs_the_table_says_so(command: CommandLine) -> None:
    assert command("jobs").out == ["There are no jobs yet."]
