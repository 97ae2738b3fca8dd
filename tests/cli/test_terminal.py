"""At a terminal: tables that fit, a progress bar and viewers. In a pipe: plain lines."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from fakes.backends import fake, make
from fakes.commands import CommandLine, job_backend
from mediasmith.cli.exit_codes import ExitCode
from mediasmith.cli.open_files import open_files, open_page
from mediasmith.cli.progress import progress
from mediasmith.plugin.contract import Call, Model, Result
from mediasmith.plugin.errors import Refused

BAR = "━"


def plain(text: str) -> str:
    """Return the text without escape sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


# Tables


def install_two_backends(command: CommandLine) -> None:
    models = tuple(Model(id=f"a-model-with-a-long-name-{number}") for number in range(3))
    command.install(fake(), fake("keyed", keys=("KEYED_API_KEY",), models=models))


def test_a_table_fits_the_terminal(command: CommandLine) -> None:
    install_two_backends(command)
    command.at_terminal(columns=60)
    lines = command("backends").out
    assert lines[0].startswith("\x1b[1mBACKEND")
    assert "\x1b[32myes" in lines[1]
    assert "\x1b[33mno" in lines[2]
    assert len(lines) > 3
    assert max(len(plain(line).rstrip()) for line in lines) <= 60


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS"])
def test_in_a_pipe_every_row_is_a_line_without_colours(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    install_two_backends(command)
    monkeypatch.setenv(variable, "1")
    lines = command("backends").out
    assert len(lines) == 3
    assert lines == [plain(line) for line in lines]
    assert len(lines[2]) > 100


def test_a_dumb_terminal_gets_plain_rows(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    install_two_backends(command)
    piped = command("backends").out
    command.at_terminal(columns=60)
    monkeypatch.setenv("TERM", "dumb")
    assert command("backends").out == piped


def test_no_color_turns_colours_off(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    install_two_backends(command)
    command.at_terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", "".join(command("backends").out))


def test_a_path_in_the_list_of_jobs_is_not_wrapped(command: CommandLine) -> None:
    [path] = command("generate", "a [red]fox[/]").out
    command.at_terminal(columns=70)
    lines = [plain(line) for line in command("jobs").out]
    assert lines[2:] == ["  a [red]fox[/]", f"  {path}"]
    assert lines[1].split()[1:3] == ["just", "now"]


@pytest.mark.parametrize(
    ("seconds", "ago"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (7200, "2 h ago"),
        (172_800, "2 d ago"),
    ],
)
def test_the_list_of_jobs_says_how_long_ago_each_was_started(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, seconds: float, ago: str
) -> None:
    class Clock:
        time = 1_800_000_000.0

        def now(self) -> float:
            return self.time

        async def sleep(self, _seconds: float) -> None:
            await anyio.lowlevel.checkpoint()

    monkeypatch.setattr("mediasmith.engine.bootstrap.SystemClock", Clock)
    command("generate", "a fox")
    Clock.time += seconds
    assert f"  {ago}  " in command("jobs").out[1]


# The bar


def show_progress(*notifications: tuple[str, float | None]) -> None:
    """Show progress, once every five seconds of the job's time."""

    async def notify_all() -> None:
        with progress() as notify:
            for number, (message, done) in enumerate(notifications, start=1):
                await notify(number * 5.0, message, done)

    anyio.run(notify_all)


def test_the_bar_shows_progress_and_is_removed_at_the_end(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command.at_terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    show_progress(("25%, painting", 0.25), ("50%, [red]drying[/]", 0.5))
    out, err = capsys.readouterr()
    frames = plain(err)
    assert out == ""
    assert "50%, [red]drying[/]" in frames
    assert BAR * 12 in frames.rpartition("50%")[0].rpartition("\n")[2]
    assert err.count("\x1b[?25l") == err.count("\x1b[?25h") == 1
    assert err.endswith("\x1b[1A\x1b[2K")


def test_unknown_progress_is_not_shown_as_a_percentage(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command.at_terminal()
    show_progress(("working", None))
    assert "%" not in plain(capsys.readouterr().err)


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_without_a_terminal_progress_is_printed_as_lines(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], term: str
) -> None:
    show_progress(("25%, painting", 0.25))
    assert capsys.readouterr().err == "5 s: 25%, painting\n"
    command.at_terminal()
    monkeypatch.setenv("TERM", term)
    show_progress(("25%, painting", 0.25))
    assert capsys.readouterr().err == "5 s: 25%, painting\n"


def test_the_bar_is_not_part_of_the_answer(command: CommandLine) -> None:
    polls = iter(range(9))
    command.install(job_backend(done=lambda: next(polls) == 8))
    command.at_terminal()
    ran = command("generate", "a fox", "--json")
    assert ran.json["status"] == "done"
    assert "\x1b[?25h" in ran.stderr
    assert "Made by fake fake-1." in plain(ran.stderr)


# Viewers


@pytest.fixture
def opened_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were opened."""
    opened: list[str] = []

    def launch(path: str) -> int:
        opened.append(path)
        return 0

    monkeypatch.setattr("click.launch", launch)
    monkeypatch.setattr("sys.platform", "linux")
    return opened


@pytest.fixture
def display(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a display to open files on."""
    monkeypatch.setenv("DISPLAY", ":0")


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_open_opens_the_files(
    command: CommandLine, opened_files: list[str], display: None, more: Sequence[str]
) -> None:
    made = command("generate", "a fox", "-n", "2", "--open", *more)
    paths = [file["path"] for file in made.json["files"]] if more else made.out
    assert (made.code, len(paths), opened_files) == (ExitCode.DONE, 2, paths)
    job = command("jobs", "--json").json["jobs"][0]["job_id"]
    assert opened_files == paths
    assert command("jobs", job, "--open").out == paths
    assert opened_files == [*paths, *paths]


def test_only_the_first_of_many_files_are_opened(command: CommandLine, opened_files: list[str], display: None) -> None:
    ran = command("generate", "--prompts", "a fox", "--prompts", "a wolf", "-n", "10", "--open")
    assert opened_files == ran.out[:10]
    assert "Opening the first 10 of 20 files." in ran.err


@pytest.mark.parametrize("more", [["--dry-run"], ["--prompts", "a second one"]], ids=["dry run", "failure"])
def test_nothing_is_opened_when_nothing_was_made(
    command: CommandLine, opened_files: list[str], display: None, more: Sequence[str]
) -> None:
    command("generate", "a fox", "--open", *more)
    assert opened_files == []


def test_without_a_display_nothing_is_opened_and_the_command_succeeds(
    command: CommandLine, opened_files: list[str]
) -> None:
    ran = command("generate", "a fox", "--open")
    assert (ran.code, len(ran.out), opened_files) == (ExitCode.DONE, 1, [])
    assert ran.err[-1] == "Not opened: there is no display."


def test_without_a_viewer_nothing_is_opened_and_the_command_succeeds(
    command: CommandLine, opened_files: list[str], display: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def launch(_path: str) -> int:
        return 1

    monkeypatch.setattr("click.launch", launch)
    ran = command("generate", "a fox", "--open")
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert ran.err[-1] == "Not opened: no viewer could be started."


@pytest.mark.parametrize(("shown", "opened"), [(":0", ["http://127.0.0.1/"]), ("", [])])
def test_a_page_is_opened_where_there_is_a_display(
    opened_files: list[str], monkeypatch: pytest.MonkeyPatch, shown: str, opened: Sequence[str]
) -> None:
    monkeypatch.setenv("DISPLAY", shown)
    open_page("http://127.0.0.1/")
    assert opened_files == opened


@pytest.fixture
def typed() -> Generator[None]:
    """Have something typed on standard input."""
    stdin, pipe = os.dup(0), os.pipe()
    os.write(pipe[1], b"typed")
    os.close(pipe[1])
    os.dup2(pipe[0], 0)
    yield
    os.dup2(stdin, 0)
    os.close(stdin)
    os.close(pipe[0])


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other viewers")
@pytest.mark.filterwarnings("ignore:subprocess:ResourceWarning")  # a viewer outlives the command
@pytest.mark.usefixtures("typed")
def test_a_viewer_cannot_use_the_standard_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    seen = tmp_path / "seen"
    os.mkfifo(seen)
    viewer = tmp_path / "bin" / "xdg-open"
    viewer.parent.mkdir()
    viewer.write_text(f'#!/bin/sh\necho noise; echo noise >&2; echo "$(cat) $1" > {seen}\n')
    viewer.chmod(0o755)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", str(viewer.parent), prepend=os.pathsep)
    open_files(["/a/fox.png"])
    assert seen.read_text() == " /a/fox.png\n"
    assert capfd.readouterr() == ("", "")
    assert os.read(0, 5) == b"typed"


def test_nothing_is_opened_after_a_failure(command: CommandLine, opened_files: list[str], display: None) -> None:
    async def start(call: Call[None, Any]) -> Result:
        if "wolf" in call.prompt:
            raise Refused("No wolves.", billed="no")
        return await make(call)

    command.install(fake(start=start))
    assert command("generate", "a wolf", "--open").code == ExitCode.FAILED
    assert opened_files == []
