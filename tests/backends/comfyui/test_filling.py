"""What goes into a workflow, and the files that are uploaded for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fakes.comfyui import FakeComfyUI
from fakes.comfyui.workflows import CANVAS, WORKFLOWS, Making, drawn, node
from mediasmith.plugin.contract import Request
from mediasmith.testing import AdapterHarness, MemorySource

RED, GREEN = MemorySource(b"\xff\0\0"), MemorySource(b"\0\xff\0")


def sent(fake: FakeComfyUI) -> Any:
    """Return the graph that was sent last."""
    return fake.log()[-1]["body"]["prompt"]


def changed(fake: FakeComfyUI, graph: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs from a workflow's file in the graph that was sent last, as NODE.INPUT."""
    return {
        f"{name}.{word}": value
        for name, one in sent(fake).items()
        for word, value in one["inputs"].items()
        if graph[name]["inputs"][word] != value
    }


async def test_words_go_to_their_places_and_all_else_stays(fake: FakeComfyUI, image: AdapterHarness) -> None:
    await image.submit(size="640x384", seed=7, n=2, negative_prompt="fog")
    assert changed(fake, WORKFLOWS["image"]["draw"]) == {
        "2.text": "a red kite",
        "3.text": "fog",
        "4.width": 640,
        "4.height": 384,
        "4.batch_size": 2,
        "5.seed": 7,
    }
    await image.submit(seed=1)
    assert changed(fake, WORKFLOWS["image"]["draw"]) == {"2.text": "a red kite"}
    assert not image.warnings


async def test_options_go_to_their_places(fake: FakeComfyUI, image: AdapterHarness) -> None:
    call = image.call(seed=1)
    options = {"steps": 8, "sampler_name": "uni_pc"}
    await image.capability.start(
        image.call_for(Request(model=call.model, prompt="a boat", params=call.params, inputs={}, options=options))
    )
    assert changed(fake, WORKFLOWS["image"]["draw"]) == {"5.steps": 8, "5.sampler_name": "uni_pc"}


async def test_without_a_seed_the_same_call_makes_another_file(fake: FakeComfyUI, image: AdapterHarness) -> None:
    first, again = [(await image.generate()).outputs[0].body for _ in range(2)]
    assert first != again
    [same, cached] = [(await image.generate(seed=7)).outputs[0].body for _ in range(2)]
    assert same == cached


@pytest.mark.parametrize(("ratio", "width", "height"), [("1:1", 224, 224), ("16:9", 288, 160), ("1:2", 160, 320)])
async def test_a_ratio_keeps_about_as_many_pixels(
    fake: FakeComfyUI, image: AdapterHarness, ratio: str, width: int, height: int
) -> None:
    await image.submit(aspect_ratio=ratio)
    assert (sent(fake)["4"]["inputs"]["width"], sent(fake)["4"]["inputs"]["height"]) == (width, height)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"size": "640x384", "aspect_ratio": "16:9"}, "not both"),
        ({"aspect_ratio": "9999:1"}, "too extreme"),
        ({"aspect_ratio": "16:9"}, ""),
        ({"size": "640x384"}, ""),
    ],
)
def test_sizes_that_cannot_be_are_refused(image: AdapterHarness, given: dict[str, Any], reason: str) -> None:
    found = image.capability.refuses(image.call(**given))
    assert reason in found
    assert bool(found) == bool(reason)


async def test_a_size_that_will_be_rounded_is_said(image: AdapterHarness) -> None:
    await image.submit(size="100x64")
    assert ["multiple of 8" in warning for warning in image.warnings] == [True]


async def test_a_prompt_without_a_place_is_said(making: Making) -> None:
    silent = {"1": CANVAS, "2": node("EmptyImage", width=64, height=64, batch_size=1, color=0)}
    silent |= {"3": node("SaveImage", images=("2", 0), filename_prefix="x")}
    harness = making("image", silent=silent)
    await harness.submit()
    assert harness.warnings == ["The workflow silent has no place for a prompt; it was left out."]


async def test_files_are_uploaded_and_named_as_comfyui_named_them(fake: FakeComfyUI, image: AdapterHarness) -> None:
    retouch = image.capability.models[2]
    await image.submit(model=retouch, seed=1, inputs={"image": [RED], "mask": [GREEN]})
    assert changed(fake, WORKFLOWS["image"]["retouch"]) == {
        "2.text": "a red kite",
        "11.image": "sample.png",
        "12.image": "sample (1).png",
    }
    [first, second] = [entry["body"] for entry in fake.log() if entry["path"] == "/upload/image"]
    assert (first["fields"], second["files"][0]["mime"]) == ({"type": "input"}, "image/png")


async def test_a_file_in_a_folder_is_named_with_it(fake: FakeComfyUI, image: AdapterHarness) -> None:
    answer = {"name": "kite.png", "subfolder": "mine", "type": "input"}
    fake.script("POST /upload/image", {"status": 200, "body": answer})
    error = await image.failure_of(model=image.capability.models[1], inputs={"image": [RED]})
    assert "mine/kite.png" in error.message  # which the fake does not have


async def test_an_upload_that_fails_costs_nothing_and_sends_nothing(fake: FakeComfyUI, image: AdapterHarness) -> None:
    fake.script("POST /upload/image", {"status": 500, "body": {}})
    error = await image.failure_of(model=image.capability.models[1], inputs={"image": [RED]})
    assert (error.billed, fake.paid(), image.handles) == ("no", 0, [])


async def test_the_file_of_the_workflow_is_left_as_it_is(making: Making) -> None:
    harness = making("image", draw=drawn(CANVAS))
    await harness.submit(prompt="one", seed=5)
    model: Any = harness.capability.models[0]
    assert model.graph.raw["2"]["inputs"]["text"] == "a boat"
