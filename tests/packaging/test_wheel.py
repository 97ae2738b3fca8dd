"""The wheel in an empty environment, started from a folder with modules named like ours and our dependencies."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
SHADOWS = ("openai.py", "server/__init__.py", "mediasmith/__init__.py", "backends/__init__.py", "conftest.py")


@pytest.fixture(scope="module")
def scripts(uv: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a new environment that has the wheel and its dependencies alone."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--quiet", "--out-dir", folder, cwd=ROOT)
    [wheel] = folder.glob("*.whl")
    uv("venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    scripts = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    uv("pip", "install", "--quiet", "--python", scripts / "python", wheel, cwd=folder)
    return scripts


async def test_the_console_script_does_not_import_from_the_working_directory(scripts: Path, tmp_path: Path) -> None:
    for name in SHADOWS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('raise SystemExit("imported from the working directory")\n', encoding="utf-8")
    env = {"PATH": os.environ["PATH"], "MEDIASMITH_DATA_DIR": str(tmp_path / "data")}
    server = StdioServerParameters(command=str(scripts / "mediasmith"), args=[], env=env, cwd=tmp_path)
    async with Client(server) as client:
        tools = await client.list_tools()
        result = await client.call_tool("generate_media", {"prompt": "a small red boat"})
    assert [tool.name for tool in tools.tools] == ["generate_media", "continue_edit", "list_backends", "get_job"]
    assert not result.is_error, result.content
    assert list((tmp_path / "media").glob("*.png"))
