"""Check options against the JSON schema that a model declares for options of its own."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, cast

from mediasmith.plugin.contract import JSON, Model
from mediasmith.plugin.params import WORDS
from mediasmith.selection.coercion import is_blank, read_value
from mediasmith.selection.normalization import read_word


def own_options(model: Model) -> Mapping[str, Mapping[str, Any]]:
    """Return the options that only this model has, by name, with their schemas."""
    declared = _mapping(model.options.get("properties"))
    return {name: _resolved(_mapping(schema), model.options) for name, schema in declared.items()}


def options_for_words(model: Model) -> AbstractSet[str]:
    """Return the options of this model that are called like shared words, which it does not take as words."""
    return {name for name in own_options(model).keys() & WORDS.keys() if model.accepts.get(name) is False}


def is_option(model: Model, name: str, value: JSON) -> bool:
    """Return whether a value is one of an option of this model, which may be called like a word that it takes."""
    own = own_options(model)
    if name not in own or name not in WORDS:
        return name in own
    return name in options_for_words(model) or value in own[name].get("enum", ())


def _resolved(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema, or the one inside `whole` that it refers to."""
    reference: object = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found: object = whole
    for part in reference.removeprefix("#/").split("/"):
        found = _mapping(found).get(part)
    return _mapping(found)


def _mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one in place of anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def read_option(name: str, value: JSON, schema: Mapping[str, Any]) -> JSON:
    """Return the value of an option in the form that its schema declares: the number 3 for the text "3"."""
    read: Any = read_value(value if name in WORDS else read_word(name, value), schema)
    return read


def says_nothing(value: JSON, schema: Mapping[str, Any]) -> bool:
    """Return whether an option counts as not given. Empty text may be meant where any text is taken."""
    return is_blank(value) and (schema.get("type") != "string" or "enum" in schema)


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
