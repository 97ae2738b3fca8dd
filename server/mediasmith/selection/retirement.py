"""Which models of a capability are in service today, and what a caller should know about the one that is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import takewhile

from mediasmith.config.retired_models import is_retired
from mediasmith.plugin.contract import Model

_SOON_DAYS = 30
"""A model that retires within so many days is warned about."""


def in_service(models: Sequence[Model], today: date) -> tuple[list[Model], tuple[str, ...]]:
    """Return the models in service, in their order, and a note for each retired one that would come first."""
    retired = [model for model in models if is_retired(model, today)]
    replaced = tuple(
        f"Model {model.id} retired on {model.retires}; another one is used."
        for model in takewhile(retired.__contains__, models)
    )
    return [model for model in models if model not in retired], replaced


def retirement_note(model: Model, today: date) -> Iterator[str]:
    """Yield a sentence when the model retires soon, or was to have retired already."""
    if model.retires and (model.retires - today).days <= _SOON_DAYS:
        verb = "retires" if model.retires > today else "was due to retire"
        yield f"Model {model.id} {verb} on {model.retires}."
