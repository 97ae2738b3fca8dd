"""The wheel in an empty environment, started from a folder whose own modules bear our names and our libraries'."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

ROOT = Path(__file__).parents[1]
HOSTILE = 'raise SystemExit("this is not the module you are looking for")\n'


def uv(*arguments: str) -> None:
    """Run uv, which the test command brings and which tells its children where it is."""
    program = os.environ.get("UV") or shutil.which("uv")
    assert program, "uv is not here: python3 -m pip install uv"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the console script of a fresh environment that has the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--quiet", "--out-dir", str(folder))
    [wheel] = folder.glob("*.whl")
    uv("venv", "--quiet", "--python", sys.executable, str(folder / "venv"))
    scripts = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    uv("pip", "install", "--quiet", "--python", str(scripts / "python"), str(wheel))
    return scripts


@pytest.mark.timeout(180)
async def test_the_console_script_serves_from_a_hostile_folder(installed: Path, tmp_path: Path) -> None:
    for name in ("openai.py", "server/__init__.py", "mediasmith/__init__.py", "backends/__init__.py", "conftest.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(HOSTILE, encoding="utf-8")
    env = {"PATH": os.environ["PATH"], "MEDIASMITH_DATA_DIR": str(tmp_path / "data")}
    server = StdioServerParameters(command=str(installed / "mediasmith"), args=[], env=env, cwd=tmp_path)
    async with Client(server) as client:
        tools = await client.list_tools()
        made = await client.call_tool("generate_media", {"prompt": "a small red boat"})
    assert [tool.name for tool in tools.tools] == ["generate_media", "continue_edit", "list_backends", "get_job"]
    assert not made.is_error, made.content
    assert list((tmp_path / "media").glob("*.png"))
