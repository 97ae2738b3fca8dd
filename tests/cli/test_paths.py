"""Paths on the command line: they are relative to the working directory, and may lead anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakes.backends import fake, make, png
from fakes.commands import CommandLine
from fakes.engines import WAIT_FOR_END, Scripted, get_job, job_record, open_library, running_engine, task_record
from fakes.virtual_clock import VirtualClock
from mediasmith.cli.exit_codes import ExitCode
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.engine.bootstrap import lazy_engine, open_engine
from mediasmith.plugin.contract import Call, Result, Takes
from mediasmith.plugin.errors import NotAllowed


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder, where the command is typed: no folder that a server would work in."""
    folder = tmp_path.resolve() / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def command(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def read(command: CommandLine) -> list[bytes]:
    """What the backend was given as images."""
    given: list[bytes] = []

    async def start(call: Call[None, Any]) -> Result:
        given.extend([await image.read() for image in call.inputs["image"]])
        return await make(call)

    command.install(fake(start=start, takes={"image": Takes(max=4)}))
    return given


def test_input_paths_are_relative_to_the_working_directory(command: CommandLine, home: Path, read: list[bytes]) -> None:
    here, there, elsewhere = png(), png(colour=b"\x00\x00\x09"), png(colour=b"\x00\x09\x00")
    (home / "sub").mkdir()
    (home / "here.png").write_bytes(here)
    (home / "sub" / "there.png").write_bytes(there)
    (home.parent / "elsewhere.png").write_bytes(elsewhere)
    images = ("here.png", "./sub/there.png", "../elsewhere.png", str(home.parent / "elsewhere.png"))
    ran = command("generate", "a fox", *(word for image in images for word in ("--image", image)))
    assert ran.code == ExitCode.DONE, ran.stderr
    assert read == [here, there, elsewhere, elsewhere]


def test_a_file_in_the_output_folder_does_not_take_precedence(
    command: CommandLine, home: Path, tmp_path: Path, read: list[bytes]
) -> None:
    (home / "fox.png").write_bytes(png(colour=b"\x00\x00\x09"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "fox.png").write_bytes(png())
    assert command("generate", "a fox", "--image", "fox.png").code == ExitCode.DONE
    assert read == [png(colour=b"\x00\x00\x09")]


def test_a_missing_input_is_named_as_it_was_typed(command: CommandLine, read: list[bytes]) -> None:
    ran = command("generate", "a fox", "--image", "fox.png")
    assert (ran.code, read) == (ExitCode.FAILED, [])
    assert "image: 'fox.png' does not exist." in ran.stderr


@pytest.mark.parametrize(
    ("output", "place"),
    [("fox.png", "home/fox.png"), ("new/deep/", "home/new/deep"), ("..", "."), ("../a/fox.jpg", "a/fox.png")],
)
def test_output_paths_are_relative_to_the_working_directory(
    command: CommandLine, tmp_path: Path, output: str, place: str
) -> None:
    ran = command("generate", "a fox", "--output", output)
    assert ran.code == ExitCode.DONE, ran.stderr
    path = Path(ran.out[0])
    assert path.read_bytes() == png()
    assert (tmp_path / place).resolve() in (path, path.parent)


def test_without_an_output_path_files_go_to_the_output_folder(command: CommandLine, tmp_path: Path) -> None:
    assert Path(command("generate", "a fox").out[0]).parent == tmp_path / "out"


async def test_other_front_ends_stay_confined(command: CommandLine, home: Path, read: list[bytes]) -> None:
    (home / "fox.png").write_bytes(png())
    async with open_engine() as engine:
        for given in ({"image": [str(home / "fox.png")]}, {"output": str(home / "made.png")}):
            with pytest.raises(NotAllowed):
                await engine.generate({"prompt": "a fox", **given}, WAIT_FOR_END)
    assert read == []


def test_only_the_user_of_this_machine_is_not_confined(home: Path) -> None:
    roots = AllowedFolders.find(Settings(output_dir=home / "out"), home, confined=False)
    assert roots.confine("a.png") == home / "a.png"
    assert roots.confine("/etc/hosts") == Path("/etc/hosts").resolve()
    with pytest.raises(NotAllowed):
        roots.confine("a\0b")
    with pytest.raises(NotAllowed):
        roots.for_principal("somebody else").confine("/etc/hosts")


async def test_a_job_with_a_folder_outside_is_collected_only_by_the_command_line(tmp_path: Path) -> None:
    elsewhere, provider = tmp_path / "elsewhere", Scripted()
    stored = job_record(tmp_path, folder=str(elsewhere))
    async with open_library(tmp_path) as library:
        await library.add_job(stored, [task_record(phase="accepted", handle="abc", billed="yes")])
    installation = Installation.load(
        settings=Settings(data_dir=tmp_path / "data", output_dir=tmp_path / "out"),
        env={},
        backends=Registry(backends={"one": provider.backend()}, broken={}),
    )
    async with running_engine(tmp_path, provider.backend()) as server:
        with pytest.raises(NotAllowed):
            await get_job(server, stored.id)
        async with lazy_engine(lambda: installation, clock=VirtualClock(), confined=False) as unconfined:
            result = await get_job(await unconfined.get(), stored.id)
    assert (result.status, Path(result.files[0].path).parent) == ("done", elsewhere)
