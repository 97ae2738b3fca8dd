"""Describe who calls a tool, and how long they wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

LOCAL = "local"
"""The principal of calls without a token: the user of this machine."""

HOLDER = "http"
"""The principal of every request with the token from the settings."""

Notify = Callable[[float, str, float | None], Awaitable[None]]
"""Receives the seconds waited so far, a message, and the progress from 0 to 1, or None if it is unknown."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls, and how long they wait.

    Jobs and files belong to the principal. `wait` is the default for `wait_seconds`; `notify` is called every few
    seconds while the call waits.
    """

    principal: str = LOCAL
    wait: float = 0
    notify: Notify | None = None
