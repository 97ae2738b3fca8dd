"""Cooldowns of a fleet: what one replica has found to fail, the others try last, too."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from mediasmith.plugin.errors import MediaError
from mediasmith.selection.cooldown import SECONDS
from mediasmith.storage.library.replicas import Replicas

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SharedCooldown:
    """The backends that rest in all replicas."""

    replicas: Replicas

    async def start(self, backend: str) -> None:
        """Let a backend rest from now on. It does not where the database cannot be reached."""
        try:
            await self.replicas.rest(backend, SECONDS)
        except MediaError as error:
            _log.warning("the cooldown of %s could not be recorded: %s", backend, error.message)

    async def resting(self) -> Mapping[str, float]:
        """Return the backends that have a cooldown, with the seconds that are left of it."""
        return await self.replicas.resting()
