"""Everything that is drawn by rule rather than from a fixed outline, by the name of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mediasmith_sketch.drawing.scenery.abstract import ABSTRACT
from mediasmith_sketch.drawing.scenery.land import LAND
from mediasmith_sketch.drawing.scenery.sky import SKY
from mediasmith_sketch.drawing.scenery.town import TOWN
from mediasmith_sketch.drawing.scenery.water import WATER
from mediasmith_sketch.drawing.stage import Stage
from mediasmith_sketch.scene import Element

SCENERY: Mapping[str, Callable[[Stage, Element], None]] = {**SKY, **LAND, **WATER, **TOWN, **ABSTRACT}
