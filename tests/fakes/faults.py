"""What a faulty backend may raise or answer, by name."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

import anyio

from fakes.backends import png
from mediasmith.plugin.contract import Accepted, Output, Pending, Result
from mediasmith.plugin.errors import ProviderError


def raising(error: BaseException) -> Callable[..., Any]:
    """Return a function that waits a moment and raises this error."""

    async def fail(*_given: object) -> Any:
        await anyio.lowlevel.checkpoint()
        raise error

    return fail


EXCEPTIONS: Mapping[str, Callable[[], Any]] = {
    "KeyError": lambda: KeyError("images"),
    "TypeError": lambda: TypeError("None"),
    "RecursionError": RecursionError,
    "UnicodeDecodeError": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),
    "StopAsyncIteration": StopAsyncIteration,
    "AssertionError": AssertionError,
    "ExceptionGroup": lambda: ExceptionGroup("several", [KeyError("x"), ProviderError("y")]),
    "its own cancellation": lambda: raising(asyncio.CancelledError()),
    "SystemExit": lambda: raising(SystemExit(1)),
    "BaseExceptionGroup": lambda: raising(BaseExceptionGroup("several", [SystemExit(1)])),
    "MediaError with a strange message": lambda: ProviderError({"error": "x"}),  # pyright: ignore[reportArgumentType] - as backends may
}

ANSWERS: Mapping[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "a text": lambda: "done",
    "bytes": png,
    "no outputs": lambda: Result(outputs=()),
    "outputs that are None": lambda: Result(outputs=None),  # pyright: ignore[reportArgumentType] - as backends may
    "outputs of nothing": lambda: Result(outputs=(None,)),  # pyright: ignore[reportArgumentType]
    "a body of text": lambda: Result(outputs=(Output(body="png", mime="image/png"),)),  # pyright: ignore[reportArgumentType]
    "a handle that is no JSON": lambda: Accepted(handle={"x": object()}),  # pyright: ignore[reportArgumentType]
    "a handle that is not a model": lambda: Accepted(handle=math.nan),  # pyright: ignore[reportArgumentType]
}

FAULTS: Mapping[str, Callable[[], Any]] = {**EXCEPTIONS, **ANSWERS, "a pending": Pending}
"""All that `start` may do wrong."""
