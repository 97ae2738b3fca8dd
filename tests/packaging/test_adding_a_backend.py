"""The page on adding a backend: its files are built, installed and used, and nothing else changes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from fakes.server import ask, on_disk, serving
from mediasmith.cli.reference import regenerate
from mediasmith.config import registry
from mediasmith.config.installation import Installation
from mediasmith.plugin.contract import Backend
from mediasmith.plugin.media import wav
from mediasmith.testing import KEY, Case, Relay, Rig, Wire, relay
from mediasmith.testing.check_polling import CHECKS as WAITING
from mediasmith.testing.check_polling import cancelled
from mediasmith.testing.rig import Check

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


@pytest.fixture(scope="module", autouse=True)
def contract_run(project: Path, site: Path) -> Generator[subprocess.Popen[str]]:
    """The page's own tests, run while the other ones here are."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(project), str(project)]
    env = {**os.environ, "PYTHONPATH": str(site)}
    with subprocess.Popen(command, env=env, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


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
    assert "| chime | sound_effect | `chime-1` | as draft | 2031-06-30 |  |  | `duration` 0.5-5 |" in page
    assert "| `loop` | true or false | `false` | Ends as it begins, to be played again and again. |" in page


class Singer(BaseHTTPRequestHandler):
    """Chime's songs: not done at the first poll."""

    protocol_version = "HTTP/1.1"
    asked: dict[str, int]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        name = f"song-{len(self.asked)}"
        self.asked[name] = 0
        self.answer(b'{"id": "%b", "status": "working"}' % name.encode())

    def do_GET(self) -> None:
        _, place, name = self.path.split("/")
        if place == "files":
            self.answer(wav(bytes(1600), rate=8000))
        elif name not in self.asked:
            self.answer(b"{}", 404)
        else:
            self.asked[name] += 1
            status = "done" if self.asked[name] > 1 else "working"
            told = f'{{"id": "{name}", "status": "{status}", "url": "http://{self.headers["host"]}/files/{name}"}}'
            self.answer(told.encode())

    def answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the library
        pass


@contextmanager
def singing() -> Generator[Wire]:
    handler = type("Chime", (Singer,), {"asked": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with relay(f"http://127.0.0.1:{server.server_port}") as wire:
            yield wire
        server.shutdown()


@pytest.fixture(scope="module")
def song_wire() -> Generator[Wire]:
    with singing() as wire:
        yield wire


@pytest.mark.parametrize("check", [check for check in WAITING if check is not cancelled], ids=lambda check: check.name)
def test_songs_which_take_longer_keep_the_contract(
    chime: Backend[Any], song_wire: Wire, check: Check, tmp_path: Path
) -> None:
    songs = import_module("mediasmith_chime.songs").songs
    rig = Rig(backend=replace(chime, capabilities=(songs,)), wire=singing)
    Case(rig=rig, capability=songs, check=check).run(tmp_path, song_wire)


def test_the_test_file_of_the_page_passes(contract_run: subprocess.Popen[str]) -> None:
    told, _ = contract_run.communicate(timeout=150)
    assert contract_run.returncode == 0, told
    assert re.search(r"^2\d passed", told, re.MULTILINE), told


def test_the_page_names_songs_as_it_is_to_be_written() -> None:
    assert "    capabilities=(sounds,),\n" in FILES["src/mediasmith_chime/__init__.py"]
    assert "`capabilities=(sounds, songs)`" in PAGE
