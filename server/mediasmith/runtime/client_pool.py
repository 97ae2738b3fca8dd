"""SDK clients: one per backend and process, each opened and closed by its own task, on first use."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from mediasmith.plugin.contract import Access, Backend
from mediasmith.plugin.errors import MediaError, ProviderError
from mediasmith.runtime.timeouts import contain_exit

C = TypeVar("C")

_log = logging.getLogger(__name__)
_CLOSE_SECONDS = 3.0


def _shielded() -> anyio.CancelScope:
    return anyio.CancelScope(shield=True)


def _closing() -> MediaError:
    return MediaError("The server is closing.", "Call again when it has restarted.", billed="no")


@dataclass(kw_only=True, eq=False)
class _Life:
    """One client's way: settled (open, or not because of `error`), asked to close, closed.

    The scope is shielded, so that a client is closed in peace while everything around it is cancelled.
    """

    scope: anyio.CancelScope = field(default_factory=_shielded)
    settled: anyio.Event = field(default_factory=anyio.Event)
    closing: anyio.Event = field(default_factory=anyio.Event)
    closed: anyio.Event = field(default_factory=anyio.Event)
    client: object = None
    error: MediaError | None = field(default_factory=_closing)


class ClientPool:
    """Opens a backend's client on first use and keeps it until `close`.

    SDK clients belong to their event loop, and what they enter must be left by the same task: each has an owner task
    in `tasks`. `access` says how a backend signs in, or raises `MissingKey`. Call `close` before `tasks` ends: the
    owners wait for it, whatever else is cancelled.
    """

    def __init__(self, task_group: TaskGroup, access: Callable[[Backend[Any]], Access]) -> None:
        self._tasks = task_group
        self._access = access
        self._lives: dict[str, _Life] = {}
        self._ended = False

    async def client(self, backend: Backend[C]) -> C:
        """The open client of `backend`; calls that come while it opens share that opening.

        A cancelled call leaves the opening alone. A failed opening is forgotten: the next call tries again.

        Raises:
            MissingKey: the backend is not signed in.
            MediaError: the SDK is not installed, the client could not be opened, or the server is closing.
        """
        if self._ended:
            raise _closing()
        life = self._lives.get(backend.name) or self._begin(backend)
        await life.settled.wait()
        if life.error:
            raise _copy(life.error)
        return cast("C", life.client)

    async def close(self) -> None:
        """Close all clients, each in its owner task, within a few seconds; errors are logged, not raised."""
        self._ended = True
        lives = list(self._lives.values())
        for life in lives:
            life.closing.set()
            if not life.settled.is_set():
                life.scope.cancel()
        with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
            for life in lives:
                await life.closed.wait()
        for life in lives:
            life.scope.cancel()

    def _begin(self, backend: Backend[Any]) -> _Life:
        life = self._lives[backend.name] = _Life()
        self._tasks.start_soon(self._own, backend, life, name=f"client of {backend.name}")
        return life

    async def _own(self, backend: Backend[Any], life: _Life) -> None:
        """The owner task: nothing it meets may leave it, for that would end the whole group."""
        try:
            with life.scope:
                await contain_exit(partial(self._open_until_closing, backend, life))
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises ends here
            if life.settled.is_set():
                _log.warning("the client of %s ended with %s", backend.name, type(error).__name__)
            else:
                life.error = _explained(backend, error)
        finally:
            del self._lives[backend.name]
            life.settled.set()
            life.closed.set()

    async def _open_until_closing(self, backend: Backend[Any], life: _Life) -> None:
        access = self._access(backend)
        if backend.sdk:
            await anyio.to_thread.run_sync(importlib.import_module, backend.sdk, abandon_on_cancel=True)
        async with backend.connect(access) as life.client:
            life.error = None
            life.settled.set()
            await life.closing.wait()


def _explained(backend: Backend[Any], error: Exception) -> MediaError:
    """What the callers are told. Opening a client is never billed."""
    found = error if isinstance(error, MediaError) else _translated(backend, error)
    found.billed = "no"
    found.__cause__ = None if found is error else error
    return found


def _translated(backend: Backend[Any], error: Exception) -> MediaError:
    if isinstance(error, ImportError):
        return _not_importable(backend, error)
    try:
        found = backend.explain(error)
    except Exception:  # noqa: BLE001 - a plug-in's fault in telling an error must not hide that error
        found = None
    return found or ProviderError(f"The client of {backend.title} could not be opened ({type(error).__name__}).")


def _not_importable(backend: Backend[Any], error: ImportError) -> MediaError:
    package = re.sub(r"[._]", "-", backend.sdk) or backend.name
    module = f" (module {error.name})" if error.name else ""
    return MediaError(
        f"{backend.title} needs the Python package {package}, which cannot be imported{module}.",
        f"Install it where the server runs: pip install {package}, then restart the server.",
    )


def _copy(error: MediaError) -> MediaError:
    """An equal error: callers write their own job into theirs, so each gets one."""
    copy = type(error).__new__(type(error), *error.args)
    vars(copy).update(vars(error))
    copy.__cause__ = error.__cause__
    return copy
