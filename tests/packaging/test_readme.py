"""What the README and the page about the library show works as shown."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

import mediasmith

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LIBRARY = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
EXAMPLE, SNIPPET = re.findall(r"```python\n(.*?)```", LIBRARY, re.DOTALL)
INSTALL = "python3 -m pip install -q uv && python3 -m uv "
GENERATE, TEST = re.findall(rf"^ +{INSTALL}(.*)$", README, re.MULTILINE)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("_KEY", "_TOKEN"))}
    return {**kept, "MEDIASMITH_DATA_DIR": str(tmp_path / "data"), "MEDIASMITH_OUTPUT_DIR": str(tmp_path / "out")}


@pytest.mark.wheel
def test_the_first_command_installs_only_what_running_needs(
    uv: Callable[..., str], tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MEDIASMITH_DATA_DIR", "MEDIASMITH_OUTPUT_DIR"):
        monkeypatch.setenv(name, env[name])
    clone = tmp_path / "clone"
    for name in ("server", "backends"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    printed = uv(*shlex.split(GENERATE), cwd=clone)
    assert Path(printed.strip()).is_file()
    files = [path for path in (clone / ".venv").rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < 300e6
    assert not [path for path in files if path.stem in {"pytest", "ruff", "basedpyright"}]


def test_ci_runs_the_second_command() -> None:
    assert f"python3 -m uv {TEST}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_library_example_prints_two_files_that_exist(tmp_path: Path, env: dict[str, str]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", EXAMPLE], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    paths = [Path(line) for line in run.stdout.splitlines()]
    assert len(set(paths)) == 2
    assert all(path.is_file() and path.parent == tmp_path / "out" for path in paths)


def test_the_tools_are_described_and_answered_in_each_vendors_form(
    tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MEDIASMITH_DATA_DIR", "MEDIASMITH_OUTPUT_DIR"):
        monkeypatch.setenv(name, env[name])

    names: dict[str, Any] = {}
    exec(f"async def run(media, name, arguments, call_id):\n{indent(SNIPPET, '    ')}\n    return locals()", names)

    async def run(name: str, arguments: str) -> Any:
        async with mediasmith.open() as media:
            return await names["run"](media, name, arguments, "call-1")

    shown = asyncio.run(run("list_backends", '{"backend": "sketch"}'))
    for vendor in ("openai", "anthropic", "google"):
        listed = [tool["name"] for tool in shown[vendor]]
        assert listed == ["generate_media", "continue_edit", "list_backends", "get_job"]
    assert '"backend":"sketch"' in shown["for_openai"]["output"]
    assert shown["for_google"]["response"] == {"output": shown["for_anthropic"]["content"]}
    failed = asyncio.run(run("generate_media", '{"prompt": "a barn", "colour": "red"}'))
    assert failed["for_anthropic"]["is_error"]
    assert "There is no argument 'colour'" in failed["for_google"]["response"]["error"]
