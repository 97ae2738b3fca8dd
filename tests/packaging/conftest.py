"""What the tests of packaging share."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def uv() -> Callable[..., str]:
    """Run uv with arguments in a folder and return its standard output."""
    program = os.environ.get("UV") or shutil.which("uv")  # `uv run` sets UV
    assert program, "install uv first: python3 -m pip install uv"
    # Else a `uv run` would use the environment of these tests.
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}

    def run(*arguments: str | Path, cwd: Path) -> str:
        done = subprocess.run([program, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
