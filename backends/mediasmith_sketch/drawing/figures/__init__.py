"""Every figure by name."""

from __future__ import annotations

from collections.abc import Mapping

from mediasmith_sketch.drawing.figure import Figure
from mediasmith_sketch.drawing.figures.buildings import BUILDINGS
from mediasmith_sketch.drawing.figures.food import FOOD
from mediasmith_sketch.drawing.figures.living import LIVING
from mediasmith_sketch.drawing.figures.plants import PLANTS
from mediasmith_sketch.drawing.figures.things import THINGS
from mediasmith_sketch.drawing.figures.vehicles import VEHICLES

FIGURES: Mapping[str, Figure] = {**BUILDINGS, **PLANTS, **LIVING, **VEHICLES, **FOOD, **THINGS}
