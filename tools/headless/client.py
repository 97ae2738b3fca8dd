"""An MCP client as a program: where it comes from, how it is configured, and how it is run."""

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

from headless.model_api import ModelApi, ModelRequest, Script
from headless.stub_model import StubModel

SERVER = Path(sys.executable).with_name("mediasmith")
"""The server's console script, beside the interpreter. Clients are given its absolute path."""

PROMPT = "Make a picture of a red kite, then show it at night."
"""What the user says. The stub model follows its script and does not read it."""

_TIMEOUT = 60  # seconds of one run
_OUTPUT = "output.txt"


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """Where a client runs: an empty home, an empty project folder, the URL of the stub model, and the server."""

    home: Path
    project: Path
    model_url: str
    server: Path


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client from npm.

    `script` is the path of its program in the package, `prefix` what it puts before the names of our tools.
    `configure` writes its settings and returns its command-line arguments and environment variables.
    """

    package: str
    version: str
    script: str
    api: ModelApi
    prefix: str
    configure: Callable[[Sandbox], tuple[Sequence[str], Mapping[str, str]]]


@dataclass(frozen=True, kw_only=True)
class Run:
    """The outcome of a run.

    `request` is what the model saw last, `bodies` all that it was sent, `refused` the other hosts and paths that the
    client asked for, `output` what it printed. `exit_code` is None if it was killed after the timeout.
    """

    project: Path
    request: ModelRequest
    refused: Sequence[str]
    exit_code: int | None
    output: str
    bodies: Sequence[str] = ()


@contextmanager
def run_client(client: Client, package: Path, node: Path, script: Script, *, view: bool = True) -> Generator[Run]:
    """Run a client once, for at most a minute. The project folder exists until the end of the block.

    Without `view`, the server does not offer it.
    """
    model = StubModel(client.api, client.prefix, script)
    with tempfile.TemporaryDirectory(prefix="mediasmith-", ignore_cleanup_errors=True) as folder:
        home, project = Path(folder, "home"), Path(folder, "project").resolve()
        (home / "tmp").mkdir(parents=True)
        project.mkdir()
        with model.serve() as url:
            server = SERVER if view else _without_view(home)
            sandbox = Sandbox(home=home, project=project, model_url=url, server=server)
            arguments, variables = client.configure(sandbox)
            command = [str(node), str(package / client.script), *arguments]
            exit_code = _run(command, sandbox, {**_environment(sandbox, node), **variables})
        output = (home / _OUTPUT).read_text(encoding="utf-8", errors="replace")
        yield Run(
            project=project,
            request=model.request,
            refused=model.refused,
            exit_code=exit_code,
            output=output,
            bodies=model.bodies,
        )


def _without_view(home: Path) -> Path:
    """Return a command that starts the server with this setting: some clients pass no variables on."""
    command = home / "without-view"
    command.write_text(f'#!/bin/sh\nMEDIASMITH_VIEW=0 exec "{SERVER}"\n', encoding="utf-8")
    command.chmod(0o755)
    return command


def _environment(sandbox: Sandbox, node: Path) -> Mapping[str, str]:
    """Return variables without the user's keys and home, and with the stub model as the proxy."""
    return {
        "PATH": os.pathsep.join([str(node.parent), "/usr/bin", "/bin"]),
        "HOME": str(sandbox.home),
        "TMPDIR": str(sandbox.home / "tmp"),
        "LANG": "C.UTF-8",
        "HTTP_PROXY": sandbox.model_url,
        "HTTPS_PROXY": sandbox.model_url,
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _run(command: Sequence[str], sandbox: Sandbox, env: Mapping[str, str]) -> int | None:
    """Return the exit code, or None if the command and its children were killed after the timeout."""
    with (
        (sandbox.home / _OUTPUT).open("wb") as output,
        subprocess.Popen(
            command,
            cwd=sandbox.project,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            return process.wait(_TIMEOUT)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
