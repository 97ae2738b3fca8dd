"""Arguments as callers send them: what is understood, and what every refusal says."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.tool_requests import EDIT, GENERATE, JOB, LIST, read, refused
from mediasmith.config.field_schemas import Schema
from mediasmith.config.tool_schemas import ToolSchema
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.params import WORDS
from mediasmith.selection.arguments import check_arguments, check_listed
from mediasmith.selection.near_matches import suggest
from mediasmith.selection.tool_request import MAX_PROMPT, parse_request

PROPERTIES: Mapping[str, Schema] = GENERATE.parameters["properties"]

NO_NUMBERS = (math.nan, math.inf, -math.inf, 10**400, -(10**400), 10**5_000)
"""What no provider can be sent as a number; the last has too many digits even to be printed."""


def of_type(*types: str) -> list[str]:
    return [name for name, one in PROPERTIES.items() if one["type"] in types]


def nested(depth: int, value: object = 1) -> object:
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("nothing", [None, "", " ", [], [""], [None], ["", " "]])
@pytest.mark.parametrize("name", [name for name in PROPERTIES if name != "prompt"])
def test_every_optional_argument_may_be_blank(name: str, nothing: object) -> None:
    assert read(prompt="a fox", **{name: nothing}) == read()


@pytest.mark.parametrize("nothing", ["[]", '[""]', "[null]", ' [ "" , null ] '])
@pytest.mark.parametrize("name", [name for name, one in PROPERTIES.items() if one["type"] == "array"])
def test_a_list_may_be_blank_as_json_text(name: str, nothing: str) -> None:
    assert read(prompt="a fox", **{name: nothing}) == read()


def test_white_space_around_a_word_is_left_out() -> None:
    assert read(kind="speech", voice=" Ash ", instructions="calm\n").words == {"voice": "Ash", "instructions": "calm"}


@pytest.mark.parametrize("name", [name for name, one in PROPERTIES.items() if one["type"] != "string"])
def test_null_may_be_json_text(name: str) -> None:
    assert read(prompt="a fox", **{name: "null"}) == read()


def test_an_empty_list_of_options_is_none() -> None:
    assert read(options="[]") == read(options='[""]') == read()


@pytest.mark.parametrize("given", [["", "a.png", None], '["a.png", ""]', ["a.png"], "a.png"])
def test_blank_entries_of_a_list_are_left_out(given: object) -> None:
    assert read(image=given).references == {"image": ("a.png",)}


def test_an_empty_prompt_of_several_is_not_left_out() -> None:
    assert "One of the prompts is empty" in refused({"prompts": ["a fox", ""]})


@pytest.mark.parametrize("text", ["[2026] a fox.png", "[a] or [b].png"])
def test_text_that_begins_with_a_bracket_may_stand_for_a_list(text: str) -> None:
    assert read(image=text).references == {"image": (text,)}
    assert read(prompts=text).prompts == (text,)


def test_auto_says_nothing_unless_it_is_a_value_of_its_own() -> None:
    words = {"size": "auto", "aspect_ratio": "Auto", "output_format": "auto", "language": " auto"}
    assert read(**words).words == {}
    assert read(kind="auto", n="auto", seed="Auto", duration="auto", generate_audio=" auto") == read()
    assert "max_cost_usd" in refused({"prompt": "a fox", "max_cost_usd": "auto"})
    assert read(**words, quality="auto").words == {"quality": "auto"}


def test_a_blank_says_nothing_to_any_tool() -> None:
    assert check_arguments({"kind": "", "backend": [""]}, LIST) == {}
    assert check_arguments({"job_id": "", "wait_seconds": "", "cancel": ""}, JOB) == {}
    assert read(prompt="a fox", negative="", options={"loop": None, "fps": 24}).options == {"fps": 24}
    assert read(prompt="", prompts=["a"]).prompts == ("a",)


@pytest.mark.parametrize("name", of_type("string"))
@pytest.mark.parametrize("wrong", [True, ["a", "b"], {"a": "b"}])
def test_what_should_be_text_is_refused_otherwise(name: str, wrong: object) -> None:
    assert f"{name} must be text, not {json.dumps(wrong)}." in refused({"prompt": "a fox", name: wrong})


@pytest.mark.parametrize("name", of_type("integer"))
def test_what_should_be_a_whole_number_is_refused_otherwise(name: str) -> None:
    for wrong in ("1.5", "five", "5 or 6", "nan", "0x5", "5_0", 1.5, True, False, [1], {"a": 1}, *NO_NUMBERS):
        text = refused({"prompt": "a fox", name: wrong})
        assert f"{name} must be a whole number from {PROPERTIES[name]['minimum']:.10g} to " in text


@pytest.mark.parametrize("name", of_type("number"))
def test_what_should_be_a_number_is_refused_otherwise(name: str) -> None:
    for wrong in ("five", "1,5", "1e999", "nan", "inf", True, False, [1.5], {"a": 1}, *NO_NUMBERS):
        text = refused({"prompt": "a fox", name: wrong})
        assert f"{name} must be a number" in text
        assert f"{PROPERTIES[name]['minimum']:.10g}" in text


@pytest.mark.parametrize("name", of_type("boolean"))
@pytest.mark.parametrize("wrong", [0, 1, "yes", "on", [True], {}])
def test_what_should_be_true_or_false_is_refused_otherwise(name: str, wrong: object) -> None:
    assert f"{name} must be true or false, not {json.dumps(wrong)}." in refused({"prompt": "a fox", name: wrong})


@pytest.mark.parametrize("name", of_type("array"))
@pytest.mark.parametrize("wrong", [True, {"a": ["b"]}, '["cut off', "[['a']]"])
def test_what_should_be_a_list_is_refused_otherwise(name: str, wrong: object) -> None:
    assert f"{name} must be a list of strings, not {json.dumps(wrong)}." in refused({name: wrong})


@pytest.mark.parametrize("name", of_type("array"))
@pytest.mark.parametrize("wrong", [True, ["a"], {"a": ["b"]}])
def test_an_entry_that_is_no_text_is_named_by_its_place(name: str, wrong: object) -> None:
    assert f"{name}[1] must be text, not {json.dumps(wrong)}." in refused({name: ["a", wrong]})


@pytest.mark.parametrize("wrong", [5, True, ["a"], "fps=24", "[1]", "6"])
def test_what_should_be_an_object_is_refused_otherwise(wrong: object) -> None:
    assert "options must be an object such as {}" in refused({"prompt": "a fox", "options": wrong})


LISTED = [(kind, name) for kind, words in GENERATE.accepted.items() for name in words]


@pytest.mark.parametrize(("kind", "name"), LISTED)
def test_a_value_outside_the_list_is_refused_with_what_the_kind_accepts(kind: str, name: str) -> None:
    accepted = ", ".join(GENERATE.accepted[kind][name])
    for wrong in ("sepia", "auto-ish", "x" * 1_000_000):
        text = refused({"prompt": "a fox", "kind": kind, name: wrong})
        assert text.startswith(f'{name} is "{wrong[:50]}')
        assert f"accepted for kind {kind}: {accepted}." in text


@pytest.mark.parametrize(("kind", "name"), LISTED)
def test_a_value_of_the_list_is_taken_in_any_case(kind: str, name: str) -> None:
    for listed in GENERATE.accepted[kind][name]:
        assert read(kind=kind, **{name: listed.swapcase()}).words == {name: listed}


def test_a_list_holds_what_the_backends_of_that_kind_accept() -> None:
    assert GENERATE.accepted["image"]["output_format"] == ("png", "jpeg", "webp", "gif", "svg")
    assert "mp3" in GENERATE.accepted["speech"]["output_format"]
    assert "size" not in GENERATE.accepted["image"]  # any size in pixels
    with pytest.raises(InvalidRequest, match="accepted for kind image: png, jpeg, webp, gif, svg"):
        check_listed({"output_format": "mp3"}, "image", EDIT)


def test_a_kind_is_taken_in_any_spelling_and_refused_with_all_of_them() -> None:
    for spelled in ("sound effect", "Sound-Effect", "SOUND_EFFECT"):
        assert check_arguments({"kind": spelled}, LIST) == {"kind": "sound_effect"}
    assert 'kind is "sepia"; accepted: image, video, ' in refused({"prompt": "a fox", "kind": "sepia"})


@pytest.mark.parametrize("name", [name for name, one in PROPERTIES.items() if "minimum" in one])
def test_the_bounds_are_accepted_and_one_beyond_is_refused(name: str) -> None:
    low, high = PROPERTIES[name]["minimum"], PROPERTIES[name].get("maximum")
    assert check_arguments({name: low}, GENERATE) == {name: low}
    assert f"{name} is {low - 1}; accepted: a " in refused({"prompt": "a fox", name: low - 1})
    if high is not None:
        assert check_arguments({name: high}, GENERATE) == {name: high}
        text = refused({"prompt": "a fox", name: high + 1})
        assert f"{name} is {high + 1}; accepted: a " in text
        assert f"number from {low:.10g} to {high:.10g}." in text


def test_a_whole_float_is_a_whole_number() -> None:
    for name in ("n", "duration", "seed", "max_cost_usd"):
        value = check_arguments({name: 6.0}, GENERATE)[name]
        assert (value, type(value)) == (6, int)
    assert check_arguments({"duration": 6.5}, GENERATE) == {"duration": 6.5}


def test_a_required_argument_that_is_missing_or_null_is_named() -> None:
    for arguments in ({"prompt": "x"}, {"prompt": "x", "continuation_id": None}):
        text = refused(arguments, EDIT)
        assert text.startswith("continuation_id is missing.")
        assert text.endswith("Give continuation_id: from an earlier result or one of its files; can be used again.")
    assert refused({"continuation_id": "x"}, EDIT).startswith("prompt is missing.")
    assert refused({"continuation_id": "x", "prompt": " "}, EDIT).startswith("prompt is missing.")


@pytest.mark.parametrize("name", PROPERTIES)
def test_depth_without_end_is_refused(name: str) -> None:
    for deep in (nested(10_000), {"a": nested(10_000)}, [[nested(10_000)]]):
        assert refused({"prompt": "a fox", name: deep}).startswith(name)


def test_text_that_would_be_read_as_endless_json_is_refused() -> None:
    for name in of_type("array"):
        assert f"{name} must be a list of strings" in refused({"prompt": "a fox", name: "[" * 100_000})
    assert "options must be an object" in refused({"prompt": "a fox", "options": '{"a":' * 100_000})


def test_options_may_be_nested_but_not_without_end() -> None:
    assert read(options={"a": nested(31)}).options == {"a": nested(31)}
    for deep in ({"a": nested(32)}, '{"a": ' * 500 + "1" + "}" * 500):
        assert "options must be JSON of at most 32 levels" in refused({"prompt": "a fox", "options": deep})


def test_options_take_nothing_but_plain_json() -> None:
    for wrong in (*NO_NUMBERS, b"bytes", object()):
        for depth in (0, 3):
            options = {"a": nested(depth, wrong)}
            assert "options must be JSON of at most 32 levels" in refused({"prompt": "a fox", "options": options})
    assert "a key in options must be text" in refused({"prompt": "a fox", "options": {7: 1}})


def test_numbers_that_are_none_are_found_in_json_text_too() -> None:
    assert "options must be JSON of at most 32 levels" in refused({"prompt": "a fox", "options": '{"a": NaN}'})
    assert "options must be JSON of at most 32 levels" in refused({"prompt": "a fox", "options": '{"a": 1e999}'})


@pytest.mark.parametrize("bad", ["\ud800", "a\udfffb", "\0", "a\0b"])
def test_half_characters_and_nul_are_refused_wherever_they_stand(bad: str) -> None:
    what = "NUL" if "\0" in bad else "surrogate"
    for name in of_type("string", "array"):
        text = refused({name: bad})
        assert text.startswith(name)
        assert what in text
    for name in ("n", "draft", "max_cost_usd", "options"):
        assert name in refused({"prompt": "a fox", name: bad})
        assert name in refused({"prompt": "a fox", name: [{bad: bad}]})
    for options in ({"a": bad}, {bad: 1}, {bad: bad}, {"a": [{"b": [bad]}]}, {"a": {bad: 1}}):
        text = refused({"prompt": "a fox", "options": options})
        assert "options contains" in text
        assert what in text


def test_characters_beyond_the_basic_plane_are_fine() -> None:
    assert read(prompt="\U0001f98a \u0645\u0631\u062d\u0628\u0627").prompts == (
        "\U0001f98a \u0645\u0631\u062d\u0628\u0627",
    )


def test_a_prompt_has_a_limit() -> None:
    assert read(prompt="x" * MAX_PROMPT).prompts == ("x" * MAX_PROMPT,)
    assert "prompt has 100,001 characters; at most 100,000 are accepted." in refused({"prompt": "x" * (MAX_PROMPT + 1)})
    assert "prompt has 1,000,000 characters" in refused({"prompt": "x" * 1_000_000})
    assert "prompts has 1,000,000 characters" in refused({"prompts": ["a", "x" * 1_000_000]})
    assert "image[0] is too long; at most 20,000,000" in refused({"prompt": "a fox", "image": ["x" * 20_000_001]})


def test_a_list_has_a_limit() -> None:
    assert len(read(prompts=["a"] * 16).prompts) == 16
    assert "prompts has 17 entries; accepted: 1 to 16." in refused({"prompts": ["a"] * 17})
    assert len(read(image=["a.png"] * 100).references["image"]) == 100
    for many in (101, 100_000):
        for name in ("image", "voices", "voice_sample"):
            assert f"{name} has {many:,} entries; accepted: 0 to 100." in refused({"prompt": "x", name: ["a"] * many})


def test_json_text_is_read_where_a_list_or_an_object_is_due() -> None:
    assert read(prompts='["a", "b"]').prompts == ("a", "b")
    assert read(image=' ["a.png", "style=b.png"]').references == {"image": ("a.png",), "style_image": ("b.png",)}
    assert read(options='{"loop": true}').options == {"loop": True}
    assert read(prompts="[1, 2.5]").prompts == ("1", "2.5")


@pytest.mark.parametrize(
    ("given", "text"),
    [(2026, "2026"), (-5, "-5"), (3.0, "3"), (0.1, "0.1"), (1e21, "1e+21"), (2**70, str(2**70))],
)
def test_a_number_where_text_is_due_is_that_text(given: float, text: str) -> None:
    assert read(prompt=given).prompts == (text,)
    assert read(prompts=[given, "a"]).prompts == (text, "a")
    assert read(prompts=given).prompts == (text,)
    assert read(image=given).references == {"image": (text,)}
    assert read(voice=given).words == {"voice": text}
    assert check_arguments({"job_id": given}, JOB) == {"job_id": text}


@pytest.mark.parametrize("name", of_type("integer", "number"))
def test_an_exact_number_may_be_text(name: str) -> None:
    for written, number in {"3": 3, " 3 ": 3, "3.0": 3, "+3": 3, "3e0": 3}.items():
        value = check_arguments({name: written}, GENERATE)[name]
        assert (value, type(value)) == (number, int)
    if PROPERTIES[name]["type"] == "number":
        assert check_arguments({name: "2.5"}, GENERATE) == {name: 2.5}


@pytest.mark.parametrize("name", of_type("boolean"))
def test_true_and_false_may_be_text(name: str) -> None:
    for written, value in {"true": True, "True": True, " FALSE ": False}.items():
        assert check_arguments({name: written}, GENERATE) == {name: value}


@pytest.mark.parametrize("text", ['["a", "b"]', '{"prompt": "x"}', "5", "null", "true", '"quoted"'])
def test_a_prompt_that_looks_like_json_stays_text(text: str) -> None:
    assert read(prompt=text).prompts == (text,)
    assert read(prompts=[text]).prompts == (text,)


def test_a_single_text_for_a_list_is_taken_as_one() -> None:
    assert read(prompts="a fox").prompts == ("a fox",)
    assert read(image="fox.png").references == {"image": ("fox.png",)}
    assert read(voices="Ann=ash").words == {"voices": ["Ann=ash"]}


@pytest.mark.parametrize("given", ["abc", ["abc"], '["abc"]', ["abc", ""]])
def test_the_only_entry_of_a_list_may_be_what_is_continued_or_the_job(given: object) -> None:
    assert parse_request({"continuation_id": given, "prompt": "x"}, EDIT).continuation_id == "abc"
    assert check_arguments({"job_id": given}, JOB) == {"job_id": "abc"}


def test_seconds_to_wait_may_have_their_unit() -> None:
    assert read(wait_seconds="5s").wait_seconds == read(wait_seconds="5 seconds").wait_seconds == 5


def test_the_other_tools_arguments_are_checked_alike() -> None:
    assert check_arguments({"kind": "video", "backend": "xai"}, LIST) == {"kind": "video", "backend": "xai"}
    with pytest.raises(InvalidRequest, match='kind is "song"; accepted: image, video'):
        check_arguments({"kind": "song"}, LIST)
    with pytest.raises(InvalidRequest, match="wait_seconds is 601; accepted: a whole number from 0 to 600"):
        check_arguments({"wait_seconds": 601}, JOB)
    with pytest.raises(InvalidRequest, match="Did you mean job_id"):
        check_arguments({"jobid": "x"}, JOB)


def test_the_closest_name_or_all_names_are_offered() -> None:
    assert suggest("opnai", ["openai", "xai"]) == "Did you mean openai?"
    assert suggest("zzz", ["openai", "xai"]) == "Known: openai, xai."


def test_the_arguments_are_left_as_they_were() -> None:
    arguments = {"prompts": ["a"], "image": ["style=a.png"], "options": {"a": None, "b": [1]}, "seed": None}
    before = json.dumps(arguments)
    parse_request(arguments, GENERATE)
    assert json.dumps(arguments) == before


odd_text = st.text(st.characters(exclude_categories=()), max_size=80)


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | odd_text | st.just(10**400),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(odd_text, inside, max_size=4),
    max_leaves=8,
)


def fitting(schema: Schema) -> st.SearchStrategy[Any]:
    """Values as the schema wants them."""
    match schema["type"]:
        case "string":
            return st.sampled_from(schema["enum"]) if "enum" in schema else st.text(max_size=20)
        case "array":
            return st.lists(st.text(max_size=20), min_size=1, max_size=16)
        case "integer":
            return st.integers(schema["minimum"], schema["maximum"])
        case "number":
            return st.floats(schema["minimum"], schema.get("maximum"), allow_infinity=False)
        case "boolean":
            return st.booleans()
        case _:
            return st.dictionaries(st.text(max_size=20), odd, max_size=2)


@pytest.mark.parametrize("tool", [GENERATE, EDIT], ids=["generate_media", "continue_edit"])
@settings(max_examples=100)
@given(data=st.data())
def test_any_json_is_understood_or_refused_in_a_few_plain_words(tool: ToolSchema, data: st.DataObject) -> None:
    schema = tool.parameters
    each = {name: fitting(one) for name, one in schema["properties"].items() if name != "prompts"}
    usual = {name: each.pop(name) for name in dict.fromkeys(["prompt", *schema.get("required", ())])}
    arguments = data.draw(st.fixed_dictionaries(usual, optional=each))
    arguments |= data.draw(st.dictionaries(st.sampled_from([*schema["properties"]]) | odd_text, odd, max_size=2))
    try:
        request = parse_request(arguments, tool)
    except InvalidRequest as error:
        text = str(error)
        text.encode()
        assert len(text) < 1_000
        assert not any(sign in text for sign in ("Traceback", 'File "', "Error:", "pydantic"))
    else:
        assert 1 <= len(request.prompts) <= 16
        assert request.words.keys() <= WORDS.keys()
        json.dumps([request.prompts, request.words, request.options, request.references], allow_nan=False).encode()
