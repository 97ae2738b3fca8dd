"""Every figure by name. The drawings are tables beside this file, in the form that `figure.read_figures` describes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from mediasmith_sketch.drawing.figure import Figure, read_figures

_TABLES = {
    name: read_figures(files(__name__).joinpath(f"{name}.txt").read_text("utf-8"))
    for name in ("buildings", "plants", "living", "vehicles", "food", "things")
}
FIGURES: Mapping[str, Figure] = {name: figure for table in _TABLES.values() for name, figure in table.items()}
LIVING = frozenset(_TABLES["living"])
"""The names of people, animals and other creatures."""
