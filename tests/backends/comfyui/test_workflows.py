"""The user's folder of workflows: what each file makes, which words it takes, and what is wrong with the others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fakes.comfyui.workflows import CANVAS, WORKFLOWS, drawn, filmed, node, write
from mediasmith.config.credentials import read_access
from mediasmith.plugin.contract import ConfiguredModels, Takes
from mediasmith_backends.comfyui import backend
from mediasmith_backends.comfyui.graph import UnreadableWorkflow
from mediasmith_backends.comfyui.workflows import Workflow, read_workflow

DOCS = Path(__file__).parents[3] / "docs" / "workflows"
DRAWN = drawn(CANVAS)


def read(graph: object) -> Workflow:
    return read_workflow("mine", json.dumps(graph))[1]


def places(graph: object) -> Mapping[str, list[str]]:
    """Where the words of a workflow go, as NODE.INPUT."""
    return {word: [f"{at.node}.{at.input}" for at in found] for word, found in read(graph).places.items()}


def configured(folder: Path | str, **env: str) -> ConfiguredModels:
    assert backend.models
    return backend.models(read_access(backend, {"MEDIASMITH_COMFYUI_WORKFLOWS": str(folder), **env}))


def test_each_file_is_a_model_of_what_it_makes(tmp_path: Path) -> None:
    found = configured(write(tmp_path))
    assert {kind: [model.id for model in models] for kind, models in found.models.items()} == {
        kind: sorted(graphs) for kind, graphs in WORKFLOWS.items()
    }
    assert not found.problems
    assert all(price.usd == 0 for models in found.models.values() for model in models for price in model.prices)


@pytest.mark.parametrize("written", ["~/flows", "$HOME/flows", '"{home}/flows"', "file://{home}/flows"])
def test_the_folder_is_read_as_people_write_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "flows", draw=DRAWN)
    assert list(configured(written.replace("{home}", str(tmp_path)), HOME=str(tmp_path)).models) == ["image"]


def test_a_workflow_without_a_prompt_comes_last(tmp_path: Path) -> None:
    silent = {"1": node("LoadImage", image="a.png"), "2": node("SaveImage", images=("1", 0), filename_prefix="x")}
    found = configured(write(tmp_path, a=silent, b=DRAWN)).models["image"]
    assert [model.id for model in found] == ["b", "a"]


def saved(title: str = "", kind: str = "SaveAudioMP3", **changed: Any) -> dict[str, Any]:
    return {**DRAWN, "7": {**node(kind, title, images=("6", 0)), **changed}}


UNREADABLE: Mapping[str, tuple[object, str]] = {
    "of the editor": ({"nodes": [], "links": [], "version": 0.4}, "export it with Workflow → Export (API)"),
    "another JSON": ([1], "Workflow → Export (API)"),
    "empty": ({}, "Workflow → Export (API)"),
    "no type": ({"1": {"inputs": {}}}, "Workflow → Export (API)"),
    "no inputs": ({"1": {"class_type": "SaveImage"}}, "Workflow → Export (API)"),
    "saves nothing": ({"1": CANVAS}, "no node that saves a file"),
    "only a socket": (saved(kind="SaveImageWebsocket"), "no node that saves a file"),
    "which sound": (saved(), "$kind music or $kind sound_effect"),
    "another kind": (saved("$kind speech"), "$kind speech, which must be one of image"),
    "an ambiguous title": (drawn(CANVAS, title="$strength"), "it could mean seed, steps, cfg"),
    "an input that is not there": (drawn(CANVAS, title="$seed.noise"), "$seed on KSampler (node 5)"),
    "a link": (drawn(CANVAS, title="$seed.model"), "$seed on KSampler (node 5)"),
    "no number": (drawn(CANVAS, title="$seed.scheduler"), "another type of value"),
    "a word of the tools": (drawn(CANVAS, title="$quality.cfg"), "$quality, a word that means something else"),
    "a word of another kind": (drawn(CANVAS, title="$duration.cfg"), "$duration, which means nothing"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_used_costs_one_model_and_says_why(tmp_path: Path, case: str) -> None:
    graph, words = UNREADABLE[case]
    found = configured(write(tmp_path, bad=graph, good=DRAWN))
    assert [model.id for model in found.models["image"]] == ["good"]
    [problem] = found.problems
    assert problem.startswith("bad.json ")
    assert words in problem


def test_what_is_no_json_or_no_text_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    (tmp_path / "b.JSON").write_bytes(b"\xff\xfe\xff")
    (tmp_path / "c.json").mkdir()
    (tmp_path / ".hidden.json").write_text("{", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("{", encoding="utf-8")
    (tmp_path / "d.json").write_text("\ufeff" + json.dumps(DRAWN), encoding="utf-8")
    found = configured(tmp_path)
    assert [problem.split(" (")[0] for problem in found.problems] == [
        "a.json is not JSON",
        "b.JSON is not JSON",
        "c.json cannot be read",
    ]
    assert [model.id for model in found.models["image"]] == ["d"]


@pytest.mark.parametrize(("folder", "words"), [("none", "names no folder that can be read"), ("", "no *.json files")])
def test_a_folder_without_workflows_is_a_problem(tmp_path: Path, folder: str, words: str) -> None:
    [problem] = configured(tmp_path / folder).problems
    assert words in problem


KINDS: Mapping[str, tuple[object, str]] = {
    "image": (DRAWN, "image"),
    "preview": (saved(kind="PreviewImage"), "image"),
    "animation": (saved(kind="SaveAnimatedWEBP"), "image"),
    "video": (saved(kind="VHS_VideoCombine"), "video"),
    "webm": (saved(kind="SaveWEBM"), "video"),
    "video and preview": (filmed(CANVAS, {"20": node("PreviewImage", images=("6", 0))}), "video"),
    "music": (saved("$kind music"), "music"),
    "sound": (saved("$kind: sound_effect", kind="SaveAudio"), "sound_effect"),
    "a custom node": (saved("$kind video", kind="FilmStore"), "video"),
}


@pytest.mark.parametrize("case", KINDS)
def test_what_is_made_follows_from_the_node_that_saves_it_or_its_title(case: str) -> None:
    graph, kind = KINDS[case]
    assert read_workflow("mine", json.dumps(graph))[0] == kind


def test_words_are_found_by_the_types_of_nodes() -> None:
    assert places(DRAWN) == {
        "prompt": ["2.text"],
        "negative_prompt": ["3.text"],
        "seed": ["5.seed"],
        "width": ["4.width"],
        "height": ["4.height"],
        "n": ["4.batch_size"],
    }


def guided(**changed: dict[str, Any]) -> dict[str, Any]:
    """A workflow whose sampler is put together of several nodes, and its words in primitives."""
    return {
        "1": node("UNETLoader", unet_name="flux", weight_dtype="default"),
        "2": node("CLIPTextEncode", text=("20", 0), clip=("1", 1)),
        "3": node("FluxGuidance", conditioning=("2", 0), guidance=3.5),
        "4": node("BasicGuider", model=("1", 0), conditioning=("3", 0)),
        "5": node("RandomNoise", noise_seed=7),
        "6": node("EmptySD3LatentImage", width=("21", 0), height=1024, batch_size=1),
        "7": node("SamplerCustomAdvanced", noise=("5", 0), guider=("4", 0), latent_image=("6", 0)),
        "8": node("SaveImage", images=("7", 0), filename_prefix="x"),
        "20": node("PrimitiveStringMultiline", value="a boat"),
        "21": node("PrimitiveInt", value=1024),
        **changed,
    }


def test_words_are_found_behind_other_nodes_and_in_primitives() -> None:
    assert places(guided()) == {
        "prompt": ["20.value"],
        "seed": ["5.noise_seed"],
        "width": ["21.value"],
        "height": ["6.height"],
        "n": ["6.batch_size"],
    }


def negative(source: str) -> dict[str, Any]:
    """The sampler with another negative side."""
    return {**DRAWN["5"], "inputs": {**DRAWN["5"]["inputs"], "negative": [source, 0]}}


SILENCED = {"5": negative("20"), "20": node("ConditioningZeroOut", conditioning=("3", 0))}


@pytest.mark.parametrize(
    ("changed", "lost"),
    [
        ({"3": node("CLIPTextEncode", text="x", clip=("1", 1)), **SILENCED}, "negative_prompt"),
        ({"5": negative("2")}, "negative_prompt"),
        ({"20": CANVAS}, "width"),
        ({"4": node("VAEEncode", pixels=("1", 0), vae=("1", 2))}, "n"),
        ({"2": node("CLIPTextEncode", text=("1", 0), clip=("1", 1))}, "prompt"),
        ({"2": node("CLIPTextEncode", text=("20", 0), clip=("1", 1)), "20": node("Magic", value="x")}, "prompt"),
    ],
)
def test_a_place_that_is_not_certain_is_none(changed: Mapping[str, Any], lost: str) -> None:
    assert lost not in places({**DRAWN, **changed})


def test_a_loop_of_nodes_is_read_to_its_end() -> None:
    looped = node("FluxGuidance", conditioning=("3", 0), guidance=1)
    assert "prompt" not in places({**guided(), "3": looped})


def test_titles_come_before_types_and_make_options() -> None:
    graph = drawn(CANVAS, title="$seed $steps $sampler_name $strength.denoise")
    graph["3"] = node("CLIPTextEncode", "$prompt", text="x", clip=("1", 1))
    graph["8"] = node("PrimitiveBoolean", "$Sharp", value=True)
    model = read(graph)
    assert places(graph)["prompt"] == ["3.text"]
    assert model.options == {
        "type": "object",
        "properties": {
            "steps": {"type": "number", "default": 20},
            "sampler_name": {"type": "string", "default": "euler"},
            "strength": {"type": "number", "default": 1},
            "sharp": {"type": "boolean", "default": True},
        },
    }


def test_one_title_may_name_several_words_and_several_titles_one_word() -> None:
    graph = drawn(CANVAS, {"20": node("CLIPTextEncodeFlux", "$prompt", clip_l="a", t5xxl="b", guidance=1)})
    graph["2"] = node("CLIPTextEncode", "$prompt", text="x", clip=("1", 1))
    graph["21"] = {**CANVAS, "_meta": {"title": "$width $height"}}
    found = places(graph)
    assert found["prompt"] == ["2.text", "20.clip_l", "20.t5xxl"]
    assert (found["width"], found["height"]) == (["21.width"], ["21.height"])


def test_a_word_without_a_place_is_not_taken() -> None:
    graph = guided()
    del graph["5"], graph["6"]
    model = read(graph)
    assert model.accepts == dict.fromkeys(("aspect_ratio", "size", "negative_prompt", "seed", "n"), False)
    assert model.takes == {"image": None, "mask": None}


def test_files_are_needed_where_there_is_a_place_for_them() -> None:
    [redraw, retouch] = [read(WORKFLOWS["image"][name]) for name in ("redraw", "retouch")]
    assert redraw.takes == {"image": Takes(required=True), "mask": None}
    assert retouch.takes["mask"] == Takes(required=True, mimes=("image/png",))
    two = drawn(CANVAS, {"11": node("LoadImage", image="a"), "12": node("LoadImage", image="b")})
    assert read(two).takes["image"] is None


def test_a_title_on_one_file_leaves_the_others_to_their_types() -> None:
    masked = {"11": node("LoadImage", image="a"), "12": node("LoadImageMask", "$mask", image="b", channel="alpha")}
    found = places(drawn(CANVAS, masked))
    assert (found["image"], found["mask"]) == (["11.image"], ["12.image"])
    last = places(filmed(CANVAS, {"11": node("LoadImage", "$last_frame", image="a")}))
    assert last["last_frame"] == ["11.image"]
    assert "first_frame" not in last


def test_the_only_picture_of_a_video_is_its_first_frame() -> None:
    model = read(filmed(CANVAS, {"11": node("LoadImage", image="a")}))
    assert [role for role, takes in model.takes.items() if takes] == ["first_frame"]
    assert "n" not in model.places


DOCUMENTED: Mapping[str, tuple[str, set[str]]] = {
    "text-to-image": ("image", {"prompt", "negative_prompt", "seed", "width", "height", "n", "steps", "cfg"}),
    "image-to-video": (
        "video",
        {"prompt", "negative_prompt", "seed", "width", "height", "first_frame", "length", "fps", "steps"},
    ),
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_documented_workflows_take_the_words_that_they_are_for(name: str) -> None:
    text = (DOCS / f"{name}.json").read_text(encoding="utf-8")
    kind, model = read_workflow(name, text)
    assert (kind, set(model.places)) == DOCUMENTED[name]


def test_no_documented_workflow_is_untested() -> None:
    assert {path.stem for path in DOCS.iterdir()} == set(DOCUMENTED)


def test_an_unreadable_workflow_is_an_error_of_its_own() -> None:
    with pytest.raises(UnreadableWorkflow, match="is not JSON"):
        read_workflow("mine", "{")
