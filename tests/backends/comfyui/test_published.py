"""The fake and the documented workflows compared with a real ComfyUI, as MEDIASMITH_TEST_SPECS has recorded it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest

from fakes.comfyui import FakeComfyUI
from fakes.comfyui.nodes import NODES, Choice, Number
from fakes.comfyui.published import EXCHANGES, NODE_INFO, choices, exchange, graph_objections, inputs, options
from mediasmith.plugin.kinds import MediaType
from mediasmith_backends.comfyui.errors import Rejection, rejected
from mediasmith_backends.comfyui.graph import read_graph
from mediasmith_backends.comfyui.history import Entry, failure, read_outputs

pytestmark = pytest.mark.skipif(
    not (NODE_INFO and EXCHANGES), reason="MEDIASMITH_TEST_SPECS names no folder with what a ComfyUI answered"
)

DOCS = Path(__file__).parents[3] / "docs" / "workflows"
UNLISTED = ("Wan22ImageToVideoLatent",)
"""Nodes of ComfyUI's own that are not among those described."""

ID = "5f0c7d6e-1b1c-4b7e-9a53-0d2f5d1f7a10"
PROMPTS = {
    one["name"]: one
    for one in EXCHANGES
    if one.get("path") == "/prompt" and one.get("method") == "POST" and "prompt" in one["request"]
    if one["name"] != "prompt_id not uuid"  # newer versions refuse it, as the fake does
}


@pytest.mark.parametrize("kind", [kind for kind in NODES if kind in NODE_INFO])
def test_nodes_are_as_they_say_themselves(kind: str) -> None:
    own, takes = NODES[kind], inputs(kind)
    assert list(own.outputs) == NODE_INFO[kind]["output"]
    assert bool(own.saves) == NODE_INFO[kind]["output_node"]
    required = set(NODE_INFO[kind]["input"]["required"])
    assert (set(own.inputs), {*own.inputs, *own.optional} - set(takes)) == (required, set[str]())
    for word, one in {**own.inputs, **own.optional}.items():
        listed = choices(takes[word])
        if isinstance(one, Choice):
            assert listed is not None
            assert one.files or set(one.values) <= set(listed)
        elif isinstance(one, Number):
            assert takes[word][0] == one.type
            assert (options(takes[word])["min"], options(takes[word])["max"]) == (one.low, one.high)
        else:
            assert takes[word][0] == one


@pytest.mark.parametrize("name", [path.stem for path in DOCS.iterdir()])
def test_the_documented_workflows_are_as_the_nodes_want_them(name: str) -> None:
    graph = json.loads((DOCS / f"{name}.json").read_text(encoding="utf-8"))
    assert list(graph_objections(graph, UNLISTED)) == []
    graph["2"]["inputs"]["colour"] = 7
    assert list(graph_objections(graph, UNLISTED)) == ["2 has no colour"]


def known(graph: Any) -> bool:
    """Return whether a graph has nodes of types alone that the fake knows, or none."""
    nodes = [cast("dict[str, Any]", node) for node in graph.values() if isinstance(node, dict)]
    return len(nodes) == len(graph) and all(node.get("class_type") in (*NODES, None, "Nope") for node in nodes)


@pytest.mark.parametrize("name", [name for name, one in PROMPTS.items() if known(one["request"]["prompt"])])
def test_graphs_are_accepted_and_refused_alike(fake: FakeComfyUI, name: str) -> None:
    recorded = PROMPTS[name]
    for file in ("ms/in.png", "a.wav"):
        httpx2.post(f"{fake.url}/upload/image", files={"image": (file, b"x")}, data={"type": "input"}, trust_env=False)
    body = {"prompt": recorded["request"]["prompt"], "client_id": ID, "prompt_id": ID}
    answer = httpx2.post(f"{fake.url}/prompt", json=body, trust_env=False)
    assert answer.status_code == recorded["status"]
    assert shape(answer.json()) == shape(recorded["body"])


def shape(answer: Any) -> Any:
    """Return what an answer says of a graph: which error, and what of which node."""
    nodes = {
        name: (
            one["class_type"],
            one["dependent_outputs"],
            [(fault["type"], name_of(fault)) for fault in one["errors"]],
        )
        for name, one in answer["node_errors"].items()
    }
    return answer.get("error", {}).get("type"), sorted(answer), nodes


def name_of(fault: Any) -> str:
    """Return the input that a fault names; an exception names none."""
    return fault["extra_info"].get("input_name", "") if fault["type"] != "exception_during_validation" else ""


@pytest.mark.parametrize("name", [name for name, one in PROMPTS.items() if one["status"] == 400])
def test_a_recorded_refusal_is_read_without_folders(name: str) -> None:
    recorded = PROMPTS[name]
    graph = read_graph(json.dumps({"1": {"class_type": "EmptyImage", "inputs": {}}}))
    error = rejected(Rejection.model_validate(recorded["body"]), graph, [], "")
    assert error.billed == "no"
    assert error.message != "ComfyUI cannot run this workflow."
    assert "/opt" not in error.message


MADE: dict[str, tuple[MediaType, list[str]]] = {
    "history of cached run": ("image", ["rec_00001_.png"]),
    "history batch": ("image", ["rec_00006_.png", "rec_00007_.png", "rec_00008_.png"]),
    "history i2i": ("image", ["z_00001_.png"]),
    "history video": ("video", ["vid_00002_.mp4", "webm_00002_.webm"]),
    "history audio": ("audio", ["snd_00003_.mp3", "snd_00004_.flac"]),
}


@pytest.mark.parametrize("name", MADE)
def test_recorded_files_are_found(name: str) -> None:
    media, files = MADE[name]
    entry = Entry.model_validate(exchange(name)["body"])
    assert [file.filename for file in entry.files(media)] == files
    assert len(read_outputs(entry, media, base_url="http://x", headers={})) == len(files)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("history of a failed run", "SaveImage (node 3) failed: **** ERROR: Saving image outside"),
        ("history of an interrupted run", "was interrupted in ComfyUI"),
    ],
)
def test_recorded_failures_are_read_without_folders(name: str, words: str) -> None:
    error = failure(Entry.model_validate(exchange(name)["body"]), "image").error
    assert words in error.message
    assert "/opt" not in error.message


def test_the_history_and_the_queue_of_the_fake_are_like_those_recorded(fake: FakeComfyUI) -> None:
    graph = exchange("prompt ok")["request"]["prompt"]
    fake.settings(polls=1)
    httpx2.post(f"{fake.url}/prompt", json={"prompt": graph, "client_id": ID, "prompt_id": ID}, trust_env=False)
    recorded = exchange("queue while running")["body"]
    queue = httpx2.get(f"{fake.url}/queue", trust_env=False).json()
    assert keys(queue["queue_pending"][0]) == keys(recorded["queue_pending"][0])
    history = [httpx2.get(f"{fake.url}/history/{ID}", trust_env=False).json() for _ in range(2)]
    assert history[0] == exchange("history unknown")["body"]
    [own], [real] = history[1].values(), exchange("history one")["body"].values()
    assert keys(own) == keys(real)
    assert [message[0] for message in own["status"]["messages"]] == ["execution_start", "execution_success"]


def keys(value: Any) -> Any:
    """Return the shape of JSON: its keys, and the types of its values, of lists that of the first."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return {name: keys(one) for name, one in entries.items() if name not in {"messages", "meta"}}
    return type(value).__name__ if not isinstance(value, list) else [keys(one) for one in cast("list[Any]", value)[:2]]


def test_uploads_are_named_as_recorded(fake: FakeComfyUI) -> None:
    names = ["upload", "upload same bytes again", "upload other bytes, same name"]
    answers = [
        httpx2.post(
            f"{fake.url}/upload/image", files={"image": ("in.png", body)}, data={"type": "input"}, trust_env=False
        ).json()
        for body in (b"a", b"a", b"b")
    ]
    assert answers == [exchange(name)["body"] for name in names]
