"""Open results with the system's viewer."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress

import click

from mediasmith.cli.terminal import say

_MOST = 10
"""Windows that are opened at once, at most."""


def open_files(paths: Sequence[str]) -> None:
    """Open files, each in the viewer for its type. A failure is only reported: the files are there."""
    if not _has_screen():
        say("Not opened: there is no screen here.")
        return
    if len(paths) > _MOST:
        say(f"Opening the first {_MOST} of {len(paths)}.")
    with _detached():
        codes = [click.launch(path) for path in paths[:_MOST]]
    if any(codes):
        say("Not opened: no viewer could be started.")


def _has_screen() -> bool:
    """Return whether there is a screen; without one, other systems would show the file as text in the terminal."""
    return sys.platform in {"win32", "darwin"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


@contextmanager
def _detached() -> Generator[None]:
    """Keep a viewer, which lives on, from holding, reading or writing this command's standard streams."""
    with ExitStack() as stack:
        nowhere = os.open(os.devnull, os.O_RDWR)
        stack.callback(os.close, nowhere)
        for number in range(3):
            with suppress(OSError):  # it was not given any
                kept = os.dup(number)
                stack.callback(os.close, kept)
                stack.callback(os.dup2, kept, number)
                os.dup2(nowhere, number)
        yield
