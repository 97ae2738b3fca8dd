"""Progress on standard error: a bar at a terminal, elsewhere a line every few seconds."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

from mediasmith.cli.terminal import is_terminal, line, say
from mediasmith.config.caller import Notify

_SECONDS = 4.0
"""Seconds between two lines, at least."""


@contextmanager
def progress() -> Generator[Notify]:
    """Show the progress of a job while this block lasts. The bar leaves nothing behind."""
    if not is_terminal(sys.stderr):
        yield Lines()
        return
    from rich.console import Console  # noqa: PLC0415 - heavy: only needed at a terminal
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415 - as above

    console = Console(stderr=True)
    # The points of the usual one are in no encoding but Unicode's.
    spinner = SpinnerColumn("line" if console.options.ascii_only else "dots")
    message = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
    with Progress(
        spinner,
        BarColumn(24, complete_style="green", pulse_style="green"),
        TimeElapsedColumn(),
        message,
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("working", total=None)

        async def show(_seconds: float, message: str, done: float | None) -> None:
            bar.update(task, description=line(message), total=None if done is None else 1.0, completed=done or 0.0)

        yield show


class Lines:
    """Prints progress, but not too often."""

    def __init__(self) -> None:
        self._last = 0.0

    async def __call__(self, seconds: float, message: str, _done: float | None) -> None:
        """Print a line, unless one was printed a moment ago."""
        if seconds - self._last >= _SECONDS:
            self._last = seconds
            say(f"{seconds:.0f} s: {message}")
