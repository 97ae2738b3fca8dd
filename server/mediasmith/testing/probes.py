"""Values to try for each parameter: every one that is listed, else the ends of what is accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from mediasmith.config.field_schemas import field_schemas
from mediasmith.plugin.contract import JSON, Capability, Range
from mediasmith.testing.adapter_harness import AdapterHarness
from mediasmith.testing.rig import CheckContext, Rig

_TEXTS: Mapping[str, tuple[JSON, JSON]] = {
    "aspect_ratio": ("16:9", "9:16"),
    "size": ("1024x768", "512x512"),
    "language": ("en", "de"),
    "instructions": ("calm and slow", "loud and quick"),
    "voices": (["Anna=anna", "Ben=ben"], ["Anna=ben", "Ben=anna"]),
}
"""Values of shared words that are free text."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A parameter, values that must differ in what they do, and its default."""

    word: str
    values: Sequence[JSON]
    default: JSON


async def probes(context: CheckContext, adapter: AdapterHarness) -> list[Probe]:
    """A probe for every parameter."""
    found: list[Probe] = []
    for word, schema in field_schemas(context.capability.params).items():
        live = await _live(context, adapter, word)
        values = live or values_of(context.rig, context.capability, word, schema)
        found.append(Probe(word=word, values=values, default=_default(context, word)))
    return found


async def _live(context: CheckContext, adapter: AdapterHarness, word: str) -> Sequence[JSON]:
    """The first two of a live list."""
    fetch = context.capability.choices.get(word)
    return list(await fetch(adapter.client))[:2] if fetch and word not in context.rig.samples else ()


def _default(context: CheckContext, word: str) -> JSON:
    return context.rig.base.get(
        word, context.capability.params.model_fields[word].get_default(call_default_factory=True)
    )


def values_of(rig: Rig, capability: Capability[Any, Any], word: str, schema: Mapping[str, Any]) -> Sequence[JSON]:
    """Values of one parameter, each of which its params accept."""
    values = list(dict.fromkeys(_plain(capability, word, schema))) if word not in rig.samples else rig.samples[word]
    values = values or _TEXTS.get(word, _by_type(schema))
    assert values, f"'{word}' is of a form the suite cannot fill; give two values in Rig(samples={{'{word}': …}})."
    for value in values:
        reason = unfit(capability, rig, word, value)
        assert not reason, (
            f"'{word}' does not take {value!r} ({reason}); give two values it takes in Rig(samples={{'{word}': …}})."
        )
    return values


def unfit(capability: Capability[Any, Any], rig: Rig, word: str, value: JSON) -> str:
    """Why the params do not take this value, or nothing."""
    beside = {
        name: given
        for name, given in {**rig.base, **rig.companions.get(word, {})}.items()
        if name in capability.params.model_fields
    }
    try:
        capability.params.model_validate({**beside, word: value})
    except ValidationError as error:
        return str(error.errors(include_url=False)[0]["msg"])
    return ""


def _plain(capability: Capability[Any, Any], word: str, schema: Mapping[str, Any]) -> Iterator[Any]:
    """What is listed, or the ends of a range."""
    narrowed = [model.accepts[word] for model in capability.models if word in model.accepts]
    listed = [value for accepted in narrowed if isinstance(accepted, tuple) for value in accepted]
    if "enum" in schema or listed:
        yield from (value for value in schema.get("enum", ()) if value is not None)
        yield from listed
    elif schema.get("type") in {"integer", "number"}:
        ranges = [accepted for accepted in narrowed if isinstance(accepted, Range)]
        whole = int if schema["type"] == "integer" else float
        low = schema.get("minimum", min((one.low for one in ranges), default=1))
        yield whole(low)
        yield whole(schema.get("maximum", max((one.high for one in ranges), default=low + 1)))


def _by_type(schema: Mapping[str, Any]) -> Sequence[JSON]:
    if schema.get("type") == "boolean":
        return (True, False)
    if schema.get("type") == "string":
        return ("alpha", "beta")
    items = schema.get("items", {})
    if schema.get("type") == "array" and items.get("type") == "string":
        return [[value] for value in items.get("enum", ("alpha", "beta"))]
    return ()
