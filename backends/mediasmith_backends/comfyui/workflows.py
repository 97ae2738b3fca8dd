"""The user's folder of workflows: each file in ComfyUI's API format is a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from mediasmith.plugin.access import Access
from mediasmith.plugin.contract import JSON, Accepts, ConfiguredModels, Model, Price, Takes
from mediasmith.plugin.kinds import Kind, Role
from mediasmith_backends.comfyui.graph import Graph, Place, UnreadableWorkflow, Value, read_graph
from mediasmith_backends.comfyui.node_types import made_kind, places_by_type
from mediasmith_backends.comfyui.params import PARAMS, PLACED, TAKES
from mediasmith_backends.comfyui.titles import KNOWN, is_number, titled_places

FOLDER_VARIABLE = "MEDIASMITH_COMFYUI_WORKFLOWS"
"""The variable that names the folder."""

_SET_FOLDER = (
    f"set {FOLDER_VARIABLE} to a folder of workflows that were exported from ComfyUI with Workflow → Export (API), and "
    "restart the server"
)

_FREE = Price(usd=0, per="call", as_of=date(2026, 11, 30), source="https://docs.comfy.org")
"""The engine is the user's own."""


class ComfyUISettings(BaseModel):
    """What the user sets. A path that is not absolute counts from the working folder."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    workflows: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Workflow(Model):
    """A workflow as a model: `places` says where each word, file and option goes."""

    graph: Graph = field(repr=False)
    places: Mapping[str, Sequence[Place]] = field(repr=False)

    def value(self, word: str) -> Value:
        """Return what the file has in the place of a word."""
        return self.graph.value(self.places[word][0])


def missing(access: Access) -> str:
    """Return that no folder is set, with the fix, or ""."""
    return "" if access.settings and access.settings.workflows else _SET_FOLDER


def configured_models(access: Access) -> ConfiguredModels:
    """Return the workflows in the user's folder by the kind they make, those that take a prompt first; blocking."""
    folder: Path | None = access.settings.workflows if access.settings else None
    if folder is None:
        return ConfiguredModels(models={})
    try:
        files = sorted(path for path in folder.iterdir() if _is_workflow(path))
    except OSError as error:
        return ConfiguredModels(
            models={}, problems=(f"{FOLDER_VARIABLE} names no folder that can be read ({_why(error)})",)
        )
    if not files:
        return ConfiguredModels(models={}, problems=(f"the folder that {FOLDER_VARIABLE} names has no *.json files",))
    models: dict[str, list[Workflow]] = {}
    problems: list[str] = []
    for file in files:
        try:
            kind, workflow = read_workflow(file.stem, file.read_text(encoding="utf-8-sig"))
            models.setdefault(kind, []).append(workflow)
        except OSError as error:
            problems.append(f"{file.name} cannot be read ({_why(error)})")
        except (UnreadableWorkflow, UnicodeDecodeError) as error:
            problems.append(f"{file.name} {'is not JSON' if isinstance(error, UnicodeDecodeError) else error}")
    ordered = {kind: sorted(found, key=lambda one: "prompt" not in one.places) for kind, found in models.items()}
    return ConfiguredModels(models=ordered, problems=tuple(problems))


def _is_workflow(path: Path) -> bool:
    return path.suffix.lower() == ".json" and not path.name.startswith(".")


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def read_workflow(name: str, text: str) -> tuple[Kind, Workflow]:
    """Return what the workflow in the text of a file makes, and the model of this name that makes it.

    Raises:
        UnreadableWorkflow: it cannot be used; the text says why.
    """
    graph = read_graph(text)
    kind = made_kind(graph)
    titled = titled_places(graph)
    roles, words = TAKES[kind], PARAMS[kind].model_fields
    usable = {"prompt", "width", "height", *words, *roles}
    if useless := next((word for word in titled if word in KNOWN and word not in usable), ""):
        raise UnreadableWorkflow(
            f"has the title ${useless}, which means nothing where {kind.replace('_', ' ')} is made"
        )
    taken = {place for at in titled.values() for place in at}
    by_type = places_by_type(graph, kind).items()
    places = {word: at for word, at in by_type if taken.isdisjoint(at)} | {**titled}
    options = {word: _schema(graph.value(at[0])) for word, at in places.items() if word not in usable}
    return kind, Workflow(
        id=name,
        graph=graph,
        places=places,
        accepts=_accepts(words, places),
        takes=_takes(roles, places),
        options={"type": "object", "properties": options} if options else {},
        prices=(_FREE,),
    )


def _accepts(words: Mapping[str, object], places: Mapping[str, Sequence[Place]]) -> dict[str, Accepts]:
    """Return that a workflow does not take the words that have no place in it."""
    return {word: False for word in words if not set(PLACED.get(word, (word,))) <= places.keys()}


def _takes(roles: Mapping[Role, Takes], places: Mapping[str, Sequence[Place]]) -> dict[Role, Takes | None]:
    """Return the files that a workflow takes. It needs them: its own are on another machine."""
    return {role: replace(takes, required=True) if role in places else None for role, takes in roles.items()}


def _schema(value: Value) -> JSON:
    """Return the JSON schema of an option by its value in the file, where 8.0 is written as 8."""
    kind = "boolean" if isinstance(value, bool) else "number" if is_number(value) else "string"
    return {"type": kind, "default": value}
