"""The wheel and the source distribution: what is in them, and that the wheel works in every Python that is here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextResourceContents

from mediasmith.config import registry

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
SHADOWS = ("openai.py", "server/__init__.py", "mediasmith/__init__.py", "backends/__init__.py", "conftest.py")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@pytest.fixture(scope="module")
def built(uv: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--out-dir", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    [wheel] = built.glob("*.whl")
    return wheel


def test_both_can_be_uploaded(uv: Callable[..., str], built: Path) -> None:
    files = [*built.glob("*.whl"), *built.glob("*.tar.gz")]
    assert len(files) == 2
    uv("tool", "run", "twine==7.0.0", "check", "--strict", *files, cwd=built)


def test_the_wheel_has_the_packages_their_data_and_licenses_alone(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = {Path(name) for name in archive.namelist()}
        [points] = (archive.read(str(name)).decode() for name in names if name.name == "entry_points.txt")
    packages = {name.parts[0] for name in names if not name.parts[0].endswith(".dist-info")}
    assert packages == {"mediasmith", "mediasmith_backends", "mediasmith_sketch"}
    sources = [*(ROOT / "server").rglob("*"), *(ROOT / "backends").rglob("*")]
    expected = {path.relative_to(path.parents[_depth(path)]) for path in sources if _packaged(path)}
    assert expected <= names
    assert {name.name for name in names if "licenses" in name.parts} == {"LICENSE", "OFL.txt"}
    assert f"[{registry.GROUP}]" in points
    assert wheel.stat().st_size < 2_000_000


def _packaged(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _depth(path: Path) -> int:
    """Return how many folders are above a file in `server` or `backends`."""
    return len(path.relative_to(ROOT).parts) - 2


def test_the_source_distribution_has_what_a_clone_has(built: Path) -> None:
    [archive] = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    assert {*filter(None, tracked)} <= names
    assert not {name for name in names if name.startswith((".venv", "media/", "dist/")) or "__pycache__" in name}


@pytest.mark.parametrize("version", PYTHONS)
async def test_it_serves_from_any_folder(uv: Callable[..., str], wheel: Path, version: str, tmp_path: Path) -> None:
    python = _python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    uv("venv", "--quiet", "--python", python, tmp_path / "venv", cwd=tmp_path)
    scripts = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    uv("pip", "install", "--quiet", "--python", scripts / "python", wheel, cwd=tmp_path)
    here = tmp_path / "here"
    for name in SHADOWS:  # modules named like ours and our dependencies
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text('raise SystemExit("imported from the working directory")\n', encoding="utf-8")
    env = {"PATH": os.environ["PATH"], "MEDIASMITH_DATA_DIR": str(tmp_path / "data")}
    server = StdioServerParameters(command=str(scripts / "mediasmith"), args=[], env=env, cwd=here)
    async with Client(server) as client:
        tools = await client.list_tools()
        result = await client.call_tool("generate_media", {"prompt": "a small red boat"})
        [view] = (await client.read_resource("ui://mediasmith/view.html")).contents
    assert isinstance(view, TextResourceContents)
    assert view.text.startswith("<!doctype html>")
    assert [tool.name for tool in tools.tools] == ["generate_media", "continue_edit", "list_backends", "get_job"]
    assert not result.is_error, result.content
    assert list((here / "media").glob("*.png"))


def test_what_clients_start_is_the_wheel(uv: Callable[..., str], built: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(ROOT / "plugins" / "claude-desktop", bundle)
    offered = ("--find-links", built, "--refresh-package", "mediasmith")
    version = f"mediasmith {metadata.version('mediasmith')}\n"
    assert uv("tool", "run", *offered, "mediasmith", "--version", cwd=tmp_path) == version
    assert uv("run", *offered, "--directory", bundle, "mediasmith", "--version", cwd=tmp_path) == version
    assert uv("run", *offered, "--directory", bundle, "server/main.py", "--version", cwd=tmp_path) == version


def _python(version: str) -> Path | None:
    """Return an interpreter of this version: this one, or one on PATH or among those of pyenv."""
    found = [shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    for python in [sys.executable, *filter(None, found)]:
        command = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return Path(python)
    return None
