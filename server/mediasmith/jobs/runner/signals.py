"""Short signals between the replicas of a fleet, which save frequent looks at the database.

A signal may be lost, and none is needed: those who wait for one look by themselves after a while.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mediasmith.plugin.errors import MediaError
from mediasmith.storage.library.replicas import Replicas

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

_log = logging.getLogger(__name__)

Topic = Literal["job", "cancel", "alive", "work", "slot"]
"""What a signal is about: a job whose record has changed, a job that is to be cancelled, a process that is to show that
it is alive, a job without a process, a backend that has a free slot."""


@dataclass(frozen=True, kw_only=True)
class Signals:
    """Signals of all replicas, this one among them. `listen` has to run for them to be heard."""

    replicas: Replicas
    task_group: TaskGroup
    _heard: dict[str, list[Callable[[str], None]]] = field(
        default_factory=lambda: defaultdict[str, list[Callable[[str], None]]](list)
    )

    def subscribe(self, topic: Topic, heard: Callable[[str], None]) -> None:
        """Call a function with the subject of each signal of a topic, or with "" where some may have been missed."""
        self._heard[topic].append(heard)

    def send(self, topic: Topic, subject: str) -> None:
        """Send a signal in the background."""
        self.task_group.start_soon(self.deliver, topic, subject)

    async def deliver(self, topic: Topic, subject: str) -> None:
        """Send a signal, unless the database cannot be reached."""
        try:
            await self.replicas.notify(f"{topic} {subject}")
        except MediaError as error:
            _log.info("the signal %s was not sent: %s", topic, error.message)

    async def listen(self) -> None:
        """Hear signals until cancelled."""
        await self.replicas.listen(self._hear, self._reconnected)

    def _hear(self, text: str) -> None:
        topic, _, subject = text.partition(" ")
        for heard in self._heard.get(topic, ()):
            heard(subject)

    def _reconnected(self) -> None:
        for listeners in self._heard.values():
            for heard in listeners:
                heard("")
