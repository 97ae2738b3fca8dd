"""A process that dies at a step of a job as kill -9 would have it: nothing is closed, written or said any more.

The test names the step, and the server's own methods are wrapped for it: there is nothing of this in the server.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from functools import wraps
from importlib import import_module
from typing import Any, NoReturn


def arm(step: str) -> None:
    """Die at a step such as `after mediasmith.storage.library.store:Library.save_task accepted`.

    The last word may be left out; else only a call counts that is about a task of this phase or a job of this state.
    """
    when, place, *stage = step.split(" ")
    module, path = place.split(":")
    owner, method = path.split(".")
    cls = getattr(import_module(module), owner)
    wrap = {"before": _before, "after": _after}[when]
    setattr(cls, method, wrap(getattr(cls, method), lambda records: _is_about(records, *stage)))


def _is_about(records: tuple[object, ...], stage: str = "") -> bool:
    return not stage or any(stage in {getattr(one, "phase", ""), getattr(one, "state", "")} for one in records)


def _before(work: Callable[..., Any], due: Callable[[tuple[object, ...]], bool]) -> Callable[..., Any]:
    @wraps(work)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        if due(arguments):
            _die()
        return work(*arguments, **named)

    return wrapped


def _after(work: Callable[..., Awaitable[Any]], due: Callable[[tuple[object, ...]], bool]) -> Callable[..., Any]:
    @wraps(work)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        result = await work(*arguments, **named)
        if due(arguments):
            _die()
        return result

    return wrapped


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a process cannot outlive this")
