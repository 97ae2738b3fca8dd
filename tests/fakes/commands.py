"""Run commands in this process, over backends of the test's own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from fakes.backends import AnyJson, fake, png
from mediasmith import cli
from mediasmith.config.registry import Registry
from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Backend,
    Call,
    Cancellation,
    Context,
    Output,
    Pending,
    Result,
    Takes,
)

COMMAND = str(Path(sys.executable).with_name("mediasmith"))
"""The console script."""


class CommandResult:
    """A command's exit code, and the lines that it wrote to standard output and standard error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out.splitlines()
        self.err = err.splitlines()
        self.stderr = err

    @property
    def json(self) -> dict[str, Any]:
        """The single JSON value on standard output."""
        [text] = self.out
        return json.loads(text)


class CommandLine:
    """Runs commands, with files and records in `folder`. At first, one backend is installed, which makes images."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name in [name for name in os.environ if name.startswith(("MEDIASMITH_", "_MEDIASMITH_"))]:
            monkeypatch.delenv(name)
        for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("MEDIASMITH_DATA_DIR", str(folder / "data"))
        monkeypatch.setenv("MEDIASMITH_OUTPUT_DIR", str(folder / "out"))
        self.install(fake(takes={"image": Takes()}, edits="image"))

    def install(self, *backends: Backend[Any], **broken: str) -> None:
        """Install these backends, and no others."""
        registry = Registry(backends={backend.name: backend for backend in backends}, broken=broken)

        def load(*, only: Collection[str] = ()) -> Registry:
            return registry

        self._monkeypatch.setattr("mediasmith.config.registry.load", load)

    def at_terminal(self, *, columns: int = 100) -> None:
        """Make both outputs terminals."""
        self._monkeypatch.setenv("COLUMNS", str(columns))
        for stream in (sys.stdout, sys.stderr):
            self._monkeypatch.setattr(stream, "isatty", lambda: True)

    def __call__(self, *words: str) -> CommandResult:
        """Run a command."""
        code = cli.main(words)
        out, err = self._capsys.readouterr()
        return CommandResult(code, out, err)

    def written(self) -> list[str]:
        """Return the lines written to standard output since the last command."""
        return self._capsys.readouterr().out.splitlines()


def job_backend(
    *, done: Callable[[], bool], cancelled: list[JSON] | None = None, every: float = 0.01, stoppable: bool = True
) -> Backend[None]:
    """Return a backend that accepts work with a handle, and finishes it when `done` returns true."""

    async def start(_call: Call[None, Any]) -> Accepted:
        return Accepted(handle=AnyJson("h-1"))

    async def poll(_context: Context[None], _handle: AnyJson) -> Pending | Result:
        finished = Result(outputs=(Output(body=png(), mime="image/png"),))
        return finished if done() else Pending(progress=0.25, message="painting")

    async def cancel(_context: Context[None], handle: AnyJson) -> Cancellation:
        if cancelled is not None:
            cancelled.append(handle.root)
        return "stopped"

    if not stoppable:
        return fake(start=start, poll=poll, every=every)
    return fake(start=start, poll=poll, cancel=cancel, every=every)
