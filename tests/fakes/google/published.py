"""Requests of interactions against the schemas that Google publishes, where `MEDIASMITH_TEST_SPECS` has them.

They describe Google's inner form: camel case, and a field for each kind of thing. Only the structure is compared, since
values are spelt differently there and are checked by the SDK's own types.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from pydantic.alias_generators import to_camel
from typing_extensions import override

from loopback.contract import Contract

_PREFIX = "GenaiVertexV1beta1"


class PublishedInteractions(Contract):
    """The published schemas."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, prefix="", requests=(), answers=())
        self._file = path

    @override
    def objection(self, route: str, mime: str, data: object) -> str:
        """Return what is wrong with a request, or ""."""
        if route != "POST /v1/interactions":
            return ""
        body = cast("dict[str, Any]", data)
        outer = {name: body[name] for name in ("background", "store") if name in body}
        return self._problem("CreateInteractionRequest", {**outer, "interaction": _interaction(body)})

    def _problem(self, name: str, data: object) -> str:
        from jsonschema import Draft202012Validator, exceptions  # noqa: PLC0415 - heavy: a quarter of a second

        validator: Any = Draft202012Validator({"$ref": f"#/$defs/{_PREFIX}{name}", "$defs": self._schemas})
        best: Any = exceptions.best_match  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - its types are only partly known
        found = best(validator.iter_errors(data))
        return f"{found.json_path}: {found.message[:300]}" if found else ""

    @cached_property
    def _schemas(self) -> dict[str, Any]:
        document = json.loads(self._file.read_text(encoding="utf-8"))
        return {name: _closed(schema) for name, schema in document["schemas"].items()}


def _closed(schema: Any) -> Any:
    """Return a schema as validators read it, without enumerations, that accepts only the fields it names."""
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    closed = {"type": schema["type"]} if schema.get("type", "any") != "any" else {}
    if "items" in schema:
        closed["items"] = _closed(schema["items"])
    if "properties" in schema:
        closed["properties"] = {name: _closed(inner) for name, inner in schema["properties"].items()}
        closed["additionalProperties"] = False
    return closed


def _interaction(body: Mapping[str, Any]) -> dict[str, Any]:
    config = {to_camel(name): value for name, value in body.get("generation_config", {}).items()}
    if speech := config.pop("speechConfig", None):
        config["structuredSpeechConfig"] = speech if isinstance(speech, dict) else {"speakers": speech}
    interaction: dict[str, Any] = {"modelInteraction": {"model": body["model"], "generationConfig": config}}
    if "previous_interaction_id" in body:
        interaction["previousInteractionId"] = body["previous_interaction_id"]
    if "response_format" in body:
        interaction["responseFormatSingleton"] = _by_kind(body["response_format"])
    if isinstance(body["input"], str):
        return {**interaction, "stringContent": body["input"]}
    steps = [{"userInput": {"contentList": {"contents": _contents(step["content"])}}} for step in body["input"]]
    return {**interaction, "stepList": {"steps": steps}}


def _contents(blocks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_by_kind(block, mimeType="mimeTypeString") for block in blocks]


def _by_kind(part: Mapping[str, Any], **renamed: str) -> dict[str, Any]:
    """Return a part with a `type` as the field of that name, its own fields in camel case."""
    fields = {to_camel(name): value for name, value in part.items() if name != "type"}
    fields = {renamed.get(name, name): value for name, value in fields.items()}
    if "content" in fields:
        fields["content"] = _contents(fields["content"])
    if "annotations" in fields:
        fields["annotations"] = [_by_kind(annotation) for annotation in fields["annotations"]]
    return {to_camel(part["type"]): fields}


def _published() -> PublishedInteractions | None:
    folder = os.environ.get("MEDIASMITH_TEST_SPECS")
    files = sorted(Path(folder).glob("google-interactions-*.json")) if folder else []
    return PublishedInteractions(files[-1]) if files else None


PUBLISHED = _published()
"""The newest schemas, or None."""
