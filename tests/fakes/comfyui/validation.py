"""Check graphs as ComfyUI does: first as a whole, then each output node with all that it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from fakes.comfyui.nodes import NODES, Choice, Input, Number
from loopback.faults import Refusal, answer_json

INSTALLED = (
    "sd_xl_base_1.0.safetensors",
    "umt5_xxl_fp8_e4m3fn_scaled.safetensors",
    "wan2.2_ti2v_5B_fp16.safetensors",
    "wan2.2_vae.safetensors",
)
"""The files of models that the fake has."""

Graph = Mapping[str, Mapping[str, Any]]
"""Nodes by id."""

_VALUES = (Number, Choice)
_BOOLEANS = {"STRING": str, "BOOLEAN": bool}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What may run of a graph: the output nodes that are valid, and what is wrong with the others."""

    outputs: tuple[str, ...]
    faults: Mapping[str, Any]


def refusal(kind: str, message: str, details: str = "", faults: Mapping[str, Any] | None = None) -> Refusal:
    """Return a refusal in ComfyUI's form."""
    error: dict[str, Any] = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return Refusal(answer_json({"error": error, "node_errors": faults or {}}, status=400))


def check_graph(graph: Graph, inputs: Collection[str]) -> Checked:
    """Return what may run; `inputs` are the names of uploaded files. Refuse what may not run at all."""
    for name, node in graph.items():
        if "class_type" not in node:
            message = "Cannot execute because a node is missing the class_type property."
            raise refusal("invalid_prompt", message, f"Node ID '#{name}'")
        if node["class_type"] not in NODES:
            message = f"Cannot execute because node {node['class_type']} does not exist."
            raise refusal("invalid_prompt", message, f"Node ID '#{name}'")
    outputs = [name for name, node in graph.items() if NODES[node["class_type"]].saves]
    if not outputs:
        raise refusal("prompt_no_outputs", "Prompt has no outputs")
    faults: dict[str, Any] = {}
    valid: list[str] = []
    for output in outputs:
        wrong = {name: found for name in needed(graph, output) if (found := list(_faults(graph, name, inputs)))}
        for name, found in wrong.items():
            entry = {"errors": found, "dependent_outputs": [], "class_type": graph[name]["class_type"]}
            faults.setdefault(name, entry)["dependent_outputs"].append(output)
        if not wrong:
            valid.append(output)
    if not valid:
        raise refusal("prompt_outputs_failed_validation", "Prompt outputs failed validation", faults=faults)
    return Checked(outputs=tuple(valid), faults=faults)


def needed(graph: Graph, name: str) -> list[str]:
    """Return a node and all that it needs, each once."""
    found, rest = [name], [name]
    while rest:
        for value in graph[rest.pop()].get("inputs", {}).values():
            if _is_link(value) and value[0] in graph and value[0] not in found:
                found.append(value[0])
                rest.append(value[0])
    return found


def _is_link(value: object) -> bool:
    return isinstance(value, list) and len(cast("list[object]", value)) == 2


def _faults(graph: Graph, name: str, files: Collection[str]) -> Iterator[Mapping[str, Any]]:
    node = graph[name]
    kind, given = NODES[node["class_type"]], node.get("inputs", {})
    for word, takes in {**kind.inputs, **kind.optional}.items():
        if word not in given:
            if word in kind.inputs:
                yield _fault("required_input_missing", "Required input is missing", word, word)
        elif _is_link(given[word]):
            yield from _link_faults(graph, word, takes, given[word])
        else:
            yield from _value_faults(word, takes, given[word], files)
    for word in given.keys() - {*kind.inputs, *kind.optional}:
        yield _fault("unknown_input", "The fake knows no such input", word, word)  # ComfyUI would ignore it


def _link_faults(graph: Graph, word: str, takes: Input, link: list[Any]) -> Iterator[Mapping[str, Any]]:
    source: str = link[0]
    slot: int = link[1]
    if source not in graph:
        yield _fault("exception_during_validation", "Exception when validating node", f"'{source}'", word)
        return
    outputs, wanted = NODES[graph[source]["class_type"]].outputs, _type(takes)
    came = outputs[slot] if slot < len(outputs) else "nothing"
    if came != wanted:
        details = f"{word}, received_type({came}) mismatch input_type({wanted})"
        yield _fault("return_type_mismatch", "Return type mismatch between linked nodes", details, word)


def _type(takes: Input) -> str:
    return takes.type if isinstance(takes, Number) else "COMBO" if isinstance(takes, Choice) else takes


def _value_faults(word: str, takes: Input, value: Any, files: Collection[str]) -> Iterator[Mapping[str, Any]]:
    if isinstance(takes, Number):
        yield from _number_faults(word, takes, value)
    elif isinstance(takes, Choice) and takes.files == "input":
        if value not in files:
            details = f"{word} - Invalid image file: {value}"
            yield _fault("custom_validation_failed", "Custom validation failed for node", details, word)
    elif isinstance(takes, Choice):
        listed = INSTALLED if takes.files else takes.values
        if value not in listed:
            details = f"{word}: '{value}' not in {list(listed)}"
            yield _fault("value_not_in_list", "Value not in list", details, word, value)
    elif not isinstance(value, _BOOLEANS.get(takes, ())):
        message = f"Failed to convert an input value to a {takes} value"
        yield _fault("invalid_input_type", message, f"{word}, {value}", word, value)


def _number_faults(word: str, takes: Number, value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, bool) or not isinstance(value, int | float) or (takes.type == "INT" and value != int(value)):
        message = f"Failed to convert an input value to a {takes.type} value"
        yield _fault("invalid_input_type", message, f"{word}, {value}", word, value)
    elif value < takes.low:
        message = f"Value {value} smaller than min of {takes.low}"
        yield _fault("value_smaller_than_min", message, word, word, value)
    elif value > takes.high:
        message = f"Value {value} bigger than max of {takes.high}"
        yield _fault("value_bigger_than_max", message, word, word, value)


def _fault(kind: str, message: str, details: str, word: str, value: object = None) -> Mapping[str, Any]:
    received = {} if value is None else {"received_value": value}
    return {"type": kind, "message": message, "details": details, "extra_info": {"input_name": word, **received}}
