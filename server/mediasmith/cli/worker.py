"""Do the jobs of a fleet in a process that serves no clients."""

from __future__ import annotations

import anyio

from mediasmith.cli.terminal import say
from mediasmith.config.installation import Installation
from mediasmith.engine.bootstrap import lazy_engine
from mediasmith.mcp.shutdown import graceful_shutdown


async def work() -> None:
    """Do what replicas have queued and what dead ones have left, until SIGTERM or Ctrl-C.

    This does not return: the process ends.

    Raises:
        MediaError: the settings are not those of a fleet, or cannot be used.
    """
    installation = Installation.load()
    installation.check_fleet()
    stopped = anyio.Event()

    async def stop() -> None:
        stopped.set()

    async with lazy_engine(lambda: installation) as engine, graceful_shutdown(engine, stop=stop):
        await engine.get()
        say("Doing the jobs of the fleet; press Ctrl-C to stop.")
        await stopped.wait()
