"""Scenery: everything that is drawn by rule rather than from a fixed outline."""

from __future__ import annotations

from collections.abc import Mapping

from mediasmith_sketch.drawing.scenery.abstract import ABSTRACT
from mediasmith_sketch.drawing.scenery.indoors import INDOORS
from mediasmith_sketch.drawing.scenery.land import LAND
from mediasmith_sketch.drawing.scenery.sky import SKY
from mediasmith_sketch.drawing.scenery.skyline import skyline
from mediasmith_sketch.drawing.scenery.water import WATER
from mediasmith_sketch.drawing.stage import Painter

SCENERY: Mapping[str, Painter] = {**SKY, **LAND, **WATER, "skyline": skyline, **INDOORS, **ABSTRACT}
"""What paints each kind of element: a function of the stage, the element and its own random numbers."""
