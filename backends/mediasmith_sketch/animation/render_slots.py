"""The videos being drawn: what the backend keeps in memory between two polls."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mediasmith_sketch.animation.animator import Animation

MOST = 2
"""Videos that are drawn at the same time: their scenery takes memory, and the processor is shared anyway."""

IDLE_SECONDS = 30.0
"""A video that has not been polled for so long makes room for another."""


@dataclass(kw_only=True)
class RenderSlot:
    """A video that is being drawn. `begin` makes it ready, `polled` is when it was last polled."""

    begin: Callable[[], Animation]
    polled: float
    _animation: Animation | None = None
    _lock: Lock = field(default_factory=Lock)

    def advance(self) -> Animation:
        """Draw a little more of it. Blocking."""
        with self._lock:
            self._animation = self._animation or self.begin()
            self._animation.advance()
            return self._animation


@dataclass(kw_only=True)
class RenderSlots:
    """The client of the backend: the videos that are being drawn, by the id in their handles.

    Nothing is lost with one that is dropped, for its handle says all that is needed to draw it again.
    """

    now: Callable[[], float] = time.monotonic
    _slots: dict[str, RenderSlot] = field(default_factory=dict[str, RenderSlot])

    def take(self, name: str, begin: Callable[[], Animation]) -> RenderSlot | None:
        """Return the slot of this video, which may have to be begun; None while others occupy all slots."""
        now = self.now()
        if name not in self._slots:
            self._slots = {other: slot for other, slot in self._slots.items() if slot.polled > now - IDLE_SECONDS}
            if len(self._slots) >= MOST:
                return None
            self._slots[name] = RenderSlot(begin=begin, polled=now)
        slot = self._slots[name]
        slot.polled = now
        return slot

    def drop(self, name: str) -> bool:
        """Forget the video of this id; return whether it was being drawn."""
        return self._slots.pop(name, None) is not None
