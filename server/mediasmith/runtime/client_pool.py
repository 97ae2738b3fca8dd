"""The pool of SDK clients: one per backend and process, opened on first use."""

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

from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import Backend
from mediasmith.plugin.errors import MediaError, ProviderError
from mediasmith.runtime.timeouts import contain_exit

C = TypeVar("C")

_log = logging.getLogger(__name__)
_CLOSE_SECONDS = 3.0


def _shielded() -> anyio.CancelScope:
    return anyio.CancelScope(shield=True)


def _closing() -> MediaError:
    return MediaError("The server is shutting down.", "Call again after it has restarted.", billed="no")


@dataclass(kw_only=True, eq=False)
class _PooledClient:
    """A client and its life cycle: `ready` once it is open or failed with `error`, asked to close, closed.

    The scope is shielded, so that a client can close in an orderly way while everything around it is cancelled.
    """

    scope: anyio.CancelScope = field(default_factory=_shielded)
    ready: anyio.Event = field(default_factory=anyio.Event)
    closing: anyio.Event = field(default_factory=anyio.Event)
    closed: anyio.Event = field(default_factory=anyio.Event)
    client: object = None
    error: MediaError | None = field(default_factory=_closing)


class ClientPool:
    """Opens a backend's client on first use and keeps it until `close`.

    SDK clients belong to their event loop, and a context that one task entered must be left by the same task; so each
    client has a task of its own in `task_group`. `access` returns how to sign in to a backend, or raises `MissingKey`.
    Call `close` before the task group ends: it waits for the clients, whatever else is cancelled.
    """

    def __init__(self, task_group: TaskGroup, access: Callable[[Backend[Any]], Access]) -> None:
        self._task_group = task_group
        self._access = access
        self._clients: dict[str, _PooledClient] = {}
        self._closing = False

    async def client(self, backend: Backend[C]) -> C:
        """Return the open client of `backend`; concurrent calls share one opening.

        Cancelling a call does not cancel the opening. A failed opening is not kept: the next call tries again.

        Raises:
            MissingKey: the backend is not signed in.
            MediaError: the SDK is not installed, the client failed to open, or the server is shutting down.
        """
        if self._closing:
            raise _closing()
        pooled = self._clients.get(backend.name) or self._start(backend)
        await pooled.ready.wait()
        if pooled.error:
            raise _copy(pooled.error)
        return cast("C", pooled.client)

    async def close(self) -> None:
        """Close all clients, each in its own task, within a few seconds. Errors are logged, not raised."""
        self._closing = True
        clients = list(self._clients.values())
        for pooled in clients:
            pooled.closing.set()
            if not pooled.ready.is_set():
                pooled.scope.cancel()
        with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
            for pooled in clients:
                await pooled.closed.wait()
        for pooled in clients:
            pooled.scope.cancel()

    def _start(self, backend: Backend[Any]) -> _PooledClient:
        pooled = self._clients[backend.name] = _PooledClient()
        self._task_group.start_soon(self._run, backend, pooled, name=f"client of {backend.name}")
        return pooled

    async def _run(self, backend: Backend[Any], pooled: _PooledClient) -> None:
        """Open and close a client in a task of its own. It raises nothing, which would end the whole group."""
        try:
            with pooled.scope:
                await contain_exit(partial(self._open_until_closing, backend, pooled))
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises ends here
            if pooled.ready.is_set():
                _log.warning("the client of %s failed with %s", backend.name, type(error).__name__)
            else:
                pooled.error = _to_media_error(backend, error)
        finally:
            del self._clients[backend.name]
            pooled.ready.set()
            pooled.closed.set()

    async def _open_until_closing(self, backend: Backend[Any], pooled: _PooledClient) -> None:
        access = self._access(backend)
        if backend.sdk:
            await anyio.to_thread.run_sync(importlib.import_module, backend.sdk, abandon_on_cancel=True)
        async with backend.connect(access) as pooled.client:
            pooled.error = None
            pooled.ready.set()
            await pooled.closing.wait()


def _to_media_error(backend: Backend[Any], error: Exception) -> MediaError:
    """Return the error that callers get. Opening a client is never billed."""
    found = error if isinstance(error, MediaError) else _translate(backend, error)
    found.billed = "no"
    found.__cause__ = None if found is error else error
    return found


def _translate(backend: Backend[Any], error: Exception) -> MediaError:
    if isinstance(error, ImportError):
        return _not_importable(backend, error)
    try:
        found = backend.explain(error)
    except Exception:  # noqa: BLE001 - a bug in explaining an error must not hide that error
        found = None
    return found or ProviderError(
        f"The client of {backend.title} could not be opened ({type(error).__name__}).",
        "Run `mediasmith doctor` to check its settings.",
    )


def _not_importable(backend: Backend[Any], error: ImportError) -> MediaError:
    package = re.sub(r"[._]", "-", backend.sdk) or backend.name
    module = f" (module {error.name})" if error.name else ""
    return MediaError(
        f"{backend.title} needs the Python package {package}, which cannot be imported{module}.",
        f"Install it where the server runs (pip install {package}), then restart the server.",
    )


def _copy(error: MediaError) -> MediaError:
    """Return an equal error: callers write their own job into theirs, so they must not share one."""
    copy = type(error).__new__(type(error), *error.args)
    vars(copy).update(vars(error))
    copy.__cause__ = error.__cause__
    return copy
