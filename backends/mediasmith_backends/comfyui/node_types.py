"""Find where words go by the types of nodes, for what no title says; and what a workflow makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mediasmith.plugin.kinds import Kind, MediaType
from mediasmith_backends.comfyui.graph import Graph, Node, Place, UnreadableWorkflow
from mediasmith_backends.comfyui.params import PARAMS
from mediasmith_backends.comfyui.titles import TEXTS, is_number, titled_kind

_SAVERS: Sequence[tuple[str, MediaType]] = (
    ("SaveVideo", "video"),
    ("SaveWEBM", "video"),
    ("VHS_VideoCombine", "video"),
    ("SaveAudio", "audio"),
    ("SaveImage", "image"),
    ("SaveAnimatedWEBP", "image"),
    ("SaveAnimatedPNG", "image"),
    ("PreviewAudio", "audio"),
    ("PreviewImage", "image"),
)
"""What nodes save, by how their types begin; of several in one workflow the first decides."""

_NOT_SAVED = ("SaveImageWebsocket",)
"""Nodes whose files go to a web socket only."""

_KINDS: Mapping[str, Kind] = {kind: kind for kind in PARAMS}


def made_kind(graph: Graph) -> Kind:
    """Return what a workflow makes, by a `$kind` title or else by the nodes that save files.

    Raises:
        UnreadableWorkflow: neither says it.
    """
    titled = titled_kind(graph)
    if titled:
        if titled not in _KINDS:
            raise UnreadableWorkflow(f"has the title $kind {titled[:40]}, which must be one of {', '.join(_KINDS)}")
        return _KINDS[titled]
    types = [node.type for node in graph if node.type not in _NOT_SAVED]
    made: list[MediaType] = [media for start, media in _SAVERS if any(one.startswith(start) for one in types)]
    if not made:
        raise UnreadableWorkflow(
            "has no node that saves a file, such as SaveImage, SaveVideo or SaveAudio; if one of its nodes does, give "
            "it the title $kind image or $kind video"
        )
    media = made[0]
    if media == "audio":
        raise UnreadableWorkflow(
            "makes sound, but does not say which; give the node that saves it the title $kind music or "
            "$kind sound_effect"
        )
    return media


def places_by_type(graph: Graph, kind: Kind) -> Mapping[str, Sequence[Place]]:
    """Return where words go by the types of nodes; a word that has no such place is missing."""
    prompt = list(dict.fromkeys(_texts(graph, "positive")))
    negative = [place for place in dict.fromkeys(_texts(graph, "negative")) if place not in prompt]
    found = {"prompt": prompt, "negative_prompt": negative, "seed": _seeds(graph), **_canvas(graph, kind)}
    loaders = [Place(node.id, "image") for node in graph if node.type == "LoadImage" and "image" in node.values]
    if len(loaders) == 1:
        found["first_frame" if kind == "video" else "image"] = loaders
    return {word: places for word, places in found.items() if places}


def _texts(graph: Graph, side: str) -> Iterator[Place]:
    """Yield the texts that reach an input such as the `positive` one of a sampler."""
    for node in graph:
        yield from _encoded(graph, node, side)
        if side == "positive" and node.type == "BasicGuider":
            yield from _encoded(graph, node, "conditioning")


def _encoded(graph: Graph, node: Node, name: str, seen: frozenset[str] = frozenset()) -> Iterator[Place]:
    """Yield the texts of the encoders that an input is linked to, also through nodes that change a conditioning."""
    source = graph.source(node, name)
    if source is None or source.id in seen or source.type == "ConditioningZeroOut":
        return
    if "TextEncode" in source.type:
        names = TEXTS.get(source.type) or [one for one in ("prompt", "text") if one in source.inputs][:1]
        places = (graph.place(source, one) for one in names)
        yield from (place for place in places if place and isinstance(graph.value(place), str))
        return
    for one in source.inputs:
        if one.startswith("conditioning"):
            yield from _encoded(graph, source, one, seen | {source.id})


def _seeds(graph: Graph) -> list[Place]:
    places = (graph.place(node, name) for node in graph for name in ("seed", "noise_seed"))
    return list(dict.fromkeys(place for place in places if place and is_number(graph.value(place))))


def _canvas(graph: Graph, kind: Kind) -> dict[str, list[Place]]:
    """Return the places of width, height and n in the one node that has them, such as EmptyLatentImage.

    In a video a batch is not several videos.
    """
    names = {"width": "width", "height": "height", "n": "batch_size"}
    found = [{word: graph.place(node, name) for word, name in names.items()} for node in graph]
    canvases = [
        {word: [place] for word, place in one.items() if place and is_number(graph.value(place))} for one in found
    ]
    whole = [one for one in canvases if len(one) == len(names)]
    if len(whole) != 1:
        return {}
    return {word: places for word, places in whole[0].items() if word != "n" or kind == "image"}
