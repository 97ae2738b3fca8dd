"""The renders under way: what the backend keeps in memory between two polls of a video."""

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
"""A video that nobody asked about for so long makes room for another."""


@dataclass(kw_only=True)
class RenderSlot:
    """A video that is being drawn. `begin` makes it ready, `asked` is when it was last asked about."""

    begin: Callable[[], Animation]
    asked: float
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
    _under_way: dict[str, RenderSlot] = field(default_factory=dict[str, RenderSlot])

    def take(self, name: str, begin: Callable[[], Animation]) -> RenderSlot | None:
        """The video of this id, which may have to be begun; None while others take all the room."""
        now = self.now()
        if name not in self._under_way:
            self._under_way = {
                name: render for name, render in self._under_way.items() if render.asked > now - IDLE_SECONDS
            }
            if len(self._under_way) >= MOST:
                return None
            self._under_way[name] = RenderSlot(begin=begin, asked=now)
        render = self._under_way[name]
        render.asked = now
        return render

    def drop(self, name: str) -> bool:
        """Forget the video of this id; whether it was under way."""
        return self._under_way.pop(name, None) is not None
