"""The fake refuses what ComfyUI would refuse, and what it would silently ignore."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import httpx2
import pytest

from fakes.comfyui import FakeComfyUI
from fakes.comfyui.workflows import CANVAS, drawn, node

ID = "5f0c7d6e-1b1c-4b7e-9a53-0d2f5d1f7a10"
RIGHT: dict[str, Any] = {"prompt": drawn(CANVAS), "client_id": ID, "prompt_id": ID}


@pytest.fixture
def http(fake: FakeComfyUI) -> Generator[httpx2.Client]:
    with httpx2.Client(base_url=fake.url, trust_env=False) as http:
        yield http


def test_a_right_graph_is_accepted(http: httpx2.Client) -> None:
    answer = http.post("/prompt", json=RIGHT)
    assert (answer.status_code, answer.json()) == (200, {"prompt_id": ID, "number": 0, "node_errors": {}})


@pytest.mark.parametrize(
    "changed",
    [{"prompt_id": ID.upper()}, {"prompt_id": "x"}, {"prompt": []}, {"client_id": 7}, {"front": True}],
)
def test_a_wrong_request_is_refused(http: httpx2.Client, changed: dict[str, Any]) -> None:
    assert http.post("/prompt", json={**RIGHT, **changed}).status_code == 400


GRAPHS: list[tuple[dict[str, Any], str]] = [
    ({"7": {"inputs": {}}}, "invalid_prompt"),
    ({"7": node("Nope")}, "invalid_prompt"),
    ({"7": CANVAS}, "prompt_no_outputs"),
    ({"4": node("EmptyLatentImage", width=8, height=64, batch_size=1)}, "value_smaller_than_min"),
    ({"4": node("EmptyLatentImage", width=64, height=64, batch_size=5000)}, "value_bigger_than_max"),
    ({"4": node("EmptyLatentImage", width="64", height=64, batch_size=1)}, "invalid_input_type"),
    ({"4": node("EmptyLatentImage", width=64, height=64)}, "required_input_missing"),
    ({"4": node("EmptyLatentImage", width=64, height=64, batch_size=1, depth=1)}, "unknown_input"),
    ({"1": node("CheckpointLoaderSimple", ckpt_name="mine")}, "value_not_in_list"),
    ({"2": node("CLIPTextEncode", text=7, clip=("1", 1))}, "invalid_input_type"),
    ({"2": node("CLIPTextEncode", text="x", clip=("1", 0))}, "return_type_mismatch"),
    ({"2": node("CLIPTextEncode", text="x", clip=("77", 0))}, "exception_during_validation"),
    ({"4": node("LoadImage", image="lost.png")}, "custom_validation_failed"),
]


@pytest.mark.parametrize(("changed", "kind"), GRAPHS)
def test_a_wrong_graph_is_refused(http: httpx2.Client, changed: dict[str, Any], kind: str) -> None:
    answer = http.post("/prompt", json={**RIGHT, "prompt": {**drawn(CANVAS), **changed}})
    assert answer.status_code == 400
    faults = [fault["type"] for one in answer.json()["node_errors"].values() for fault in one["errors"]]
    assert kind in (answer.json()["error"]["type"], *faults)


@pytest.mark.parametrize(
    "path",
    ["/view?filename=../a&subfolder=&type=output", "/view?filename=a&subfolder=&type=secret", "/view?filename=a"],
)
def test_a_wrong_file_is_not_shown(http: httpx2.Client, path: str) -> None:
    assert http.get(path).status_code == 400


def test_no_job_is_stopped_without_its_id(http: httpx2.Client) -> None:
    assert http.post("/interrupt", json={}).status_code == 400
    assert http.post("/queue", json={"clear": True}).status_code == 400


def test_an_upload_has_one_file(http: httpx2.Client) -> None:
    assert http.post("/upload/image", files={"file": b"x"}, data={"type": "input"}).status_code == 400
    assert http.post("/upload/image", files={"image": b"x"}, data={"type": "output"}).status_code == 400
