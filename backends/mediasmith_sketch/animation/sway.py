"""What moves by itself: clouds drift, boats and balloons rock, rain and snow fall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import pi, sin

from mediasmith_sketch.composition.scenery_plans import FRONT
from mediasmith_sketch.drawing.figure import Place
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.scene import Element


@dataclass(frozen=True, kw_only=True)
class Sway:
    """A movement that goes on and on, in units of the stage.

    `drift` is the way right and down in a second. `swing` is how far it goes to and fro, down in `period` seconds and
    right in twice as many; `phase` is where it begins, from 0 to 1. What is `endless` comes in again where it began.
    """

    drift: tuple[float, float] = (0, 0)
    swing: tuple[float, float] = (0, 0)
    period: float = 1
    phase: float = 0
    endless: bool = False

    def at(self, seconds: float) -> tuple[float, float]:
        """Return how far right and down it is after so many seconds."""
        turn = 2 * pi * (seconds / self.period + self.phase)
        across, down = self.swing[0] * sin(turn / 2), self.swing[1] * sin(turn)
        return self.drift[0] * seconds + across, self.drift[1] * seconds + down


REST = Sway()
"""No movement."""

MOST = 0.2
"""How far anything but what is endless goes at most, in units."""

_SCENERY: Mapping[str, Sway] = {
    "cloud": Sway(drift=(0.006, 0)),
    "fog": Sway(drift=(0.006, 0)),
    "rain": Sway(drift=(-0.3, 1), endless=True),
    "snow": Sway(drift=(0, 0.085), swing=(0.012, 0), period=2.5, endless=True),
}
_FIGURES: Mapping[Place, Sway] = {
    "water": Sway(swing=(0.004, 0.005), period=3.4),
    "air": Sway(swing=(0.012, 0.01), period=4.6),
    "deep": Sway(swing=(0.018, 0.008), period=3.8),
}


def sway_of(element: Element) -> Sway:
    """Return how an element moves by itself: not at all if it stands on something."""
    if element.kind not in FIGURES:
        return _SCENERY.get(element.kind, REST)
    sway = REST if element.stands or element.z >= FRONT else _FIGURES.get(FIGURES[element.kind].place, REST)
    return sway if sway is REST else replace(sway, phase=element.seed % 1000 / 1000)
