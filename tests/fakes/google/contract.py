"""What the provider publishes about interactions, as a second opinion on the models of this fake.

It is published in the provider's inner form: camel case, long names for values, and one field for each kind of thing.
Here the outer form is brought into that one, and held to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from typing_extensions import override

from loopback.contract import Contract

_PREFIX = "GenaiVertexV1beta1"
_LONGEST = 300
_NUMBERS = {
    "1": "ONE",
    "2": "TWO",
    "3": "THREE",
    "4": "FOUR",
    "5": "FIVE",
    "8": "EIGHT",
    "9": "NINE",
    "16": "SIXTEEN",
    "21": "TWENTY_ONE",
}
_RESOLUTIONS = {"360p": "THREE_SIXTY_P", "720p": "SEVEN_TWENTY_P", "1080p": "TEN_EIGHTY_P", "4k": "FOUR_K"}
_SIZES = {"512": "FIVE_TWELVE", "1K": "ONE_K", "2K": "TWO_K", "4K": "FOUR_K"}


class Interactions(Contract):
    """The published schemas of interactions."""

    def __init__(self, path: Path, prefix: str, requests: Sequence[Any], answers: Sequence[Any]) -> None:
        super().__init__(path, prefix, requests, answers)
        self._published = path

    @override
    def objection(self, route: str, mime: str, data: object) -> str:
        """What is published has against a request; nothing when it fits, or says nothing of it."""
        if route != "POST /v1/interactions":
            return ""
        body = cast("dict[str, Any]", data)
        outer = {name: body[name] for name in ("background", "store", "stream") if name in body}
        return self._problem("CreateInteractionRequest", {**outer, "interaction": _request(body)})

    @override
    def answer_objection(self, route: str, status: int, data: object) -> str:
        """What is published has against an interaction."""
        return self._problem("Interaction", _answer(cast("dict[str, Any]", data)))

    def _problem(self, name: str, data: object) -> str:
        from jsonschema import Draft202012Validator, exceptions  # noqa: PLC0415 - heavy: a quarter of a second

        validator: Any = Draft202012Validator({"$ref": f"#/$defs/{_PREFIX}{name}", "$defs": self._schemas})
        best: Any = exceptions.best_match  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        found = best(validator.iter_errors(data))
        return f"{found.json_path}: {found.message[:_LONGEST]}" if found else ""

    @cached_property
    def _schemas(self) -> dict[str, Any]:
        document = json.loads(self._published.read_text(encoding="utf-8"))
        return {name: _closed(schema) for name, schema in document["schemas"].items()}


def _closed(schema: Any) -> Any:
    """A schema as validators read it, which takes no field that it does not name."""
    if not isinstance(schema, dict):
        return schema
    told = cast("dict[str, Any]", schema)
    if "$ref" in told:
        return {"$ref": f"#/$defs/{told['$ref']}"}
    made = {name: told[name] for name in ("type", "enum") if name in told and told[name] != "any"}
    if "items" in told:
        made["items"] = _closed(told["items"])
    if "properties" in told:
        made["properties"] = {name: _closed(inner) for name, inner in told["properties"].items()}
        made["additionalProperties"] = False
    return made


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _request(body: Mapping[str, Any]) -> dict[str, Any]:
    config = dict(body.get("generation_config", {}))
    speech = config.pop("speech_config", None)
    inner = {_camel(name): value for name, value in config.items()}
    if speech is not None:
        inner["structuredSpeechConfig"] = speech if isinstance(speech, dict) else {"speakers": speech}
    if "videoConfig" in inner:
        inner["videoConfig"] = {"task": inner["videoConfig"]["task"].upper()}
    made: dict[str, Any] = {"modelInteraction": {"model": body["model"], "generationConfig": inner}}
    if "previous_interaction_id" in body:
        made["previousInteractionId"] = body["previous_interaction_id"]
    if "response_format" in body:
        made["responseFormatSingleton"] = _format(body["response_format"])
    if isinstance(body["input"], str):
        return {**made, "stringContent": body["input"]}
    steps = [{"userInput": {"contentList": {"contents": _contents(step["content"])}}} for step in body["input"]]
    return {**made, "stepList": {"steps": steps}}


def _format(wish: Mapping[str, Any]) -> dict[str, Any]:
    words = {_camel(name): value for name, value in wish.items() if name != "type"}
    if "aspectRatio" in words:
        words["aspectRatio"] = "ASPECT_RATIO_{}_BY_{}".format(
            *map(_NUMBERS.__getitem__, words["aspectRatio"].split(":"))
        )
    if "imageSize" in words:
        words["imageSize"] = f"IMAGE_SIZE_{_SIZES[words['imageSize']]}"
    if "resolution" in words:
        words["resolution"] = f"RESOLUTION_{_RESOLUTIONS[words['resolution']]}"
    if "mimeType" in words:
        words["mimeType"] = f"TYPE_{words['mimeType'].partition('/')[2].upper()}"
    if "delivery" in words:
        words["delivery"] = words["delivery"].upper()
    return {wish["type"]: words}


def _contents(blocks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{block["type"]: _content(block)} for block in blocks]


def _content(block: Mapping[str, Any]) -> dict[str, Any]:
    made = {_camel(name): value for name, value in block.items() if name != "type"}
    if "mimeType" in made:
        made["mimeTypeString"] = made.pop("mimeType")
    if "annotations" in made:
        spoken = [{name: value for name, value in one.items() if name != "type"} for one in made["annotations"]]
        made["annotations"] = [{"speechMetadata": one} for one in spoken]
    return made


def _answer(body: Mapping[str, Any]) -> dict[str, Any]:
    made = {_camel(name): value for name, value in body.items() if name not in {"object", "model"}}
    made["modelInteraction"] = {"model": body["model"]}
    made["status"] = body["status"].upper()
    if "steps" in body:
        made["steps"] = [_step(step) for step in body["steps"]]
    if "usage" in body:
        made["usage"] = {_camel(name): value for name, value in body["usage"].items()}
        made["usage"]["inputTokensByModality"] = [
            {**one, "modality": one["modality"].upper()} for one in made["usage"].get("inputTokensByModality", ())
        ]
    return made


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    kind = _camel(step["type"])
    words = {name: value for name, value in step.items() if name != "type"}
    return {kind: {**words, "content": _contents(words["content"])} if "content" in words else words}
