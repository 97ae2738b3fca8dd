"""Which models have retired by a day, and which capabilities have none left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from mediasmith.plugin.contract import Capability, Model


def is_retired(model: Model, today: date) -> bool:
    """Return whether the provider has switched the model off by this day."""
    return model.retires is not None and model.retires <= today


def all_retired(capability: Capability[Any, Any], today: date) -> bool:
    """Return whether the capability has no model left. Where models are fetched, there may be others."""
    models = capability.models
    return bool(models) and not capability.discover and all(is_retired(model, today) for model in models)


def describe_retirement(models: Sequence[Model]) -> str:
    """Return retired models with their days: "a, b retired on 2026-08-17; c retired on 2026-06-30"."""
    days = sorted({model.retires for model in models if model.retires}, reverse=True)
    names = {day: ", ".join(model.id for model in models if model.retires == day) for day in days}
    return "; ".join(f"{ids} retired on {day}" for day, ids in names.items())
