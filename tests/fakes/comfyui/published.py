"""What a real ComfyUI answered and says of its nodes, in the folder that MEDIASMITH_TEST_SPECS names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

_SPECS = os.environ.get("MEDIASMITH_TEST_SPECS")


def _newest(pattern: str) -> Mapping[str, Any]:
    files = sorted(Path(_SPECS).glob(pattern)) if _SPECS else []
    return json.loads(files[-1].read_text(encoding="utf-8")) if files else {}


NODE_INFO: Mapping[str, Any] = _newest("comfyui-object-info-*.json").get("object_info", {})
"""What each type of node takes, or nothing."""

FILES = ("ckpt_name", "clip_name", "unet_name", "vae_name", "image", "audio", "file")
"""Inputs that name a file: those listed are whatever is installed."""

EXCHANGES: Sequence[Mapping[str, Any]] = _newest("comfyui-*-recorded-*.json").get("exchanges", ())
"""Requests and their answers, or nothing."""


def exchange(name: str) -> Any:
    """The recorded exchange of this name."""
    [found] = [one for one in EXCHANGES if one["name"] == name]
    return found


def graph_objections(graph: Mapping[str, Any], unlisted: Sequence[str] = ()) -> Iterator[str]:
    """What the nodes' own descriptions have against a workflow; `unlisted` are types that they do not describe."""
    for name, node in graph.items():
        kind = node["class_type"]
        if kind in unlisted:
            continue
        takes = inputs(kind)
        yield from (
            f"{name} lacks {word}" for word in NODE_INFO[kind]["input"]["required"] if word not in node["inputs"]
        )
        for word, value in node["inputs"].items():
            if word not in takes:
                yield f"{name} has no {word}"
            elif isinstance(value, list):
                yield from _link_objections(graph, f"{name}.{word}", takes[word][0], cast("list[Any]", value), unlisted)
            elif word not in FILES and (objection := _value_objection(takes[word], value)):
                yield f"{name}.{word} {objection}"


def inputs(kind: str) -> Mapping[str, Any]:
    """What a type of node takes, required or not."""
    listed = NODE_INFO[kind]["input"]
    return {**listed.get("required", {}), **listed.get("optional", {})}


def options(takes: Sequence[Any]) -> Mapping[str, Any]:
    """The bounds and choices of an input."""
    return takes[1] if len(takes) > 1 else {}


def choices(takes: Sequence[Any]) -> Sequence[Any] | None:
    """What may be chosen; None where it is no choice."""
    if isinstance(takes[0], list):
        return cast("list[Any]", takes[0])
    return options(takes).get("options", []) if takes[0] == "COMBO" else None


def _link_objections(
    graph: Mapping[str, Any], place: str, wanted: str, link: list[Any], unlisted: Sequence[str]
) -> Iterator[str]:
    source: str = graph[link[0]]["class_type"]
    if source not in unlisted and NODE_INFO[source]["output"][link[1]] != wanted:
        yield f"{place} takes {wanted}, not {source}'s output {link[1]}"


def _value_objection(takes: Sequence[Any], value: Any) -> str:
    listed = choices(takes)
    if listed is not None:
        return "" if value in listed else f"takes {listed}, not {value}"
    kinds = {"INT": int, "FLOAT": (int, float), "STRING": str, "BOOLEAN": bool}
    if not isinstance(value, kinds.get(takes[0], ())):
        return f"takes {takes[0]}, not {value!r}"
    low, high = (options(takes).get(end) for end in ("min", "max"))
    outside = (low is not None and value < low) or (high is not None and value > high)
    return f"is out of bounds: {value}" if outside else ""
