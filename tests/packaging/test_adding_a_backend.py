"""The page on adding a backend: its files are built, installed and used, and nothing else changes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from fakes.server import ask, on_disk, serving
from mediasmith.cli.reference import regenerate
from mediasmith.config import registry
from mediasmith.config.installation import Installation
from mediasmith.plugin.contract import Backend
from mediasmith.testing import KEY, Relay

PAGE = (Path(__file__).parents[2] / "docs" / "adding-a-backend.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.wheel

FILES: dict[str, str] = dict(re.findall(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files where the page says they stand."""
    folder = tmp_path_factory.mktemp("mediasmith-chime")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def site(uv: Callable[..., str], project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the page's distribution was installed into, alone."""
    folder = tmp_path_factory.mktemp("site")
    # uv contains its own build backend, so no index is asked.
    uv("pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", folder, project, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def project_with_songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files once the songs are added, and the fake that the page leaves out."""
    folder = tmp_path_factory.mktemp("mediasmith-chime-with-songs")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(_with_songs(text) if name == MODULE else text, encoding="utf-8")
    fake = Path(__file__).with_name("songs_fake.py")
    (folder / "tests" / fake.name).write_text(fake.read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def _with_songs(text: str) -> str:
    imported = text.replace("from pydantic import Field\n", f"from pydantic import Field\n\n{SONGS}\n")
    return imported.replace("capabilities=(sounds,)", "capabilities=(sounds, songs)")


MODULE = "src/mediasmith_chime/__init__.py"
SONGS = "from mediasmith_chime.songs import songs"


@contextmanager
def _pytest(file: Path, installed: Path) -> Generator[subprocess.Popen[str]]:
    """Run a test file of the page in a process of its own, while the other tests here are run."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", file.parent, file]
    env = {**os.environ, "PYTHONPATH": str(installed)}
    with subprocess.Popen(command, env=env, cwd=file.parent, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.fixture(scope="module", autouse=True)
def contract_of_sounds(project: Path, site: Path) -> Generator[subprocess.Popen[str]]:
    """The tests of the first three files, against what was installed."""
    with _pytest(project / "tests" / "test_chime.py", site) as process:
        yield process


@pytest.fixture(scope="module", autouse=True)
def contract_with_songs(project_with_songs: Path) -> Generator[subprocess.Popen[str]]:
    """The tests of the whole page."""
    with _pytest(project_with_songs / "tests" / "test_songs.py", project_with_songs / "src") as process:
        yield process


@pytest.fixture(scope="module")
def chime(project: Path, site: Path) -> Generator[Backend[Any]]:
    """The backend, as this process imports it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(site), str(project / "tests"), *sys.path])
        yield import_module("mediasmith_chime").backend


@pytest.fixture
def wire(chime: Backend[Any]) -> Generator[Relay]:
    """The page's fake."""
    fake: Callable[[], AbstractContextManager[Relay]] = import_module("test_chime").chime
    with fake() as wire:
        yield wire


async def test_a_server_lists_the_plug_in_and_makes_a_sound_with_it(site: Path, wire: Relay, tmp_path: Path) -> None:
    env = {
        "PYTHONPATH": str(site),
        "MEDIASMITH_BACKENDS": None,
        "MEDIASMITH_CHIME_BASE_URL": wire.url,
        "CHIME_API_KEY": KEY,
    }
    async with serving(tmp_path, env=env) as client:
        [generate, *_] = (await client.list_tools()).tools
        listed = await ask(client, "list_backends")
        [detail] = (await ask(client, "list_backends", backend="chime"))["capabilities"]
        made = await ask(
            client, "generate_media", prompt="rain", kind="sound_effect", duration=2, options={"loop": True}
        )
    assert "sound_effect" in generate.input_schema["properties"]["kind"]["enum"]
    assert "duration" in generate.input_schema["properties"]
    assert {row["backend"]: row["ready"] for row in listed["backends"]}["chime"] is True
    assert detail["options"]["loop"]["description"].startswith("Ends as it begins")
    assert (made["backend"], made["model"], made["cost"]["usd"]) == ("chime", "chime-2", 0.02)
    assert on_disk(made["files"][0]).startswith(b"RIFF")
    [sent] = wire.requests()
    assert sent.body == {"text": "rain", "model": "chime-2", "duration": 2.0, "loop": True}


TABLES = "\n".join(f"<!-- {name} -->\n<!-- /{name} -->" for name in ("kinds", "backends", "models", "options"))


def test_the_tables_of_the_reference_follow(chime: Backend[Any]) -> None:
    page = regenerate(TABLES, Installation.load(env={}, backends=registry.load(only=["chime"])))
    assert "| sound_effect | audio | chime |" in page
    assert "| chime | [Chime](https://chime.example/docs) | sound_effect | `CHIME_API_KEY` |" in page
    assert "| chime | sound_effect | `chime-1` | for drafts | 2031-06-30 |  |  | `duration` 0.5-5 |" in page
    assert "| `loop` | true or false | `false` | Ends as it begins, to be played again and again. |" in page


def test_the_first_files_pass_their_tests(contract_of_sounds: subprocess.Popen[str]) -> None:
    output, _ = contract_of_sounds.communicate(timeout=150)
    assert contract_of_sounds.returncode == 0, output
    assert re.search(r"^2\d passed", output, re.MULTILINE), output


def test_the_whole_page_passes_its_tests(contract_with_songs: subprocess.Popen[str]) -> None:
    output, _ = contract_with_songs.communicate(timeout=150)
    assert contract_with_songs.returncode == 0, output
    assert re.search(r"^5\d passed", output, re.MULTILINE), output


def test_the_page_says_how_songs_are_added() -> None:
    assert "    capabilities=(sounds,),\n" in FILES[MODULE]
    assert "`capabilities=(sounds, songs)`" in PAGE
