"""Who calls a tool, and how long they wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Notify = Callable[[float, str], Awaitable[None]]
"""Told the seconds waited so far, and how the job stands."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls and how long they will wait.

    Jobs, files and ids belong to the principal. `wait` is how many seconds to wait where the arguments do not say;
    `notify` is told every few seconds how the job stands.
    """

    principal: str = "local"
    wait: float = 0
    notify: Notify | None = None
