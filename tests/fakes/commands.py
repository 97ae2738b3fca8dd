"""The command line as someone types it: in this process, over backends of the test's own."""

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


class Ran:
    """What a command came to: its exit code, and the lines that it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out.splitlines()
        self.err = err.splitlines()
        self.said = err

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON value on standard output."""
        [text] = self.out
        return json.loads(text)


class CommandLine:
    """Runs commands. Files and records are in `folder`; one backend is installed, which makes pictures at once."""

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
        """Have these backends installed, and no others."""
        registry = Registry(backends={backend.name: backend for backend in backends}, broken=broken)

        def load(*, only: Collection[str] = ()) -> Registry:
            return registry

        self._monkeypatch.setattr("mediasmith.config.registry.load", load)

    def at_terminal(self, *, columns: int = 100) -> None:
        """Let both outputs be terminals."""
        self._monkeypatch.setenv("COLUMNS", str(columns))
        for stream in (sys.stdout, sys.stderr):
            self._monkeypatch.setattr(stream, "isatty", lambda: True)

    def __call__(self, *words: str) -> Ran:
        """Run a command."""
        code = cli.main(words)
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)

    def written(self) -> list[str]:
        """The lines on standard output since the last look."""
        return self._capsys.readouterr().out.splitlines()


def collectable(
    *, done: Callable[[], bool], cancelled: list[JSON] | None = None, every: float = 0.01, stoppable: bool = True
) -> Backend[None]:
    """A backend whose provider names the work, and has it done when `done` says so."""

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
