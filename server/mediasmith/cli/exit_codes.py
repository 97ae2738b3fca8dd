"""The exit codes of commands."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit code says."""

    DONE = 0
    FAILED = 1
    """Nothing was made, or something that was checked needs fixing."""
    USAGE = 2
    """The command was not understood; nothing was done."""
    LEFT = 3
    """The job goes on, to be collected by its id."""
    INTERRUPTED = 130
    """Ctrl-C, and nothing is left to collect; shells report the same for a program that SIGINT ended."""
