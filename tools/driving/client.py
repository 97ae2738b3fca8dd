"""A client as a program: where it comes from, how it is set up, and one headless run of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from driving.model import StubModel
from driving.shown import Protocol, Script, Shown

SERVER = Path(sys.executable).with_name("mediasmith")
"""The console script beside the interpreter, by the path that a client has to be given."""

PROMPT = "Make a picture of a red kite, then show it at night."
"""What the user says. The model follows its script, whatever this is."""

_SECONDS = 60
_OUTPUT = "output.txt"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a client runs: a home of its own, a project folder, and the only model there is."""

    home: Path
    project: Path
    model: str


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client from npm. `program` is its script in the package, and `prefix` what it puts before our tools' names.

    `arrange` writes its settings and answers with its arguments and variables.
    """

    package: str
    version: str
    program: str
    protocol: Protocol
    prefix: str
    arrange: Callable[[Place], tuple[Sequence[str], Mapping[str, str]]]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of a run. `strangers` are the other hosts and paths it asked for, `output` what it printed."""

    project: Path
    shown: Shown
    strangers: Sequence[str]
    code: int | None
    output: str


@contextmanager
def driven(client: Client, package: Path, node: Path, script: Script) -> Generator[Run]:
    """Run a client once, for a minute at most. The files it made are there until the end of the block."""
    model = StubModel(client.protocol, client.prefix, script)
    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        home, project = Path(folder, "home"), Path(folder, "project").resolve()
        (home / "tmp").mkdir(parents=True)
        project.mkdir()
        with model.serving() as url:
            place = Place(home=home, project=project, model=url)
            arguments, variables = client.arrange(place)
            command = [str(node), str(package / client.program), *arguments]
            code = _run(command, place, {**_environment(place, node), **variables})
        output = (home / _OUTPUT).read_text(encoding="utf-8", errors="replace")
        yield Run(project=project, shown=model.shown, strangers=model.strangers, code=code, output=output)


def _environment(place: Place, node: Path) -> Mapping[str, str]:
    """Nothing of the caller's own: no key, no home. The model is the proxy too, and lets nothing through."""
    return {
        "PATH": os.pathsep.join([str(node.parent), "/usr/bin", "/bin"]),
        "HOME": str(place.home),
        "TMPDIR": str(place.home / "tmp"),
        "LANG": "C.UTF-8",
        "HTTP_PROXY": place.model,
        "HTTPS_PROXY": place.model,
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _run(command: Sequence[str], place: Place, env: Mapping[str, str]) -> int | None:
    """The exit code, or None when it had to be ended, with all that it started."""
    with (
        (place.home / _OUTPUT).open("wb") as output,
        subprocess.Popen(
            command,
            cwd=place.project,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            return process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
