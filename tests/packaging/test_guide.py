"""The guide: its commands and tool calls are the same, and make the files that it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click
import pytest
from PIL import Image, ImageChops, ImageStat

from guide import FILES, PAGE, ROOT, Task, tasks
from mediasmith.cli.commands import commands
from mediasmith.cli.options import tool_arguments
from mediasmith.plugin.probe import dimensions, duration

TEXT = PAGE.read_text("utf-8")
TASKS = [*tasks()]
TOLERANCE = 3.0  # levels of a colour, on average: libraries encode differently


def test_there_are_ten_tasks_and_every_heading_is_one() -> None:
    assert len(TASKS) == 10
    assert [f"{number}. {task.title}" for number, task in enumerate(TASKS, start=1)] == re.findall(
        r"^## (.*)$", TEXT, re.MULTILINE
    )


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.title)
def test_the_command_does_what_the_call_does(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDIASMITH_BACKENDS", raising=False)
    program, command, *words = shlex.split(task.command.replace("\\\n", ""))
    assert program == "mediasmith"
    assert {"generate": "generate_media", "edit": "continue_edit"}[command] == task.tool
    parent = click.Context(commands, info_name=program)
    with commands.commands[command].make_context(command, words, parent=parent) as context:
        given = tool_arguments({name: value for name, value in context.params.items() if name not in OWN})
    assert _as_text(given) == _as_text(task.arguments)


OWN = {"as_json", "opens", "dry_run", "draft"}
"""Options that are always given a value, and that the guide does not use."""


def _as_text(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return arguments as the command line has them, which leaves numbers to the engine."""
    listed = {
        name: cast("Sequence[str]", value) for name, value in arguments.items() if isinstance(value, list | tuple)
    }
    return {
        **{name: str(value) for name, value in arguments.items()},
        **{name: [*several] for name, several in listed.items()},
    }


def test_every_file_is_shown_and_small() -> None:
    files = {path.name: path for path in FILES.iterdir()}
    assert {*re.findall(r"guide/([\w.-]+)", TEXT)} == {*files}
    assert all(path.stat().st_size <= 60_000 for path in files.values())


@pytest.mark.guide
def test_the_calls_make_the_files_that_are_shown(tmp_path: Path) -> None:
    made = tmp_path / "made"
    env = {name: value for name, value in os.environ.items() if not name.startswith("MEDIASMITH_")}
    subprocess.run([sys.executable, ROOT / "tools" / "guide.py", made], env=env, check=True)
    assert {path.name for path in made.iterdir()} == {path.name for path in FILES.iterdir()}
    for shown in FILES.iterdir():
        _compare(made / shown.name, shown)


def _compare(made: Path, shown: Path) -> None:
    if made.suffix in {".webp", ".png"}:
        with Image.open(made) as one, Image.open(shown) as other:
            assert one.size == other.size, made.name
            difference = ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))
        assert max(ImageStat.Stat(difference).mean) <= TOLERANCE, made.name
    else:
        mime = {".mp4": "video/mp4", ".mp3": "audio/mpeg"}[made.suffix]
        with made.open("rb") as one, shown.open("rb") as other:
            assert dimensions(one, mime) == dimensions(other, mime), made.name
            assert duration(one, mime) == pytest.approx(duration(other, mime), rel=0.05), made.name
