"""Check options against the JSON schema that a model declares for options of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediasmith.plugin.contract import JSON, Model


def own_options(model: Model) -> tuple[str, ...]:
    """Return the names of the options that only this model has."""
    properties = model.options.get("properties", {})
    return tuple(properties) if isinstance(properties, Mapping) else ()


def option_fault(model: Model, name: str, value: JSON) -> str:
    """Return what is wrong with the value of one of the model's own options, or ""."""
    schema: Any = model.options
    validator: Any = _validator(schema)
    found = validator.evolve(schema=schema["properties"][name]).iter_errors(value)
    return next((f"takes option {name} otherwise: {error.message[:200]}" for error in found), "")


def missing_option(model: Model, given: Mapping[str, JSON]) -> str:
    """Return which option the model needs and was not given, as a reason, or ""."""
    required = model.options.get("required", ())
    names = required if isinstance(required, list | tuple) else ()
    return next((f"needs option {name} with {model.id}" for name in names if name not in given), "")


def _validator(schema: Any) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - heavy: few models have such a schema

    return Draft202012Validator(schema)
