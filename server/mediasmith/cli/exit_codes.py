"""What the exit code of a command says."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0
    FAILED = 1
    """Nothing was made, or what was looked at is not in order."""
    USAGE = 2
    """The command was not understood; nothing was done."""
    LEFT = 3
    """The job goes on, to be collected by its id."""
    INTERRUPTED = 130
    """Ctrl-C, and nothing was left to be collected; what shells say of a program that SIGINT ended."""
