"""The exit codes of commands."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of a command."""

    DONE = 0
    FAILED = 1
    """Nothing was made, or a check found problems."""
    USAGE = 2
    """Usage error; nothing was done."""
    LEFT = 3
    """The job is still running, to be collected by its id."""
    INTERRUPTED = 130
    """Ctrl-C, and there is nothing to collect. Shells report the same code for a program that SIGINT ended."""
