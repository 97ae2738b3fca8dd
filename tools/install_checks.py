"""Let real clients validate and install what tools/install_files.py wrote, and start the server from it.

    uv run python tools/install_checks.py [claude] [codex] [desktop] [gemini]

Each client has an empty home and no network. In place of uvx it finds a script that starts the server of this
repository and notes whether the key reached it which the user has exported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import npm
from headless.claude import CLAUDE
from headless.client import SERVER
from headless.codex import CODEX
from headless.gemini import GEMINI
from install.project import ROOT

_TIMEOUT = 120  # seconds of one command
_COPIED = (".agents", ".claude-plugin", "gemini-extension.json", "plugins", "skills")
_KEY = {"OPENAI_API_KEY": "sk-exported-by-the-user"}
_UVX = """\
#!/bin/sh
printf %s "$OPENAI_API_KEY" > {seen}
exec {server}
"""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """How a client installs the server.

    `script` is its program in the npm package. Every command has to succeed. The last one has to print `expected`; if
    it `starts` the server, that has to get the user's key.
    """

    package: str
    script: str
    commands: Sequence[Sequence[str]]
    expected: str
    starts: bool = True


INSTALLATIONS: Mapping[str, Installation] = {
    "claude": Installation(
        package=f"{CLAUDE.package}@{CLAUDE.version}",
        script=CLAUDE.script,
        commands=(
            ("plugin", "validate", "."),
            ("plugin", "validate", "--profile", "directory", "plugins/claude-code"),
            ("plugin", "marketplace", "add", "./"),
            ("plugin", "install", "mediasmith@mediasmith"),
            ("mcp", "list"),
        ),
        expected="plugin:mediasmith:media: uvx mediasmith - ✔ Connected",
    ),
    "codex": Installation(
        package=f"{CODEX.package}@{CODEX.version}",
        script=CODEX.script,
        commands=(
            ("plugin", "marketplace", "add", "./"),
            ("plugin", "add", "mediasmith@mediasmith"),
            ("mcp", "get", "media"),
        ),
        expected="tool_timeout_sec: 600",
        starts=False,  # no command of Codex does
    ),
    "desktop": Installation(
        package="@anthropic-ai/mcpb@2.1.2",
        script="dist/cli/cli.js",
        commands=(
            ("validate", "plugins/claude-desktop/manifest.json"),
            ("pack", "plugins/claude-desktop", "mediasmith.mcpb"),
        ),
        expected="total files: 4",
        starts=False,  # it only packs
    ),
    "gemini": Installation(
        package=f"{GEMINI.package}@{GEMINI.version}",
        script=GEMINI.script,
        commands=(
            ("extensions", "validate", "."),
            ("extensions", "install", ".", "--consent", "--skip-settings"),
            ("mcp", "list"),
        ),
        expected="media (from mediasmith): uvx mediasmith (stdio) - Connected",
    ),
}


class CheckFailed(Exception):
    """A client did not do what was expected. The message has what it printed."""


def main() -> int:
    """Check the clients that are named, or all. Return 1 if a check failed."""
    names = sys.argv[1:] or list(INSTALLATIONS)
    if not set(names) <= INSTALLATIONS.keys():
        sys.exit(__doc__)
    failed = False
    for name in names:
        try:
            print(f"{name}: {check(INSTALLATIONS[name])}", flush=True)
        except npm.Unavailable as reason:
            print(f"{name}: skipped. {reason}")
        except CheckFailed as reason:
            print(f"{name}: FAILED. {reason}")
            failed = True
    return 1 if failed else 0


def check(installation: Installation) -> str:
    """Install the server in a client and return what was found.

    Raises:
        CheckFailed: a command failed, or the server was not installed or did not get the key.
        Unavailable: npm cannot install the client.
    """
    program = [str(npm.NODE), str(npm.package(installation.package) / installation.script)]
    with _sandbox() as (project, seen, env):
        output = ""
        for command in installation.commands:
            output = _run([*program, *command], project, env)
        if installation.expected not in output:
            raise CheckFailed(f"There is no {installation.expected!r} in: {output}")
        key = seen.read_text("utf-8") if seen.exists() else None
        if installation.starts and key != _KEY["OPENAI_API_KEY"]:
            raise CheckFailed(f"The exported key arrived as {key!r}.")
    return f"ok, {installation.package}: {installation.expected}"


@contextmanager
def _sandbox() -> Generator[tuple[Path, Path, Mapping[str, str]]]:
    """Yield a copy of the files, where the key will be noted, and the variables of an empty home."""
    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        home, project, programs = (Path(folder, name) for name in ("home", "project", "bin"))
        for path in (home / ".codex", project, programs):
            path.mkdir(parents=True)
        for name in _COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, project / name)
        seen = Path(folder, "key")
        (programs / "uvx").write_text(_UVX.format(seen=seen, server=SERVER), "utf-8")
        (programs / "uvx").chmod(0o755)
        nowhere = "http://127.0.0.1:9"
        yield (
            project,
            seen,
            {
                "PATH": os.pathsep.join([str(programs), str(npm.NODE.parent), "/usr/bin", "/bin"]),
                "HOME": str(home),
                "CODEX_HOME": str(home / ".codex"),
                "LANG": "C.UTF-8",
                "HTTP_PROXY": nowhere,
                "HTTPS_PROXY": nowhere,
                "GEMINI_API_KEY": "none",
                "GEMINI_CLI_TRUST_WORKSPACE": "true",
                **_KEY,
            },
        )


def _run(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
    """Return what a command printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=_TIMEOUT,
    )
    if done.returncode:
        raise CheckFailed(f"{' '.join(command[2:])} ended with {done.returncode}: {done.stdout}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
