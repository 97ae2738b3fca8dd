"""A backend that writes where only the protocol may stand, and one that keeps a worker thread busy."""

from __future__ import annotations

import os
import sys
from base64 import b64decode
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from threading import Event
from typing import Any

from anyio import to_thread

from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Accepted, Backend, Call, Capability, Model, Output, Params, Result

NOISE = "noise from a backend"
"""What `noisy` writes, as text and as bytes, when it is loaded and whenever it makes something."""

BUSY = "busy from now on"
"""What `busy` writes to standard error when its thread is stuck."""


_DOT = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC")


def _noise() -> None:
    print(NOISE, flush=True)
    os.write(1, f"{NOISE}\n".encode())


async def _make_noise(_call: Call[None, Params]) -> Result:
    _noise()
    await to_thread.run_sync(_noise)
    return Result(outputs=(Output(body=_DOT, mime="image/png"),))


def _stick() -> None:
    print(BUSY, file=sys.stderr, flush=True)
    Event().wait(30)


async def _be_busy(_call: Call[None, Params]) -> Result:
    await to_thread.run_sync(_stick)
    raise AssertionError("the server waited for the thread")


@asynccontextmanager
async def _nobody(_access: Access) -> AsyncGenerator[None]:
    yield None


def _backend(name: str, start: Callable[[Call[None, Any]], Awaitable[Result | Accepted]]) -> Backend[None]:
    capability = Capability(kind="image", name="image", params=Params, models=(Model(id="one"),), start=start)
    return Backend(name=name, title=name, docs="https://stub.invalid", capabilities=(capability,), connect=_nobody)


_noise()
noisy = _backend("noisy", _make_noise)
busy = _backend("busy", _be_busy)
