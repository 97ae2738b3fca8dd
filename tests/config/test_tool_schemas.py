"""The tools' wire schemas, merged over backends that are shaped like the real ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field

from fakes.declared import (
    ALL,
    ELEVENLABS,
    GOOGLE,
    INSTALLED,
    OPENAI,
    PROVIDERS,
    SKETCH,
    XAI,
    Nothing,
    backend,
    capability,
)
from mediasmith.config.field_schemas import Schema, field_schemas
from mediasmith.config.tool_schemas import MAX_COUNT, MAX_PROMPTS, MAX_WAIT, Tools, ToolSchema
from mediasmith.plugin.contract import Backend, Params, Takes
from mediasmith.plugin.kinds import KINDS
from mediasmith.plugin.params import INPUT_WORDS, WORDS

PLAIN = {"type", "description", "enum", "items", "minimum", "maximum", "minItems", "maxItems"}
"""The schema words that every client reads or ignores without harm."""


def size(tool: ToolSchema) -> int:
    """Bytes of the tool as it is listed."""
    listed = {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.parameters,
    }
    return len(json.dumps(listed, separators=(",", ":"), ensure_ascii=False).encode())


def parameters(tool: str, *installed: Backend[Any]) -> Mapping[str, Schema]:
    return Tools(installed)[tool].parameters["properties"]


def inner(value: object) -> Iterator[object]:
    """The value and everything inside it."""
    yield value
    if isinstance(value, Mapping):
        for entry in value.values():  # pyright: ignore[reportUnknownVariableType]  # JSON
            yield from inner(entry)  # pyright: ignore[reportUnknownArgumentType]  # JSON
    elif isinstance(value, list):
        for entry in value:  # pyright: ignore[reportUnknownVariableType]  # JSON
            yield from inner(entry)  # pyright: ignore[reportUnknownArgumentType]  # JSON


def assert_portable(tool: ToolSchema) -> None:
    """The form that every client and every model accepts."""
    assert re.fullmatch(r"[a-z0-9_]{1,40}", tool.name)
    schema = tool.parameters
    Draft202012Validator.check_schema(schema)
    assert {*schema.keys(), "required"} == {"type", "properties", "required", "additionalProperties"}
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert set(schema.get("required", ())) <= schema["properties"].keys()
    for name, one in schema["properties"].items():
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name)
        assert one.keys() <= PLAIN, name
        assert one["type"] in {"string", "integer", "number", "boolean", "array", "object"}, name
        assert ("items" in one) == (one["type"] == "array"), name
        assert one.get("items", {"type": "string"}) == {"type": "string"}, name
        if "enum" in one:
            assert one["type"] == "string", name
            assert one["enum"], name
            assert all(isinstance(value, str) and value for value in one["enum"]), name
            assert len(set(one["enum"])) == len(one["enum"]), name
        assert not any(value is None or isinstance(value, bool) for value in inner(one)), name


def test_every_tool_is_flat_and_portable() -> None:
    assert [tool.name for tool in Tools(INSTALLED).values()] == [
        "generate_media",
        "continue_edit",
        "list_backends",
        "get_job",
    ]
    for tool in Tools(INSTALLED).values():
        assert_portable(tool)


def test_without_any_backend_the_tools_are_still_valid() -> None:
    for tool in Tools(()).values():
        assert_portable(tool)
    properties = parameters("generate_media")
    assert "enum" not in properties["kind"]
    assert not properties.keys() & {*WORDS, *INPUT_WORDS} - {"n"}
    assert properties["backend"]["description"] == "auto (default)."


@settings(max_examples=15)
@given(st.lists(st.sampled_from(INSTALLED), unique_by=lambda one: one.name))
def test_the_tools_are_portable_for_any_set_of_backends(installed: list[Backend[None]]) -> None:
    for tool in Tools(installed).values():
        assert_portable(tool)
    kinds = {each.kind for one in installed for each in one.capabilities}
    assert set(parameters("generate_media", *installed)["kind"].get("enum", ())) == kinds


def test_the_tools_are_small_with_every_provider_installed() -> None:
    for installed in (PROVIDERS, INSTALLED, ALL):
        assert size(Tools(installed)["generate_media"]) < 4_700  # above about 5 KB one client strips every description
        assert sum(map(size, Tools(installed).values())) <= 7_200  # 1,800 tokens


def test_the_tools_are_always_the_same_bytes() -> None:
    listings = {json.dumps([vars(tool) for tool in Tools(INSTALLED).values()]) for _ in range(20)}
    assert len(listings) == 1


def test_reading_a_small_tool_does_not_build_the_large_ones() -> None:
    field_schemas.cache_clear()
    tools = Tools(INSTALLED)
    assert tools["list_backends"].parameters
    assert tools["get_job"].parameters
    assert field_schemas.cache_info().currsize == 0
    assert tools["generate_media"].parameters
    assert field_schemas.cache_info().currsize > 0


def test_the_order_of_arguments_does_not_depend_on_the_order_of_backends() -> None:
    expected = [
        *("prompt", "prompts", "kind", "backend", "model"),
        *(name for name in INPUT_WORDS),
        *(name for name in WORDS if name != "n"),
        *("n", "draft", "options", "output", "wait_seconds", "max_cost_usd", "dry_run", "request_id"),
    ]
    for installed in (INSTALLED, INSTALLED[::-1], (SKETCH, *PROVIDERS)):
        assert list(parameters("generate_media", *installed)) == expected
    assert parameters("generate_media", *INSTALLED)["kind"]["enum"] == list(KINDS)
    assert parameters("generate_media", *INSTALLED[::-1])["kind"]["enum"] == list(KINDS)


def test_the_arguments_are_those_of_the_installed_backends() -> None:
    properties = parameters("generate_media", ELEVENLABS)
    assert not properties.keys() & {"mask", "image", "first_frame", "aspect_ratio", "quality", "generate_audio"}
    assert {"voice", "voices", "audio", "voice_sample", "duration", "video"} <= properties.keys()
    assert "image" not in properties["kind"]["enum"]
    assert not any("stability" in one.parameters["properties"] for one in Tools(INSTALLED).values())  # an option


def test_an_enum_has_the_values_of_every_backend_without_duplicates() -> None:
    properties = parameters("generate_media", *INSTALLED)
    assert properties["quality"]["enum"] == ["auto", "low", "medium", "high", "xhigh", "max"]
    formats = ["png", "jpeg", "webp", "gif", "svg", "mp3", "opus", "aac", "flac", "wav"]
    assert properties["output_format"]["enum"] == formats


def test_a_parameter_that_one_backend_takes_in_free_form_has_no_enum() -> None:
    assert parameters("generate_media", GOOGLE)["size"]["enum"] == [
        *("512", "1K", "2K", "4K"),
        *("360p", "720p", "1080p", "4k"),
    ]
    assert "enum" not in parameters("generate_media", GOOGLE, OPENAI)["size"]


def test_bounds_are_the_widest_of_any_backend() -> None:
    properties = parameters("generate_media", *INSTALLED)
    assert (properties["duration"]["minimum"], properties["duration"]["maximum"]) == (0.5, 600)
    assert (properties["speed"]["minimum"], properties["speed"]["maximum"]) == (0.25, 4)


def test_an_enum_of_numbers_becomes_bounds() -> None:
    class Clip(Params):
        duration: Literal[4, 6, 8] | None = None

    alone = parameters("generate_media", backend("clips", capability("video", Clip)))["duration"]
    assert (alone["minimum"], alone["maximum"]) == (4, 8)
    assert "4-8" in alone["description"]
    beside = parameters("generate_media", XAI, backend("clips", capability("video", Clip)))["duration"]
    assert (beside["minimum"], beside["maximum"]) == (1, 15)


def test_a_bound_that_one_backend_lacks_is_left_out() -> None:
    class Endless(Params):
        duration: Annotated[float, Field(ge=1)] | None = None

    properties = parameters("generate_media", XAI, backend("endless", capability("video", Endless)))
    assert not properties["duration"].keys() & {"minimum", "maximum"}


def test_none_in_an_enum_is_left_out() -> None:
    class Odd(Params):
        quality: Literal["low", "high", None] = None  # noqa: PYI061 - the spelling that puts null among the values

    assert parameters("generate_media", backend("odd", capability("image", Odd)))["quality"]["enum"] == ["low", "high"]


def test_bounds_are_repeated_in_the_descriptions() -> None:
    for tool in Tools(INSTALLED).values():
        if tool.name == "continue_edit":
            continue  # it repeats the bounds without the text
        for name, one in tool.parameters["properties"].items():
            for bound in ("minimum", "maximum", "maxItems"):
                if bound in one:
                    assert re.search(rf"\b{re.escape(str(one[bound]))}\b", one["description"]), name


def test_a_default_that_all_backends_share_is_repeated_in_the_description() -> None:
    class Loud(Params):
        generate_audio: bool = True
        background: Literal["auto", "opaque"] = "auto"
        voices: tuple[str, ...] = ()

    class Quiet(Params):
        generate_audio: bool = False
        background: Literal["auto", "opaque"] | None = None

    loud, quiet = backend("loud", capability("video", Loud)), backend("quiet", capability("video", Quiet))
    alone, both = parameters("generate_media", loud), parameters("generate_media", loud, quiet)
    assert alone["generate_audio"]["description"].endswith("Default true.")
    assert alone["background"]["description"].endswith("Default auto.")
    assert "Default" not in alone["voices"]["description"]
    assert "Default" not in both["generate_audio"]["description"]
    assert "Default" not in both["background"]["description"]
    own = parameters("generate_media", *INSTALLED)
    for name, default in {"kind": "image", "backend": "auto", "n": "1", "wait_seconds": "40", "draft": "false"}.items():
        assert default in own[name]["description"].lower()


@pytest.mark.parametrize("makers", [1, 2, 3, 4, 5, 9])
def test_a_description_names_backends_only_if_at_most_two_and_not_half_of_them_take_the_parameter(
    makers: int,
) -> None:
    class Taker(Params):
        quality: Literal["low"] | None = None

    for takers in range(1, makers + 1):
        installed = [
            backend(
                f"maker{place}",
                capability("image", Taker if place < takers else Nothing, {"mask": Takes()} if place < takers else {}),
            )
            for place in range(makers)
        ]
        silent = backend("silent", capability("speech", Nothing), capability("music", Nothing))
        properties = parameters("generate_media", *installed, silent, replace(silent, name="mute"))
        for name in ("quality", "mask"):
            named = re.findall(r"maker\d", properties[name]["description"])
            assert named == ([f"maker{place}" for place in range(takers)] if takers * 2 < min(makers, 5) else [])
            assert "silent" not in properties[name]["description"]


def test_a_description_names_the_few_real_backends_that_take_a_parameter() -> None:
    properties = parameters("generate_media", *INSTALLED)
    assert properties["mask"]["description"].endswith(" openai.")
    for name in ("aspect_ratio", "quality", "first_frame", "voice_sample", "voice", "seed"):
        assert not any(one.name in properties[name]["description"] for one in INSTALLED), name


def test_a_prefix_is_described_only_if_a_backend_takes_its_role() -> None:
    assert "Prefix style=, control=, subject=" in parameters("generate_media", GOOGLE)["image"]["description"]
    assert "Prefix" not in parameters("generate_media", OPENAI)["image"]["description"]
    stylist = backend("stylist", capability("image", Nothing, {"style_image": Takes()}))
    assert "Prefix style= for" in parameters("generate_media", stylist)["image"]["description"]


def test_continue_edit_repeats_the_arguments_without_descriptions() -> None:
    whole, edit = parameters("generate_media", *INSTALLED), parameters("continue_edit", *INSTALLED)
    own = {"continuation_id", "prompt", "backend", "model"}
    assert all(edit[name]["description"] for name in own)
    assert edit.keys() - own == whole.keys() - {"prompt", "prompts", "kind", "backend", "model"}
    for name in edit.keys() - own:
        assert edit[name] == {key: value for key, value in whole[name].items() if key != "description"}, name
    assert {one.name: one.parameters.get("required", []) for one in Tools(INSTALLED).values()} == {
        "generate_media": [],
        "continue_edit": ["continuation_id", "prompt"],
        "list_backends": [],
        "get_job": [],
    }


def test_the_schema_accepts_valid_arguments_and_refuses_others() -> None:
    def valid(arguments: Mapping[str, Any]) -> bool:
        validator = Draft202012Validator(Tools(INSTALLED)["generate_media"].parameters)
        return validator.is_valid(arguments)  # pyright: ignore[reportUnknownMemberType]  # an overload of theirs

    assert valid({"prompt": "a fox", "kind": "video", "duration": 6, "size": "720p", "n": 2})
    assert valid({"prompts": ["a"] * MAX_PROMPTS, "options": {"loop": True}, "wait_seconds": MAX_WAIT})
    for wrong in ({"prompts": ["a"] * (MAX_PROMPTS + 1)}, {"n": MAX_COUNT + 1}, {"fps": 24}, {"kind": "song"}):
        assert not valid(wrong)


def test_the_first_sentence_names_what_can_be_generated() -> None:
    def first(*installed: Backend[Any]) -> str:
        return Tools(installed)["generate_media"].description.partition(" from a prompt")[0]

    assert first(*INSTALLED) == "Generates an image, a video, speech, a dialogue or music"
    assert first(OPENAI) == "Generates an image or speech"
    assert first(SKETCH) == "Generates an image"
    assert first() == "Generates media"


def test_every_argument_of_the_other_tools_is_described() -> None:
    assert list(parameters("list_backends", *INSTALLED)) == ["kind", "backend", "query"]
    assert list(parameters("get_job", *INSTALLED)) == ["job_id", "wait_seconds", "cancel"]
    for tool in ("generate_media", "list_backends", "get_job"):
        assert all(one["description"].endswith(".") for one in parameters(tool, *INSTALLED).values())
    assert "list_backends" in parameters("generate_media")["options"]["description"]


def test_only_list_backends_is_read_only() -> None:
    assert [tool.name for tool in Tools(INSTALLED).values() if tool.read_only] == ["list_backends"]


def test_field_schemas_have_no_references_nulls_or_titles() -> None:
    class Line(BaseModel):
        text: str
        pause: float | None = None

    class Deep(Params):
        lines: list[Line] = Field(default=[])
        first: Line | None = None
        only: Literal["one"] | None = None
        either: int | str = 3

    fields = field_schemas(Deep)
    line = {
        "type": "object",
        "properties": {"text": {"type": "string"}, "pause": {"type": "number"}},
        "required": ["text"],
    }
    assert fields["lines"] == {"type": "array", "items": line, "default": []}
    assert fields["first"] == line
    assert fields["only"] == {"type": "string", "enum": ["one"]}
    assert fields["either"] == {"anyOf": [{"type": "integer"}, {"type": "string"}], "default": 3}
