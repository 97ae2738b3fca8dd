"""Open results in the default viewer, and pages in the browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress

import click

from mediasmith.cli.terminal import say

_MAX_WINDOWS = 10
"""Files to open at once at most."""


def open_files(places: Sequence[str]) -> None:
    """Open files, by paths or links, in the default viewers. A failure is only reported: the files exist."""
    if not _has_display():
        say("Not opened: there is no display.")
        return
    if len(places) > _MAX_WINDOWS:
        say(f"Opening the first {_MAX_WINDOWS} of {len(places)} files.")
    with _detached():
        codes = [click.launch(place) for place in places[:_MAX_WINDOWS]]
    if any(codes):
        say("Not opened: no viewer could be started.")


def open_page(address: str) -> None:
    """Open a page in the browser, if there is one; its address has been printed, or will be."""
    if _has_display():
        with _detached():
            click.launch(address)


def _has_display() -> bool:
    """Return whether there is a display. Without one, some viewers would show the file in the terminal."""
    return sys.platform in {"win32", "darwin"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


@contextmanager
def _detached() -> Generator[None]:
    """Keep a viewer, which outlives this command, from using its standard streams."""
    with ExitStack() as stack:
        null = os.open(os.devnull, os.O_RDWR)
        stack.callback(os.close, null)
        for number in range(3):
            with suppress(OSError):  # this stream is closed
                saved = os.dup(number)
                stack.callback(os.close, saved)
                stack.callback(os.dup2, saved, number)
                os.dup2(null, number)
        yield
