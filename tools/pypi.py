"""Programs from PyPI, each in an environment of its own outside the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs

_BIN = "Scripts" if sys.platform == "win32" else "bin"
_COMPLETE = "complete"
_INSTALL_TIMEOUT = 400  # seconds


class Unavailable(Exception):
    """A package cannot be installed. The message says why."""


def environment(name: str, *requirements: str) -> Path:
    """Return the folder of an environment with these packages, created on first use.

    Raises:
        Unavailable: they cannot be installed.
    """
    folder = platformdirs.user_cache_path("mediasmith-tools", appauthor=False) / name
    if not (folder / _COMPLETE).exists():
        _install(folder, requirements)
    return folder


def program(folder: Path, name: str) -> str:
    """Return the path of a program of an environment."""
    return str(folder / _BIN / name)


def _install(folder: Path, requirements: tuple[str, ...]) -> None:
    uv = os.environ.get("UV") or shutil.which("uv")  # `uv run` sets UV
    if not uv:
        raise Unavailable("uv is not installed: python3 -m pip install uv")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    print(f"Installing {', '.join(requirements)} in {folder}", flush=True)
    # Its programs name its place, so that it cannot be moved there when it is complete.
    commands = (
        (uv, "venv", "-q", "--python", sys.executable, str(folder)),
        (uv, "pip", "install", "-q", "--python", str(folder), *requirements),
    )
    try:
        for command in commands:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=_INSTALL_TIMEOUT)
    except (OSError, subprocess.SubprocessError) as error:
        reason = str(getattr(error, "stderr", None) or error).strip()
        raise Unavailable(f"uv could not install {', '.join(requirements)}: {reason[:300]}") from error
    (folder / _COMPLETE).touch()
