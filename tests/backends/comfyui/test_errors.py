"""What ComfyUI has against a workflow or a request, and that it is not running."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from fakes.comfyui import WRONG_KEY, FakeComfyUI
from fakes.comfyui.workflows import CANVAS, WORKFLOWS, Making, drawn, node
from mediasmith.plugin.errors import InvalidRequest, MediaError, MissingKey, NotServed, Unreachable, Unsuitable
from mediasmith.testing import AdapterHarness, signed_in
from mediasmith_backends.comfyui import backend
from mediasmith_backends.comfyui.errors import without_folders


def changed(name: str, word: str, value: object) -> dict[str, Any]:
    graph = drawn(CANVAS)
    graph[name] = {**graph[name], "inputs": {**graph[name]["inputs"], word: value}}
    return graph


def lacking(name: str, word: str) -> dict[str, Any]:
    graph = drawn(CANVAS)
    inputs = {one: value for one, value in graph[name]["inputs"].items() if one != word}
    return {**graph, name: {**graph[name], "inputs": inputs}}


WRONG: Mapping[str, tuple[dict[str, Any], str]] = {
    "a model that is missing": (
        changed("1", "ckpt_name", "mine.safetensors"),
        "CheckpointLoaderSimple (node 1): the file mine.safetensors for ckpt_name is not installed in ComfyUI",
    ),
    "a choice that is none": (changed("5", "scheduler", "none"), "Value not in list: scheduler: 'none' not in"),
    "an input that is missing": (lacking("5", "denoise"), "KSampler (node 5): its input denoise is missing"),
    "a value too large": (changed("5", "cfg", 900), "KSampler (node 5): Value 900 bigger than max of 100"),
    "a link to nowhere": (changed("6", "samples", ["99", 0]), "VAEDecode (node 6): Exception when validating node"),
    "a link of another type": (changed("6", "samples", ["1", 0]), "received_type(MODEL)"),
    "an unknown node": ({**drawn(CANVAS), "20": node("Magic")}, "node Magic does not exist"),
    "no output": ({"1": node("Magic", "$kind image")}, "node Magic does not exist"),
    "only a title": ({"1": {**CANVAS, "_meta": {"title": "$kind image"}}}, "it has no node that saves a file"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_with_a_workflow_is_said_by_node_and_input(
    fake: FakeComfyUI, making: Making, case: str
) -> None:
    graph, words = WRONG[case]
    error = await making("image", mine=graph).failure_of(seed=1)
    assert (type(error), error.billed) == (Unsuitable, "no")
    assert words in error.message
    assert "export it again" in error.hint
    assert fake.paid() == 1


async def test_a_file_that_is_missing_is_named(making: Making) -> None:
    graph = {**WORKFLOWS["image"]["redraw"], "12": node("LoadImage", "Background", image="lost.png")}
    graph["4"] = node("VAEEncode", pixels=("12", 0), vae=("1", 2))
    error = await making("image", mine=graph).failure_of()
    assert "Background (node 12): image - Invalid image file: lost.png" in error.message


async def test_only_the_first_few_faults_are_named(making: Making) -> None:
    graph = drawn(CANVAS)
    graph["5"] = node("KSampler")
    error = await making("image", mine=graph).failure_of()
    assert error.message.count("is missing") == 3


async def test_what_the_caller_gave_is_the_callers_to_correct(image: AdapterHarness) -> None:
    error = await image.failure_of(size="10x64")
    assert (type(error), error.billed) == (InvalidRequest, "no")
    assert "EmptyLatentImage (node 4): Value 10 smaller than min of 16: width" in error.message


async def test_an_option_that_is_not_known_there_is_no_file_that_is_missing(image: AdapterHarness) -> None:
    call = replace(image.call(), options={"sampler_name": "unheard_of"})
    error = await image.failure_of_request(call)
    assert isinstance(error, InvalidRequest)
    assert "Value not in list: sampler_name: 'unheard_of'" in error.message


@pytest.mark.parametrize("body", [{"error": "Somehow."}, {"error": {"message": "Somehow."}}, {"detail": "Somehow."}])
async def test_another_form_of_refusal_is_read_too(fake: FakeComfyUI, image: AdapterHarness, body: object) -> None:
    fake.script("POST /prompt", {"status": 400, "body": body})
    error = await image.failure_of()
    assert (type(error), error.billed) == (InvalidRequest, "no")
    assert "Somehow" in error.message


async def test_where_nobody_answers_the_address_is_named() -> None:
    async with signed_in(backend, "http://ann:secret@127.0.0.1:9/comfy", "") as harness:
        with pytest.raises(httpx2.ConnectError) as caught:
            await harness.client.http.get("/queue")
    error = backend.explain(caught.value)
    assert isinstance(error, Unreachable)
    assert (error.message, error.billed) == ("ComfyUI cannot be reached at http://127.0.0.1:9.", "no")
    assert error.hint.startswith("Is it running there?")


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (404, NotServed, "Correct MEDIASMITH_COMFYUI_BASE_URL"),
        (405, NotServed, "ComfyUI's own is http://127.0.0.1:8188"),
        (413, InvalidRequest, "(413)"),
        (500, MediaError, "500"),
    ],
)
async def test_what_another_server_answers_is_said(
    fake: FakeComfyUI, image: AdapterHarness, status: int, kind: type[MediaError], words: str
) -> None:
    fake.script("POST /prompt", {"status": status, "body": {}})
    error = await image.failure_of()
    assert isinstance(error, kind)
    assert words in str(error)


async def test_a_rejected_key_names_the_variable(fake: FakeComfyUI, image: AdapterHarness) -> None:
    async with signed_in(backend, fake.url, WRONG_KEY, capability=image.capability) as harness:
        error = await harness.failure_of()
    assert isinstance(error, MissingKey)
    assert "MEDIASMITH_COMFYUI_API_KEY" in str(error)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("No /home/ann/ComfyUI/models/a.pt here", "No a.pt here"),
        (r"No 'C:\Users\Ann Lee\models\a.pt' here", "No 'a.pt' here"),
        ("output_dir: /opt/ComfyUI/output", "output_dir: output"),
        ("1/2 of https://example.org/a/b and a/b", "1/2 of https://example.org/a/b and a/b"),
    ],
)
def test_folders_are_left_out_of_messages(text: str, shown: str) -> None:
    assert without_folders(text) == shown
