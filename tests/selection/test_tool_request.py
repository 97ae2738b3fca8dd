"""What a tool is asked for, once its arguments are read: defaults, the kind, prompts, and the roles of files."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.tool_requests import EDIT, GENERATE, read, refused
from mediasmith.selection.tool_request import ToolRequest, parse_request


def test_a_request_has_everything_that_was_given() -> None:
    request = read(
        prompt="a fox",
        kind="video",
        backend="xai",
        model=" grok ",
        first_frame="fox.png",
        aspect_ratio="16:9",
        seed=7,
        n=3,
        draft=True,
        options={"fps": 24},
        output="clips/",
        wait_seconds=0,
        max_cost_usd=1.5,
        dry_run=True,
    )
    assert request == ToolRequest(
        prompts=("a fox",),
        kind="video",
        backend="xai",
        model="grok",
        words={"aspect_ratio": "16:9", "seed": 7},
        options={"fps": 24},
        references={"first_frame": ("fox.png",)},
        n=3,
        draft=True,
        output="clips/",
        wait_seconds=0,
        max_cost_usd=1.5,
        dry_run=True,
    )


def test_what_is_not_given_has_its_default() -> None:
    assert read() == ToolRequest(prompts=("a fox",), kind="image")
    edit = parse_request({"continuation_id": " media://abc ", "prompt": "now at night"}, EDIT)
    assert edit == ToolRequest(prompts=("now at night",), kind=None, continuation_id="media://abc")


def test_white_space_makes_no_other_request_id() -> None:
    assert read(request_id=" A-1\n") == read(request_id="A-1")


def test_auto_is_no_backend_and_no_model_and_case_does_not_matter() -> None:
    assert read(backend="auto").backend == read(backend=" AUTO ").backend == ""
    assert read(backend=" OpenAI ").backend == "openai"
    assert read(model="Auto ").model == ""
    assert read(model=" grok-Auto").model == "grok-Auto"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"backend": "openai:gpt-image-1"}, ("openai", "gpt-image-1", None)),
        ({"backend": "OpenAI / gpt-image-1"}, ("openai", "gpt-image-1", None)),
        ({"backend": "openrouter:google/veo-3:free"}, ("openrouter", "google/veo-3:free", None)),
        ({"backend": "openai:auto"}, ("openai", "", "image")),
        ({"backend": "openai:"}, ("openai", "", "image")),
        ({"backend": "nobody:gpt-image-1"}, ("nobody:gpt-image-1", "", "image")),
        ({"backend": "openai:gpt-image-1", "model": "gpt-image-2"}, ("openai:gpt-image-1", "gpt-image-2", None)),
    ],
)
def test_a_backend_may_be_given_with_its_model(given: dict[str, Any], expected: tuple[object, ...]) -> None:
    request = read(**given)
    assert (request.backend, request.model, request.kind) == expected


def test_prompt_and_prompts_exclude_each_other_and_one_is_needed() -> None:
    assert "prompt and prompts were both given; use one of them." in refused({"prompt": "a", "prompts": ["b"]})
    assert "prompt is missing" in refused({})
    assert "prompt is missing" in refused({"kind": "video"})


@pytest.mark.parametrize("empty", ["", " ", "\n\t", "\u2003"])
def test_an_empty_prompt_is_refused(empty: str) -> None:
    assert "prompt is missing; say what to generate" in refused({"prompt": empty})
    assert "One of the prompts is empty; say what to generate." in refused({"prompts": ["a", empty]})


def test_work_on_a_recording_and_a_pinned_video_need_no_prompt() -> None:
    for kind in ("voice_conversion", "audio_isolation", "voice_clone", "dubbing"):
        assert parse_request({"kind": kind, "audio": "a.mp3"}, GENERATE).prompts == ("",)
    assert parse_request({"kind": "video", "first_frame": "a.png"}, GENERATE).prompts == ("",)
    assert parse_request({"kind": "music", "options": {"plan": {"parts": []}}}, GENERATE).prompts == ("",)
    assert "prompt is missing" in refused({"kind": "music", "options": {}})
    assert "prompt is missing" in refused({"kind": "music", "duration": 3})
    assert "prompt is missing" in refused({"kind": "image", "image": ["a.png"]})
    assert "prompt is missing" in refused({"kind": "speech", "voice": "ash"})


def test_the_extension_of_the_output_decides_the_kind_where_only_one_fits() -> None:
    film = read(output="clips/film.MP4")
    assert film.kind == "video"
    assert film.warnings == ("kind was not given; video was chosen, as output names a .MP4 file.",)
    assert "output names a .mp3 file, but kind was not given and is image" in refused(
        {"prompt": "x", "output": "a.mp3"}
    )
    assert "Set kind to one of speech, dialogue, music" in refused({"prompt": "x", "output": "'a.mp3'"})
    for output in ("logo.webp", "v1.2", "clips.mp4/", "film"):
        assert (read(output=output).kind, read(output=output).warnings) == ("image", ())
    assert (read(kind="image", output="film.mp4").kind, read(kind="music", output="a.mp3").kind) == ("image", "music")


def test_a_prefix_gives_an_image_its_role() -> None:
    request = read(image=["a.png", "style=s.png", "control=c.png", "subject=1.png", "subject=2.png", "b.png"])
    assert request.references == {
        "image": ("a.png", "b.png"),
        "style_image": ("s.png",),
        "control_image": ("c.png",),
        "subject_image": ("1.png", "2.png"),
    }


def test_an_equals_sign_elsewhere_is_no_prefix() -> None:
    for plain in ("https://pictures.example/?style=1", "mood=a.png", "Style=a.png", "./style=a.png"):
        assert read(image=[plain]).references == {"image": (plain,)}
    assert read(mask="style=m.png").references == {"mask": ("style=m.png",)}


def test_an_empty_continuation_id_is_refused() -> None:
    for empty in ("", "  "):
        assert refused({"continuation_id": empty, "prompt": "x"}, EDIT).startswith("continuation_id is missing")
