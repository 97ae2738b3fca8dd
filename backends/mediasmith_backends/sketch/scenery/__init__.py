"""Everything that is drawn by rule rather than from a fixed outline, by the name of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mediasmith_backends.sketch.scene import Element
from mediasmith_backends.sketch.scenery.abstract import ABSTRACT
from mediasmith_backends.sketch.scenery.land import LAND
from mediasmith_backends.sketch.scenery.sky import SKY
from mediasmith_backends.sketch.scenery.town import TOWN
from mediasmith_backends.sketch.scenery.water import WATER
from mediasmith_backends.sketch.stage import Stage

SCENERY: Mapping[str, Callable[[Stage, Element], None]] = {**SKY, **LAND, **WATER, **TOWN, **ABSTRACT}
