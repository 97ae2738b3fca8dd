"""Who calls a tool, and how long they wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

LOCAL = "local"
"""The principal of whoever calls without having said who they are: the user of this machine."""

Notify = Callable[[float, str, float | None], Awaitable[None]]
"""Told the seconds waited so far, how the job stands, and how much is done: 0 to 1, or None where nobody tells."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls and how long they will wait.

    Jobs, files and ids belong to the principal. `wait` is how many seconds to wait where the arguments do not say;
    `notify` is told every few seconds how the job stands.
    """

    principal: str = LOCAL
    wait: float = 0
    notify: Notify | None = None
