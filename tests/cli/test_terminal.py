"""At a terminal: tables that fit, a bar, and a viewer for what was made. In a pipe nothing of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from fakes.backends import fake, make
from fakes.commands import COMMAND, CommandLine, collectable
from mediasmith.cli.exit_codes import ExitCode
from mediasmith.cli.progress import progress
from mediasmith.plugin.contract import Call, Model, Result
from mediasmith.plugin.errors import Refused

BAR = "━"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


def plain(text: str) -> str:
    """Without what a terminal does not show."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


# Tables


def with_much_to_tell(command: CommandLine) -> None:
    models = tuple(Model(id=f"a-model-with-a-long-name-{number}") for number in range(3))
    command.install(fake(), fake("keyed", keys=("KEYED_API_KEY",), models=models))


def test_a_table_fits_the_terminal(command: CommandLine) -> None:
    with_much_to_tell(command)
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
    with_much_to_tell(command)
    monkeypatch.setenv(variable, "1")
    lines = command("backends").out
    assert len(lines) == 3
    assert lines == [plain(line) for line in lines]
    assert len(lines[2]) > 100


def test_a_terminal_that_can_only_write_gets_plain_rows(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    with_much_to_tell(command)
    piped = command("backends").out
    command.at_terminal(columns=60)
    monkeypatch.setenv("TERM", "dumb")
    assert command("backends").out == piped


def test_who_wants_no_colours_gets_none(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    with_much_to_tell(command)
    command.at_terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", "".join(command("backends").out))


def test_a_path_in_the_list_of_jobs_stays_in_one_piece(command: CommandLine) -> None:
    [path] = command("generate", "a [red]fox[/]").out
    command.at_terminal(columns=70)
    lines = [plain(line) for line in command("jobs").out]
    assert lines[2:] == ["  a [red]fox[/]", f"  {path}"]
    assert lines[1].split()[1:3] == ["just", "now"]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (7200, "2 h ago"),
        (172_800, "2 d ago"),
    ],
)
def test_it_is_told_how_long_ago_a_job_was_started(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, seconds: float, told: str
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
    assert f"  {told}  " in command("jobs").out[1]


# The bar


def watched(*standings: tuple[str, float | None]) -> None:
    """Tell how a job stands, once every five seconds of its time."""

    async def tell() -> None:
        with progress() as notify:
            for number, (message, done) in enumerate(standings, start=1):
                await notify(number * 5.0, message, done)

    anyio.run(tell)


def test_a_bar_shows_how_much_is_done_and_leaves_nothing_behind(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command.at_terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    watched(("25%, painting", 0.25), ("50%, [red]drying[/]", 0.5))
    out, err = capsys.readouterr()
    frames = plain(err)
    assert out == ""
    assert "50%, [red]drying[/]" in frames
    assert BAR * 12 in frames.rpartition("50%")[0].rpartition("\n")[2]
    assert err.count("\x1b[?25l") == err.count("\x1b[?25h") == 1
    assert err.endswith("\x1b[1A\x1b[2K")


def test_what_nobody_tells_is_not_shown_as_done(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command.at_terminal()
    watched(("working", None))
    assert "%" not in plain(capsys.readouterr().err)


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_elsewhere_there_are_lines(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], term: str
) -> None:
    watched(("25%, painting", 0.25))
    assert capsys.readouterr().err == "5 s: 25%, painting\n"
    command.at_terminal()
    monkeypatch.setenv("TERM", term)
    watched(("25%, painting", 0.25))
    assert capsys.readouterr().err == "5 s: 25%, painting\n"


def test_the_bar_is_no_part_of_the_answer(command: CommandLine) -> None:
    polls = iter(range(9))
    command.install(collectable(done=lambda: next(polls) == 8))
    command.at_terminal()
    ran = command("generate", "a fox", "--json")
    assert ran.json["status"] == "done"
    assert "\x1b[?25h" in ran.said
    assert "Made by fake fake-1." in plain(ran.said)


# The viewer


@pytest.fixture
def viewed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were opened, on a screen."""
    opened: list[str] = []

    def launch(path: str) -> int:
        opened.append(path)
        return 0

    monkeypatch.setattr("click.launch", launch)
    monkeypatch.setattr("sys.platform", "linux")
    return opened


@pytest.fixture
def screen(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one to open it on."""
    monkeypatch.setenv("DISPLAY", ":0")


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_what_was_made_is_opened(command: CommandLine, viewed: list[str], screen: None, more: Sequence[str]) -> None:
    made = command("generate", "a fox", "-n", "2", "--open", *more)
    paths = [file["path"] for file in made.json["files"]] if more else made.out
    assert (made.code, len(paths), viewed) == (ExitCode.DONE, 2, paths)
    job = command("jobs", "--json").json["jobs"][0]["job_id"]
    assert viewed == paths
    assert command("jobs", job, "--open").out == paths
    assert viewed == [*paths, *paths]


def test_of_very_many_only_the_first_are_opened(command: CommandLine, viewed: list[str], screen: None) -> None:
    ran = command("generate", "--prompts", "a fox", "--prompts", "a wolf", "-n", "10", "--open")
    assert viewed == ran.out[:10]
    assert "Opening the first 10 of 20." in ran.err


@pytest.mark.parametrize("more", [["--dry-run"], ["--prompts", "a second one"]], ids=["dry run", "failure"])
def test_nothing_is_opened_when_nothing_was_made(
    command: CommandLine, viewed: list[str], screen: None, more: Sequence[str]
) -> None:
    command("generate", "a fox", "--open", *more)
    assert viewed == []


def test_without_a_screen_it_is_only_said(command: CommandLine, viewed: list[str]) -> None:
    ran = command("generate", "a fox", "--open")
    assert (ran.code, len(ran.out), viewed) == (ExitCode.DONE, 1, [])
    assert ran.err[-1] == "Not opened: there is no screen here."


def test_without_a_viewer_it_is_only_said(
    command: CommandLine, viewed: list[str], screen: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def launch(_path: str) -> int:
        return 1

    monkeypatch.setattr("click.launch", launch)
    ran = command("generate", "a fox", "--open")
    assert (ran.code, len(ran.out)) == (ExitCode.DONE, 1)
    assert ran.err[-1] == "Not opened: no viewer could be started."


@pytest.mark.skipif(sys.platform != "linux", reason="the viewer is another program there")
def test_a_viewer_neither_writes_into_the_answer_nor_reads_what_was_typed(command: CommandLine, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    os.mkfifo(opened)
    viewer = tmp_path / "bin" / "xdg-open"
    viewer.parent.mkdir()
    viewer.write_text(f'#!/bin/sh\necho noise; echo noise >&2; echo "$(cat) $1" > {opened}\n')
    viewer.chmod(0o755)
    env = {**os.environ, "DISPLAY": ":0", "MEDIASMITH_BACKENDS": "sketch"}
    env["PATH"] = f"{viewer.parent}{os.pathsep}{env['PATH']}"
    ran = subprocess.run(
        [COMMAND, "generate", "a fox", "--open"], env=env, input="typed", capture_output=True, text=True, check=True
    )
    assert opened.read_text() == f" {ran.stdout}"
    assert "noise" not in ran.stdout + ran.stderr


def test_what_failed_is_not_opened(command: CommandLine, viewed: list[str], screen: None) -> None:
    async def start(call: Call[None, Any]) -> Result:
        if "wolf" in call.prompt:
            raise Refused("No wolves.", billed="no")
        return await make(call)

    command.install(fake(start=start))
    assert command("generate", "a wolf", "--open").code == ExitCode.FAILED
    assert viewed == []
