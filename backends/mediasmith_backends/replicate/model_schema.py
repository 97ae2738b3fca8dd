"""How Replicate describes a model: how it is run, what it takes, and what it makes, as far as that shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

from anyio import to_thread
from pydantic import AfterValidator

from mediasmith.plugin.contract import Takes
from mediasmith.plugin.errors import ModelGone
from mediasmith.plugin.http_answers import Answer, Lenient
from mediasmith.plugin.kinds import Kind, MediaType, Role
from mediasmith.plugin.media import media_type
from mediasmith_backends.input_schema import SchemaModel, schema_model
from mediasmith_backends.plain_schema import mapping
from mediasmith_backends.replicate.client import Client
from mediasmith_backends.replicate.errors import explain
from mediasmith_backends.replicate.output_files import is_file, mime_of, texts_in

KINDS: tuple[Kind, ...] = ("image", "video", "speech", "music")
"""What models here can be used for."""

TAKES: Mapping[Kind, Mapping[Role, Takes]] = {
    "image": {"image": Takes(max=10)},
    "video": {"first_frame": Takes(), "last_frame": Takes(), "image": Takes(max=10)},
}
"""The input files that some of the models take."""

_SPOKEN, _MUSICAL = {"text", "voice", "voice_id", "speaker"}, {"duration", "lyrics", "music_length_ms"}
"""Inputs by which models of sound are told apart."""

_NAME = re.compile(r"(\w[\w.-]*/\w[\w.-]*)(?::(\w+))?", re.ASCII)
"""A model as Replicate writes it: `owner/name`, or `owner/name:version`."""


@dataclass(frozen=True, kw_only=True)
class ReplicateModel(SchemaModel):
    """A model with its inputs. `version` is "" where it is run by its name, as official models are."""

    version: str = ""


def replicate_model(model: SchemaModel, version: str = "") -> ReplicateModel:
    """Return a model that says which files it does not take."""
    values: dict[str, Any] = {field.name: getattr(model, field.name) for field in fields(model)}
    values["takes"] = {**dict.fromkeys(TAKES.get(model.kind, ())), **model.takes}
    return ReplicateModel(**values, version=version)


def _schema(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return mapping(mapping(mapping(document.get("components")).get("schemas")).get(name))


def _describing_inputs(document: dict[str, Any]) -> dict[str, Any]:
    if _schema(document, "Input").get("type") != "object":
        raise ValueError("it describes no inputs")
    return document


class _Version(Answer):
    id: Lenient[str] = None
    openapi_schema: Annotated[dict[str, Any], AfterValidator(_describing_inputs)]

    @property
    def makes_files(self) -> bool:
        """Whether its output may be files rather than a text."""
        output = _schema(self.openapi_schema, "Output")
        one = mapping(output.get("items")) if output.get("type") == "array" else output
        return one.get("type") != "string" or one.get("format") == "uri"

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The schema of its inputs."""
        return _schema(self.openapi_schema, "Input")

    def model(self, name: str, kind: Kind, version: str) -> ReplicateModel:
        """Return it as a model that makes this kind. Blocking where its inputs are many."""
        return replicate_model(schema_model(name, self.inputs, kind=kind, document=self.openapi_schema), version)


class _Example(Answer):
    output: Any = None


class ListedModel(Answer):
    """A model as Replicate lists it."""

    owner: str
    name: str
    description: Lenient[str] = None
    is_official: Lenient[bool] = None
    latest_version: _Version | None = None
    default_example: Lenient[_Example] = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What it may make. Only its example shows which media; without one it may be anything that has files."""
        if self.latest_version is None or not self.latest_version.makes_files:
            return ()
        match self._example_media:
            case "image":
                return ("image",)
            case "video":
                return ("video",)
            case "audio":
                return _kinds_of_sound(set(mapping(self.latest_version.inputs.get("properties"))))
            case None:
                return KINDS

    @property
    def _example_media(self) -> MediaType | None:
        texts = texts_in(self.default_example.output if self.default_example else None)
        return next((media for text in texts if is_file(text) and (media := media_type(mime_of(text)))), None)


def _kinds_of_sound(inputs: set[str]) -> tuple[Kind, ...]:
    spoken, musical = bool(inputs & _SPOKEN), bool(inputs & _MUSICAL)
    if spoken == musical:
        return ("speech", "music")
    return ("speech",) if spoken else ("music",)


async def fetch_model(kind: Kind, client: Client, name: str) -> ReplicateModel | None:
    """Return the model of this name, or None if there is none or it does not make this kind.

    Raises:
        ProviderError: its schema cannot be read.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    path, pinned = f"/models/{found[1]}", found[2]
    try:
        if pinned:
            version = await client.get(f"{path}/versions/{pinned}", _Version)
            return await to_thread.run_sync(version.model, name, kind, pinned) if version.makes_files else None
        listed = await client.get(path, ListedModel)
    except Exception as error:
        if isinstance(explain(error), ModelGone):
            return None
        raise
    version = listed.latest_version
    if version is None or kind not in listed.kinds:
        return None
    return await to_thread.run_sync(version.model, name, kind, "" if listed.is_official else version.id or "")
