"""Read titles of nodes that begin with `$`: they say which words and options go into a node's inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mediasmith.plugin.params import INPUT_WORDS, WORDS
from mediasmith_backends.comfyui.graph import Graph, Node, Place, UnreadableWorkflow, Value

KIND = "kind"
"""The title that says what a workflow makes, such as `$kind music`; it goes nowhere."""

_WORD = re.compile(r"\$([A-Za-z]\w*)(?:\.(\w+))?")
_KIND = re.compile(r"\$kind[\s:=]+(\w+)", re.IGNORECASE)

TEXTS: Mapping[str, Sequence[str]] = {
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl"),
    "CLIPTextEncodeSDXL": ("text_g", "text_l"),
    "TextEncodeAceStepAudio": ("tags",),
    "TextEncodeQwenImageEdit": ("prompt",),
    "TextEncodeQwenImageEditPlus": ("prompt",),
}
"""The inputs of ComfyUI's own text encoders that hold the prompt."""

_TEXT_INPUTS = ("prompt", "text", "value")
_INPUTS: Mapping[str, Sequence[str]] = {
    "prompt": _TEXT_INPUTS,
    "negative_prompt": ("negative_prompt", *_TEXT_INPUTS),
    "seed": ("seed", "noise_seed", "value"),
    "duration": ("duration", "seconds", "value"),
    "n": ("n", "batch_size", "amount", "value"),
    "mask": ("mask", "image", "value"),
    "first_frame": ("first_frame", "image", "value"),
    "last_frame": ("last_frame", "image", "value"),
    "video": ("video", "file", "value"),
}
"""The inputs that a word may mean, the likeliest first; of others it is the input of its name, or `value`."""

_NUMBERS = ("seed", "width", "height", "n", "duration")
_TEXTS = ("prompt", "negative_prompt", "image", "mask", "first_frame", "last_frame", "audio", "video")
KNOWN = (*_NUMBERS, *_TEXTS)
"""The words that mean something to every workflow; every other name is an option of one."""

_TAKEN = {*WORDS, *INPUT_WORDS} - {*KNOWN}
"""Words of the tools that no workflow takes, and that no option may be called."""


def titled_kind(graph: Graph) -> str:
    """Return what a `$kind` title says that the workflow makes, or ""."""
    found = (_KIND.search(node.title) for node in graph if node.title.startswith("$"))
    return next((match[1].lower() for match in found if match), "")


def titled_places(graph: Graph) -> Mapping[str, Sequence[Place]]:
    """Return where words and options go by the titles of nodes.

    `$seed` is the node's input of that name, or the one that it usually means; `$name.input` names the input. A title
    may hold several words, and several nodes the same.

    Raises:
        UnreadableWorkflow: a title leads nowhere.
    """
    found: dict[str, list[Place]] = {}
    for node in graph:
        for word, places in _places(graph, node):
            found.setdefault(word, []).extend(places)
    return found


def _places(graph: Graph, node: Node) -> Iterator[tuple[str, Sequence[Place]]]:
    for word, wanted in _WORD.findall(node.title) if node.title.startswith("$") else ():
        name = word.lower()
        if name == KIND:
            continue
        if name in _TAKEN:
            raise UnreadableWorkflow(f"has the title ${word}, a word that means something else; choose another name")
        places = [graph.place(node, one) for one in ([wanted] if wanted else _inputs(node, name))]
        if not places or None in places:
            raise UnreadableWorkflow(
                f"has the title ${word} on {node.type} (node {node.id}), where it could mean "
                f"{', '.join(node.values) or 'nothing'}; write ${word}.INPUT"
            )
        fitting = [place for place in places if place and _fits(name, graph.value(place))]
        if len(fitting) < len(places):
            raise UnreadableWorkflow(
                f"has the title ${word} on {node.type} (node {node.id}), whose input holds another type of value"
            )
        yield name, fitting


def _inputs(node: Node, word: str) -> Sequence[str]:
    """Return the inputs of a node that a word means without naming one."""
    if word in {"prompt", "negative_prompt"} and node.type in TEXTS:
        return TEXTS[node.type]
    known = next((name for name in _INPUTS.get(word, (word, "value")) if name in node.inputs), "")
    return [known] if known else list(node.values) if len(node.values) == 1 else []


def _fits(word: str, value: Value) -> bool:
    if word in _NUMBERS:
        return is_number(value)
    return isinstance(value, str) or word not in _TEXTS


def is_number(value: object) -> bool:
    """Return whether a value is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
