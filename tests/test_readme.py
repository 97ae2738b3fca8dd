"""What the README shows is run."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mediasmith
from mediasmith.config.settings import Settings, variable

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE, MAPPINGS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("_KEY", "_TOKEN"))}
    return {**kept, "MEDIASMITH_DATA_DIR": str(tmp_path / "data"), "MEDIASMITH_OUTPUT_DIR": str(tmp_path / "out")}


def test_the_library_example_prints_two_files_that_exist(tmp_path: Path, env: dict[str, str]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", EXAMPLE], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    paths = [Path(line) for line in run.stdout.splitlines()]
    assert len(set(paths)) == 2
    assert all(path.is_file() and path.parent == tmp_path / "out" for path in paths)


def test_each_vendors_list_has_every_tool(tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MEDIASMITH_DATA_DIR", "MEDIASMITH_OUTPUT_DIR"):
        monkeypatch.setenv(name, env[name])

    async def tools() -> Any:
        async with mediasmith.open() as media:
            return media.tools()

    names: dict[str, Any] = {"tools": asyncio.run(tools())}
    exec(MAPPINGS, names)
    for vendor in ("openai", "anthropic", "google"):
        listed = [tool["name"] for tool in names[vendor]]
        assert listed == ["generate_media", "continue_edit", "list_backends", "get_job"]


def test_every_setting_that_is_shown_exists() -> None:
    known = {variable(field) for field in Settings.model_fields}
    assert set(re.findall(r"MEDIASMITH_\w+", README)) <= known
