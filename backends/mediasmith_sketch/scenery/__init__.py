"""Everything that is drawn by rule rather than from a fixed outline, by the name of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mediasmith_sketch.scene import Element
from mediasmith_sketch.scenery.abstract import ABSTRACT
from mediasmith_sketch.scenery.land import LAND
from mediasmith_sketch.scenery.sky import SKY
from mediasmith_sketch.scenery.town import TOWN
from mediasmith_sketch.scenery.water import WATER
from mediasmith_sketch.stage import Stage

SCENERY: Mapping[str, Callable[[Stage, Element], None]] = {**SKY, **LAND, **WATER, **TOWN, **ABSTRACT}
