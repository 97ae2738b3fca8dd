"""Open an installation for work: its engine is built at the first call, so that a server starts without it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from mediasmith.config.declarations import Declarations, declare
from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.plugin.errors import MediaError
from mediasmith.runtime.clock import Clock, SystemClock

if TYPE_CHECKING:
    from mediasmith.engine.use_cases import Engine
    from mediasmith.plugin.contract import Backend


_IMPORTED_LATE = ("sqlite3", "filelock", "pybase64", "PIL.PngImagePlugin", "PIL.JpegImagePlugin")
"""What the engine imports during the first call. None of it is needed by a server that is never called."""

_PAUSE = 0.05
"""Seconds in which the answer that a client waits for can leave before imports take the processor."""


@dataclass(eq=False, kw_only=True)
class LazyEngine:
    """The engine of an installation, both loaded once, at the first `get`.

    `shown` is what clients are shown before that; by default, it is the installation's own. `draining`: it is about to
    end, and no more calls should come.
    """

    load: Callable[[], Installation]
    shown: Declarations | None
    clock: Clock
    clients: TaskGroup
    work: TaskGroup
    confined: bool
    works: bool
    draining: bool = field(default=False, init=False)
    _refuses: bool = field(default=False, init=False)
    _engine: Engine | None = field(default=None, init=False)
    _building: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _called: bool = field(default=False, init=False)
    _calls: int = field(default=0, init=False)
    _idle: anyio.Event = field(default_factory=anyio.Event, init=False)

    @cached_property
    def installation(self) -> Installation:
        """The installation. Loading it takes a moment, if the engine was not built."""
        return self.load()

    @property
    def declarations(self) -> Declarations:
        """What is shown to clients."""
        return self.shown or declare(self.installation)

    def preload(self) -> None:
        """Load what the first call will need, while the client thinks. A call that comes stops it at the next part."""
        if self._engine is None:
            self.work.start_soon(self._load_ahead)

    async def get(self) -> Engine:
        """Return the engine."""
        self._called = True
        return await self._build()

    @asynccontextmanager
    async def call(self) -> AsyncGenerator[Engine]:
        """Yield the engine for a caller's tool call, which `drain` waits for.

        Raises:
            MediaError: the process is about to end; another one, or the next, can take the call.
        """
        if self._refuses:
            raise MediaError("This server is shutting down.", "Call again.", billed="no")
        self._calls += 1
        try:
            yield await self.get()
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()

    async def reason_not_ready(self) -> str:
        """Return why calls cannot be answered at the moment, in a few words that anyone may read, or ""."""
        if self.draining:
            return "it is shutting down"
        try:
            return await (await self._build()).readiness.reason_not_ready()
        except MediaError:
            return "its settings or its database cannot be used: `mediasmith doctor` says why"

    async def join_fleet(self) -> None:
        """Work with the other replicas from now on, and not only from the first call.

        Raises:
            MediaError: the settings or the database cannot be used.
        """
        await (await self._build()).jobs.owners.own()

    async def drain(self, seconds: float) -> None:
        """Take no more calls, and wait at most so long until those that came are answered and nothing is being sent."""
        self.draining = self._refuses = True
        with anyio.move_on_after(seconds):
            if self._engine is not None:
                await self._engine.drain()
            while self._calls:
                self._idle = anyio.Event()
                await self._idle.wait()

    async def _load_ahead(self) -> None:
        await anyio.sleep(_PAUSE)
        for load in self._parts():
            if self._called:
                return
            with suppress(MediaError):  # the call that needs a client says why it cannot be opened
                await load()

    def _parts(self) -> Iterator[Callable[[], Awaitable[object]]]:
        yield self._build
        for module in _IMPORTED_LATE:
            yield partial(_import, module)
        for backend in self.installation.registry.backends.values():
            if backend.sdk and backend.name not in self.installation.missing:
                yield partial(self._open_client, backend)

    async def _open_client(self, backend: Backend[Any]) -> None:
        await (await self._build()).clients.client(backend)

    async def _build(self) -> Engine:
        async with self._building:
            if self._engine is None:
                await to_thread.run_sync(lambda: self.installation)
                await _import("mediasmith.engine.assembly")
                from mediasmith.engine.assembly import build_engine  # noqa: PLC0415 - heavy: all that work needs

                self._engine = build_engine(
                    self.installation,
                    self.clock,
                    clients=self.clients,
                    work=self.work,
                    confined=self.confined,
                    works=self.works,
                )
        return self._engine

    def stop_work(self) -> None:
        """Stop all work at once, but for what is being recorded."""
        if self._engine is not None:
            self._engine.stop_waiting()
        self.work.cancel_scope.cancel()

    async def stop(self) -> None:
        """Stop all work, and record its state."""
        self.stop_work()
        if self._engine is not None:
            await self._engine.release()

    async def close(self) -> None:
        """Close the clients and the library."""
        if self._engine is not None:
            await self._engine.close()


async def _import(module: str) -> None:
    await to_thread.run_sync(import_module, module)


@asynccontextmanager
async def lazy_engine(
    load: Callable[[], Installation],
    *,
    shown: Declarations | None = None,
    clock: Clock | None = None,
    confined: bool = True,
    works: bool = True,
) -> AsyncGenerator[LazyEngine]:
    """Open the installation that `load` returns for work. What is not finished at the end, another process collects.

    `shown` is what clients are shown before their first call, if that is known without loading the installation.
    `confined`: paths must lead into the allowed folders, as for all but a person's own command line. `works`: this
    process does jobs, and does not only record them for others.
    """
    failure: BaseException | None = None
    clients, work = anyio.create_task_group(), anyio.create_task_group()
    engine = LazyEngine(
        load=load,
        shown=shown,
        clock=clock or SystemClock(),
        clients=clients,
        work=work,
        confined=confined,
        works=works,
    )
    async with clients:
        try:
            async with work:
                try:
                    yield engine
                except BaseException as error:  # noqa: BLE001 - raised again below: a task group would wrap it
                    failure = error
                engine.stop_work()
        finally:  # also when the program is cancelled: clients do not close by themselves
            with anyio.CancelScope(shield=True):
                try:
                    await engine.stop()
                finally:
                    await engine.close()
    if failure is not None:
        raise failure


@asynccontextmanager
async def open_engine(
    *,
    settings: Settings | None = None,
    keys: Mapping[str, str | None] | None = None,
    env: Mapping[str, str] | None = None,
    backends: Registry | None = None,
    clock: Clock | None = None,
) -> AsyncGenerator[Engine]:
    """Open an engine for a program, closed at the end. What is not given comes from the process's environment.

    Raises:
        InvalidRequest: no backend has a key of such a name.
    """
    installation = Installation.load(settings=settings, keys=keys or {}, env=env, backends=backends)
    async with lazy_engine(lambda: installation, clock=clock) as engine:
        yield await engine.get()
