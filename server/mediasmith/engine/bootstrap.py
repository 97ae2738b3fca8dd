"""Opening and closing: the engine is made at the first call, so that a server starts without what only work needs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from mediasmith.config.installation import Installation
from mediasmith.config.registry import Registry
from mediasmith.config.settings import Settings
from mediasmith.runtime.clock import Clock, SystemClock

if TYPE_CHECKING:
    from mediasmith.engine.use_cases import Engine


class LazyEngine:
    """An installation at work. `engine` makes the engine once."""

    def __init__(
        self, installation: Installation, clock: Clock, owners: TaskGroup, work: TaskGroup, *, confined: bool
    ) -> None:
        self.installation = installation
        self._clock = clock
        self._confined = confined
        self._owners = owners
        self._work = work
        self._engine: Engine | None = None
        self._making = anyio.Lock()

    async def engine(self) -> Engine:
        """The engine."""
        async with self._making:
            if self._engine is None:
                await to_thread.run_sync(import_module, "mediasmith.engine.use_cases")
                from mediasmith.engine.assembly import assemble  # noqa: PLC0415 - heavy: see the module's own words

                self._engine = assemble(
                    self.installation, self._clock, clients=self._owners, work=self._work, confined=self._confined
                )
        return self._engine

    async def leave(self) -> None:
        """Stop all work at once, and record where it stands."""
        self._work.cancel_scope.cancel()
        if self._engine is not None:
            await self._engine.release()

    async def close(self) -> None:
        """Let go of everything."""
        if self._engine is not None:
            await self._engine.close()


@asynccontextmanager
async def lazy_engine(
    installation: Installation, *, clock: Clock | None = None, confined: bool = True
) -> AsyncGenerator[LazyEngine]:
    """An opening that is closed at the end: jobs with a handle are left for the next process to collect.

    `confined`: paths must lead into the allowed folders. It is so for all but a person's own command line.
    """
    failure: BaseException | None = None
    owners, work = anyio.create_task_group(), anyio.create_task_group()
    opened = LazyEngine(installation, clock or SystemClock(), owners, work, confined=confined)
    async with owners:
        try:
            async with work:
                try:
                    yield opened
                except BaseException as error:  # noqa: BLE001 - raised again below: a task group would wrap it
                    failure = error
                work.cancel_scope.cancel()
        finally:  # also when the program is cancelled: the owners end only when they are told to
            with anyio.CancelScope(shield=True):
                await opened.leave()
                await opened.close()
    if failure is not None:
        raise failure


@asynccontextmanager
async def open_engine(
    *,
    settings: Settings | None = None,
    env: Mapping[str, str] | None = None,
    backends: Registry | None = None,
    clock: Clock | None = None,
) -> AsyncGenerator[Engine]:
    """An engine for a program, closed at the end. Without arguments it is what the process's environment says."""
    installation = Installation.load(settings=settings, env=env, backends=backends)
    async with lazy_engine(installation, clock=clock) as opened:
        yield await opened.engine()
