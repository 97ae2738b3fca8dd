"""Arguments that no tool has: passed over where clients add them, else refused with what was meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.tool_requests import EDIT, GENERATE, JOB, LIST, read, refused
from mediasmith.selection.arguments import check_arguments
from mediasmith.selection.tool_request import parse_request
from mediasmith.selection.unknown_arguments import ADDED_BY_CLIENTS, ADDED_PREFIX


def test_what_clients_add_by_themselves_is_passed_over_in_every_tool() -> None:
    added = dict.fromkeys((*ADDED_BY_CLIENTS, ADDED_PREFIX, f"{ADDED_PREFIX}2"), "x")
    assert read(**added) == read()
    for tool in (LIST, JOB):
        assert check_arguments(added, tool) == {}
    edit = {"continuation_id": "x", "prompt": "y"}
    assert parse_request({**edit, **added}, EDIT) == parse_request(edit, EDIT)
    for near in ("Prompt__User", "toolcallid", "session_id"):
        assert "There is no argument" in refused({"prompt": "x", near: "y"})


def test_a_name_that_clients_add_counts_once_it_is_an_argument() -> None:
    parameters = {**JOB.parameters, "properties": {**JOB.parameters["properties"], "action": {"type": "string"}}}
    assert check_arguments({"action": "stop", "tool": "x"}, replace(JOB, parameters=parameters)) == {"action": "stop"}


def test_an_unknown_argument_is_refused_with_the_closest_word() -> None:
    assert "There is no argument 'aspect_ration'. Did you mean aspect_ratio?" in refused({"aspect_ration": "1:1"})
    assert "Did you mean prompts?" in refused({"promts": ["a"]})
    assert "Did you mean aspect_ratio?" in refused({"aspectRatio": "1:1"})
    text = refused({"prompt": "a fox", "zzz": 1})
    assert "There is no argument 'zzz'. Known: prompt, prompts, kind, " in text
    for one, tool in {"continuation_id": "continue_edit", "job_id": "get_job"}.items():
        assert f"There is no argument '{one}'. It belongs to {tool}." in refused({"prompt": "a fox", one: "x"})


@pytest.mark.parametrize(
    ("word", "meant"),
    {
        "output_path": "output",
        "outputPath": "output",
        "filename": "output",
        "ratio": "aspect_ratio",
        "num_images": "n",
        "numImages": "n",
        "resolution": "size",
        "image_url": "image",
        "reference_images": "image",
        "format": "output_format",
        "voice_id": "voice",
        "text": "prompt",
        "provider": "backend",
        "quantity": "n",
        "operation": "kind",
        "ext": "output_format",
        "idempotencyKey": "request_id",
    }.items(),
)
def test_the_word_of_another_tool_leads_to_ours(word: str, meant: str) -> None:
    assert f"Did you mean {meant}?" in refused({"prompt": "a fox", word: "x"})


@pytest.mark.parametrize("word", ["stability", "output_compression"])
def test_an_option_of_a_backend_is_told_to_go_into_options(word: str) -> None:
    for arguments, tool in (({"prompt": "x"}, GENERATE), ({"prompt": "x", "continuation_id": "y"}, EDIT)):
        text = refused({**arguments, word: 1}, tool)
        assert f"{word} is an option of {GENERATE.options[word][0]}" in text
        assert f'pass it in options, as {{"{word}": …}}.' in text
    assert "Did you mean stability, in options?" in refused({"prompt": "x", "stabilty": 1})


def test_an_option_that_other_tools_have_as_ours_may_be_meant_either_way() -> None:
    text = refused({"prompt": "x", "text": 1}, replace(GENERATE, options={**GENERATE.options, "text": ("one",)}))
    assert "Did you mean prompt? Otherwise, text is an option of one: pass it in options" in text


@pytest.mark.parametrize("word", ["guidance_scale", "steps", "negative_prompt", "strength", "stabilised", "preset"])
def test_nothing_unrelated_is_suggested(word: str) -> None:
    assert f"There is no argument '{word}'. Known: " in refused({"prompt": "a fox", word: 1})


def test_an_unknown_argument_may_have_any_name() -> None:
    for name in ("", "\0", "\ud800" * 200, "\U000e0001" * 200, "x" * 1_000_000, "__class__", "a\nb"):
        assert "There is no argument " in refused({"prompt": "a fox", name: 1})
