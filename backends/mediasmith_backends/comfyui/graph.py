"""Read a workflow file in ComfyUI's API format: nodes by id, whose inputs are values or links to other nodes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, cast

from mediasmith.plugin.contract import JSON

Value: TypeAlias = str | int | float | bool
"""What an input holds that is no link."""


class UnreadableWorkflow(Exception):
    """A file that cannot be used as a workflow. Its text says why, and what to do, as the end of a sentence."""


class Place(NamedTuple):
    """Where a value goes: an input of a node."""

    node: str
    input: str


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node of a workflow. `title` is what the user has named it, or ""."""

    id: str
    type: str
    title: str
    inputs: Mapping[str, JSON]

    @property
    def label(self) -> str:
        """The node as its user finds it."""
        return label(self.id, self.title, self.type)

    @property
    def values(self) -> Mapping[str, Value]:
        """The inputs that hold values."""
        return {name: value for name, value in self.inputs.items() if isinstance(value, Value)}


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A workflow. `raw` is its JSON as the file has it."""

    nodes: Mapping[str, Node]
    raw: Mapping[str, Any]

    def __iter__(self) -> Iterator[Node]:
        """Yield the nodes in the file's order."""
        return iter(self.nodes.values())

    def source(self, node: Node, name: str) -> Node | None:
        """Return the node that an input is linked to, or None."""
        link = node.inputs.get(name)
        if isinstance(link, list) and len(link) == 2 and isinstance(link[0], str):  # noqa: PLR2004 - node and output
            return self.nodes.get(link[0])
        return None

    def place(self, node: Node, name: str) -> Place | None:
        """Return where the value of an input stands: there, or in the primitive that it is linked to; or None."""
        if name in node.values:
            return Place(node.id, name)
        source = self.source(node, name)
        if source and source.type.startswith("Primitive") and "value" in source.values:
            return Place(source.id, "value")
        return None

    def value(self, place: Place) -> Value:
        """Return what the file has at a place."""
        return self.nodes[place.node].values[place.input]

    def filled(self, values: Mapping[Place, Value]) -> Mapping[str, Any]:
        """Return the JSON of the workflow with these values in their places."""
        graph = {name: {**node, "inputs": dict(node["inputs"])} for name, node in self.raw.items()}
        for place, value in values.items():
            graph[place.node]["inputs"][place.input] = value
        return graph


def label(name: str, title: object, kind: object) -> str:
    """Return a node as its user finds it: by its title, unless that names words, or else its type, and its number."""
    titled = isinstance(title, str) and title and not title.startswith("$")
    return f"{title if titled else kind} (node {name})"


def read_graph(text: str) -> Graph:
    """Return the workflow in the text of a file.

    Raises:
        UnreadableWorkflow: it is not one in the API format.
    """
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableWorkflow("is not JSON") from error
    raw = _object(found)
    if isinstance(raw.get("nodes"), list) and "links" in raw:
        raise UnreadableWorkflow("is in the format of the editor; export it with Workflow → Export (API)")
    nodes = {name: _node(name, value) for name, value in raw.items()}
    if not nodes or None in nodes.values():
        raise UnreadableWorkflow(
            "is not a workflow in the API format; export it from ComfyUI with Workflow → Export (API)"
        )
    return Graph(nodes={name: node for name, node in nodes.items() if node}, raw=raw)


def _node(name: str, value: object) -> Node | None:
    node = _object(value)
    kind, title = node.get("class_type"), _object(node.get("_meta")).get("title")
    if not isinstance(kind, str) or not isinstance(node.get("inputs"), dict):
        return None
    title = title.strip() if isinstance(title, str) else ""
    return Node(id=name, type=kind, title=title, inputs=_object(node["inputs"]))


def _object(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one in place of anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
