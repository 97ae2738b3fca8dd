"""Words and files go to the fields of an endpoint's own schema, and what has no place is not accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mediasmith.plugin.contract import Range, Request, Takes
from mediasmith_backends.input_schema import SchemaModel, refuses, request_body, schema_model
from mediasmith_backends.plain_schema import mapping
from mediasmith_backends.schema_params import PARAMS

_NAMED = ["square_hd", "square", "portrait_16_9", "landscape_4_3", "landscape_16_9"]
_SIDES = {"type": "object", "properties": {"width": {"type": "integer"}, "height": {"type": "integer"}}}
_SIZE = {"anyOf": [{"enum": _NAMED}, {"$ref": "#/components/schemas/Sides"}]}
_DOCUMENT = {"components": {"schemas": {"Sides": _SIDES}}}


def _model(kind: Any = "image", *, required: Any = (), **properties: Any) -> SchemaModel:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return schema_model("maker/one", schema, kind=kind, document=_DOCUMENT)


def _body(model: SchemaModel, *, files: Any = None, options: Any = None, prompt: str = "", **params: Any) -> Any:
    return request_body(model, prompt=prompt, params=params, files=files or {}, options=options or {})


def _reason(model: SchemaModel, *, options: Mapping[str, Any] | None = None, **params: Any) -> str:
    words = PARAMS[model.kind].model_validate(params)
    return refuses(Request(model=model, prompt="A kite", params=words, inputs={}, options=options or {}))


TEXT, NUMBER, URI = {"type": "string"}, {"type": "number"}, {"type": "string", "format": "uri"}


@pytest.mark.parametrize(
    ("kind", "field", "schema", "word", "value", "accepted", "sent"),
    [
        ("video", "duration", {"enum": ["auto", "4", "5"]}, "duration", 5, (4, 5), "5"),
        ("video", "duration", {"enum": ["4s", "6s"]}, "duration", 6, (4, 6), "6s"),
        ("video", "duration", {"enum": [6, 8], "default": "6"}, "duration", 8, (6, 8), 8),
        ("video", "duration", {"type": "string"}, "duration", 5, True, "5"),
        (
            "music",
            "seconds_total",
            {"type": "integer", "minimum": 1, "maximum": 47},
            "duration",
            9,
            Range(low=1, high=47),
            9,
        ),
        ("music", "duration", NUMBER, "duration", 2.5, True, 2.5),
        (
            *("music", "music_length_ms", {"type": "integer", "minimum": 3000, "maximum": 600000}),
            *("duration", 12.5, Range(low=3, high=600), 12500),
        ),
        ("image", "resolution", {"enum": ["0.5K", "1K", "4k", "1 MP"]}, "size", "4K", ("512", "1K", "4K"), "4k"),
        ("image", "size", {"enum": ["1024*768", "custom"]}, "size", "1024x768", ("1024x768",), "1024*768"),
        ("image", "aspect_ratio", {"enum": ["auto", "16:9"]}, "aspect_ratio", "16:9", ("16:9",), "16:9"),
        ("image", "aspect_ratio", TEXT, "aspect_ratio", "7:5", True, "7:5"),
        ("image", "num_outputs", {"type": "integer", "maximum": 6}, "n", 6, Range(low=1, high=6), 6),
        ("image", "num_images", {"type": "integer"}, "n", 2, Range(low=1, high=4), 2),
        ("image", "output_format", {"enum": ["jpg", "png"]}, "output_format", "jpeg", ("jpeg", "png"), "jpg"),
        (
            *(
                "speech",
                "output_format",
                {"enum": ["mp3_44100_128", "mp3_22050_32", "pcm"], "default": "mp3_44100_128"},
            ),
            *("output_format", "mp3", ("mp3",), "mp3_44100_128"),
        ),
        ("speech", "voice", {"enum": ["Ann", "Ben"]}, "voice", "Ben", ("Ann", "Ben"), "Ben"),
        ("speech", "voice_id", {"anyOf": [TEXT, {"type": "null"}]}, "voice", "Ann", True, "Ann"),
        ("image", "quality", {"enum": ["low", "high", "ultra"]}, "quality", "high", ("low", "high"), "high"),
        ("image", "background", {"enum": ["white", "opaque"]}, "background", "opaque", ("opaque",), "opaque"),
        ("speech", "language", {"enum": ["auto", "en", "zh-cn"]}, "language", "en", ("en", "zh-cn"), "en"),
        ("speech", "language_code", TEXT, "language", "de-DE", True, "de-DE"),
        ("speech", "instructions", TEXT, "instructions", "calm", True, "calm"),
        ("video", "generate_audio", {"type": "boolean"}, "generate_audio", False, True, False),
        ("image", "seed", {"type": ["integer", "null"]}, "seed", 7, True, 7),
        ("image", "seed", {"type": "integer", "minimum": 0, "maximum": 9}, "seed", 7, Range(low=0, high=9), 7),
    ],
)
def test_a_word_goes_to_the_field_of_its_name_in_the_form_of_its_schema(  # noqa: PLR0913, PLR0917 - a row of the table
    kind: Any, field: str, schema: Any, word: str, value: Any, accepted: Any, sent: Any
) -> None:
    model = _model(kind, **{field: schema})
    assert model.accepts.get(word, True) == accepted
    body = _body(model, **{word: value})
    assert body == {field: sent}
    assert type(body[field]) is type(sent)


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ({"size": "800x600"}, {"width": 800, "height": 600}),
        ({"aspect_ratio": "16:9"}, "landscape_16_9"),
        ({"aspect_ratio": "9:16"}, "portrait_16_9"),
        ({"aspect_ratio": "1:1"}, "square_hd"),
        ({"aspect_ratio": "2:1"}, {"width": 1456, "height": 720}),
    ],
)
def test_an_image_size_is_a_named_shape_or_both_sides(words: Any, sent: Any) -> None:
    assert _body(_model(image_size=_SIZE), **words) == {"image_size": sent}


def test_an_image_size_of_names_alone_takes_their_shapes_and_tiers() -> None:
    model = _model(image_size={"enum": [*_NAMED, "auto_2K"]})
    assert model.accepts["aspect_ratio"] == ("1:1", "9:16", "4:3", "16:9")
    assert model.accepts["size"] == ("2K",)
    assert _body(model, size="2K") == {"image_size": "auto_2K"}


def test_two_fields_for_the_sides_take_sizes_and_shapes() -> None:
    sides = {"width": {"type": "integer", "default": 512}, "height": {"type": "integer", "default": 512}}
    assert _body(_model(**sides), size="800x600") == {"width": 800, "height": 600}
    assert _body(_model(**sides), aspect_ratio="1:1") == {"width": 512, "height": 512}
    custom = _model(**sides, aspect_ratio={"enum": ["1:1", "custom"]})
    assert _body(custom, size="800x600") == {"width": 800, "height": 600, "aspect_ratio": "custom"}
    assert _body(custom, aspect_ratio="1:1") == {"aspect_ratio": "1:1"}


@pytest.mark.parametrize(
    ("fields", "pixels"),
    [
        ({"image_size": {**_SIZE, "default": "landscape_4_3"}}, 1024 * 1024),
        ({"image_size": {"enum": ["square", "auto_2K"], "default": "auto_2K"}}, 2048 * 2048),
        ({"image_size": _SIZE, "image_url": {"type": "string"}}, None),
        ({"width": {"type": "integer", "default": 512}, "height": {"type": "integer", "default": 256}}, 512 * 256),
        ({"resolution": {"enum": ["1K"]}}, None),
    ],
)
def test_an_image_without_a_size_has_the_pixels_of_the_default(fields: Any, pixels: int | None) -> None:
    assert _model(**fields).pixels == pixels


def test_words_inside_an_object_join_what_its_option_says() -> None:
    inner = {"type": "object", "properties": {"voice_id": TEXT, "speed": NUMBER, "emotion": {"enum": ["sad"]}}}
    model = _model("speech", voice_setting=inner)
    body = _body(model, voice="Ann", speed=1.5, options={"voice_setting": {"emotion": "sad"}})
    assert body == {"voice_setting": {"emotion": "sad", "voice_id": "Ann", "speed": 1.5}}
    assert "voice_setting" in mapping(model.options["properties"])


def test_a_field_that_chooses_between_url_and_text_asks_for_the_url() -> None:
    assert _body(_model("speech", output_format={"enum": ["url", "hex"]})) == {"output_format": "url"}


@pytest.mark.parametrize(
    ("kind", "fields", "required", "expected"),
    [
        ("image", {"text": TEXT}, (), "text"),
        ("image", {"text": TEXT, "prompt": TEXT}, (), "prompt"),
        ("speech", {"prompt": TEXT, "text": TEXT}, (), "text"),
        ("speech", {"prompt": TEXT, "text": TEXT}, ("prompt",), "prompt"),
        ("speech", {"text_to_synthesize": TEXT}, (), "text_to_synthesize"),
        ("image", {"image_url": URI, "prompt": {"type": "object"}}, (), ""),
    ],
)
def test_the_prompt_goes_to_its_field(kind: Any, fields: Any, required: Any, expected: str) -> None:
    model = _model(kind, required=required, **fields)
    assert model.prompt_field == expected
    assert _body(model, prompt="A kite") == ({expected: "A kite"} if expected else {})


def test_the_longest_prompt_is_that_of_the_schema() -> None:
    assert _model(prompt={"type": "string", "maxLength": 800}).max_prompt == 800


_LIST = {"type": "array", "items": URI}


@pytest.mark.parametrize(
    ("kind", "fields", "taken"),
    [
        ("image", {"image_url": URI}, {"image": ("image_url", 1)}),
        ("image", {"image_urls": {**_LIST, "maxItems": 3}, "image_url": URI}, {"image": ("image_urls", 3)}),
        ("image", {"image_input": _LIST}, {"image": ("image_input", 10)}),
        ("image", {"input_image": {"anyOf": [_SIDES, URI]}}, {"image": ("input_image", 1)}),
        ("image", {"image_prompt": URI}, {"image": ("image_prompt", 1)}),
        ("image", {"image": {"type": "boolean"}}, {}),
        (
            "video",
            {"input_reference": URI, "last_image": URI},
            {"first_frame": ("input_reference", 1), "last_frame": ("last_image", 1)},
        ),
        (
            "video",
            {"image_url": URI, "end_image_url": URI},
            {"first_frame": ("image_url", 1), "last_frame": ("end_image_url", 1)},
        ),
        (
            "video",
            {"start_image_url": URI, "image_urls": _LIST},
            {"first_frame": ("start_image_url", 1), "image": ("image_urls", 10)},
        ),
        ("video", {"audio_url": URI, "video_urls": _LIST}, {"audio": ("audio_url", 1), "video": ("video_urls", 10)}),
        ("speech", {"audio_url": URI}, {}),
    ],
)
def test_files_go_to_the_fields_of_their_roles(kind: Any, fields: Any, taken: Any) -> None:
    model = _model(kind, **fields)
    assert {role: (model.files[role], takes.max) for role, takes in model.takes.items() if takes} == taken
    for role, (field, most) in taken.items():
        urls = ["https://files.example/1", "https://files.example/2"][:most]
        assert _body(model, files={role: urls}) == {field: urls if most > 1 else urls[0]}


def test_a_file_that_the_schema_requires_is_required() -> None:
    takes = _model(required=["image_urls"], image_urls=_LIST).takes["image"]
    assert isinstance(takes, Takes)
    assert takes.required


def test_every_other_field_is_an_option_and_what_is_required_of_them_too() -> None:
    model = _model(
        required=["prompt", "style", "steps"],
        prompt=TEXT,
        style={"$ref": "#/components/schemas/Sides"},
        steps={"type": "integer", "default": "8", "maximum": 9},
    )
    assert model.options == {
        "type": "object",
        "properties": {"style": _SIDES, "steps": {"type": "integer", "default": 8, "maximum": 9}},
        "required": ["style"],
    }
    assert _body(model, prompt="A kite", options={"steps": 3}) == {"prompt": "A kite", "steps": 3}


def test_a_field_called_like_a_word_but_with_other_values_is_an_option() -> None:
    quality, music = {"enum": ["draft", "ultra"]}, {"enum": ["auto"]}
    model = _model(quality=quality, language=music, aspect_ratio={"enum": ["16:9"]}, required=["language"])
    assert model.options == {
        "type": "object",
        "properties": {"quality": quality, "language": music},
        "required": ["language"],
    }
    assert model.accepts["quality"] is False
    assert _body(model, options={"quality": "ultra"}, aspect_ratio="16:9") == {
        "quality": "ultra",
        "aspect_ratio": "16:9",
    }


@pytest.mark.parametrize(
    ("kind", "field", "values", "word", "others"),
    [
        ("image", "quality", ["low", "high", "ultra"], {"quality": "high"}, ["ultra"]),
        ("image", "resolution", ["1K", "match_input"], {"size": "1K"}, ["match_input"]),
        ("video", "duration", ["auto", "5"], {"duration": 5}, ["auto"]),
        ("music", "output_format", ["mp3_44100_64", "mp3_44100_128"], {"output_format": "mp3"}, ["mp3_44100_64"]),
    ],
)
def test_the_values_that_a_word_cannot_say_are_those_of_an_option(
    kind: Any, field: str, values: list[str], word: dict[str, Any], others: list[str]
) -> None:
    model = _model(kind, **{field: {"enum": values}})
    assert mapping(model.options["properties"]) == {field: {"enum": others}}
    assert _body(model, options={field: others[0]}) == {field: others[0]}
    assert not _reason(model, options={field: others[0]})
    assert (
        _reason(model, options={field: others[0]}, **word)
        == f"takes {next(iter(word))} or the option {field}, not both"
    )


def test_a_size_in_pixels_takes_the_place_of_no_option() -> None:
    model = _model(**{**_SIDED, "aspect_ratio": {"enum": ["1:1", "custom", "match_input"]}})
    options = {"aspect_ratio": "match_input"}
    assert _reason(model, options=options, size="640x480") == "takes size or the option aspect_ratio, not both"
    assert not _reason(model, options=options)


def test_a_field_that_must_be_given_may_be_given_as_word_or_option() -> None:
    model = _model(quality={"enum": ["low", "ultra"]}, required=["quality"])
    assert _reason(model) == "needs quality with maker/one"
    assert not _reason(model, quality="low")
    assert not _reason(model, options={"quality": "ultra"})


def test_words_without_a_place_are_not_accepted() -> None:
    model = _model(prompt=TEXT)
    words = ("aspect_ratio", "size", "quality", "background", "output_format", "seed", "n")
    assert model.accepts == dict.fromkeys(words, False)
    assert _body(model, n=1) == {}


_SIDED = {"width": {"type": "integer"}, "height": {"type": "integer"}, "aspect_ratio": {"enum": ["1:1", "custom"]}}


@pytest.mark.parametrize(
    ("model", "words", "reason"),
    [
        (_model(image_size=_SIZE), {"size": "800x600", "aspect_ratio": "1:1"}, "takes size or aspect_ratio, not both"),
        (_model(**_SIDED), {"size": "800x600", "aspect_ratio": "1:1"}, "takes size or aspect_ratio, not both"),
        (_model(image_size=_SIZE), {"size": "2K"}, "takes size as WxH in pixels with maker/one"),
        (_model("speech", required=["voice"], voice=TEXT), {}, "needs voice with maker/one"),
        (_model("speech", required=["voice"], voice={**TEXT, "default": "Ann"}), {}, ""),
        (
            _model("music", duration={"type": "integer"}),
            {"duration": 2.5},
            "takes duration in whole numbers with maker/one",
        ),
        (_model(image_size=_SIZE), {"size": "800x600"}, ""),
        (_model(resolution={"enum": ["1K"]}, aspect_ratio=TEXT), {"size": "1K", "aspect_ratio": "1:1"}, ""),
    ],
)
def test_words_that_cannot_be_written_are_refused(model: SchemaModel, words: Any, reason: str) -> None:
    assert _reason(model, **words) == reason


def test_a_word_and_an_option_for_the_same_place_are_refused() -> None:
    model = _model("speech", voice_setting={"properties": {"voice_id": TEXT, "emotion": TEXT}})
    assert _reason(model, voice="Ann", options={"voice_setting": {"emotion": "sad"}}) == ""
    assert _reason(model, options={"voice_setting": {"voice_id": "Ben"}}) == ""
    refused = _reason(model, voice="Ann", options={"voice_setting": {"voice_id": "Ben"}})
    assert refused == "takes voice or the option voice_setting.voice_id, not both"


def test_a_schema_that_refers_to_itself_is_read() -> None:
    loop = {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Loop"}}}
    model = schema_model(
        "maker/one",
        {
            "allOf": [
                {"$ref": "#/components/schemas/Base"},
                {"properties": {"loop": {"$ref": "#/components/schemas/Loop"}}},
            ]
        },
        kind="image",
        document={"components": {"schemas": {"Loop": loop, "Base": {"properties": {"prompt": TEXT}}}}},
    )
    assert model.prompt_field == "prompt"
    assert "loop" in mapping(model.options["properties"])


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 0}),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": False}, {"type": "integer", "minimum": 0}),
        ({"type": "string", "default": "null", "title": "Text", "x-order": 1}, {"type": "string"}),
        ({"allOf": [{"enum": ["a", "b"]}], "default": "a", "nullable": True}, {"enum": ["a", "b"], "default": "a"}),
        ({"const": "a"}, {"enum": ["a"]}),
        ({"description": "a" * 201}, {"description": f"{'a' * 200}…"}),
        ({"type": "boolean", "default": "True"}, {"type": "boolean", "default": True}),
        ("no schema", {}),
    ],
)
def test_options_are_described_plainly(written: Any, plain: Any) -> None:
    assert _model(option=written).options["properties"] == {"option": plain}
