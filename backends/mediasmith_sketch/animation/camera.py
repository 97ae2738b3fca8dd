"""How the camera of a video moves, and so what is in view on the way."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Step = Annotated[float, Field(ge=-1, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]

View = tuple[float, float, float]
"""What is in view, in shares of the whole: its middle from the left and from the top, and its size."""

ROOM = 0.12
"""The share of the whole that a pan has to move in."""

NEARER = 0.16
"""How much less is in view after a zoom."""

_FARTHEST = 0.2  # how much of the nearest things' way the farthest go
_LONGEST = 1.35  # how much further the camera goes in a long video


class Motion(BaseModel):
    """How the camera moves, from rest to rest.

    `pan` is its way right and down, each from -1 to 1. `zoom` is 1 if it comes nearer and -1 if it goes back,
    `focus` what it comes nearer to, in shares of the picture. `pace` is how far it goes in its time; 1 is usual.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    pan: tuple[Step, Step] = (0, 0)
    zoom: Step = 0
    focus: tuple[Share, Share] = (0.5, 0.5)
    pace: float = Field(default=1, ge=0.25, le=2)


@dataclass(frozen=True, kw_only=True)
class Camera:
    """What a motion that takes so many seconds shows."""

    motion: Motion
    seconds: float

    def view(self, progress: float, nearness: float) -> View:
        """Return what is in view at a moment, from 0 to 1, of things of this nearness, from 0 to 1.

        The nearest things move all the way, the farthest hardly. A view never leaves the whole; in between, it is
        between those at the start and at the end.
        """
        motion = self.motion
        reach = motion.pace * min(_LONGEST, 0.5 + self.seconds / 8)
        eased = 0.5 - 0.5 * cos(pi * progress)
        moved = _FARTHEST + (1 - _FARTHEST) * nearness
        room = ROOM * reach if any(motion.pan) else 0.0
        share = (1 - room) * (1 - NEARER * reach * moved * abs(motion.zoom) * (eased if motion.zoom > 0 else 1 - eased))
        across, down = (
            0.5 + (focus - 0.5) * (1 - share - room * abs(step)) + step * (eased - 0.5) * room * moved
            for focus, step in zip(motion.focus, motion.pan, strict=True)
        )
        return across, down, share

    def closest(self, nearness: float) -> float:
        """Return the smallest share of such things that is ever in view."""
        return min(self.view(progress, nearness)[2] for progress in (0, 1))

    def lowest(self, row: float, near: float, far: float) -> float:
        """Return the lowest row of far things that ever shows above a row of nearer ones, in shares of the height."""
        rows = [(self.view(progress, near), self.view(progress, far)) for progress in (0, 1)]
        return max(down + (row - edge) / size * share for (_, edge, size), (_, down, share) in rows)
