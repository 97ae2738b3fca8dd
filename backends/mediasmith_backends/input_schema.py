"""Make a model of the JSON schema of an endpoint's inputs, and the body of a call to it. Fal and Replicate share it.

Words and input files go to fields by their names and types; every other field is an option of the model, checked by
its schema. What has no place is not accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from mediasmith.plugin.contract import JSON, Accepts, Model, Price, Request, Takes
from mediasmith.plugin.kinds import IMAGES, MEDIA_TYPES, Kind, Role
from mediasmith_backends.plain_schema import Schema, listed, mapping, plain_schema
from mediasmith_backends.schema_params import PARAMS
from mediasmith_backends.schema_words import Place, find_places, usual_pixels

_MOST_FILES = 10
"""Files in a field for several, where the schema names no limit."""

_PROMPTS = ("prompt", "text", "input", "gen_text", "input_text")
_SPOKEN = ("text", "input", "gen_text", "input_text", "text_to_synthesize", "prompt")
"""Where the prompt goes, the first that is required counts; beside a text to say, `prompt` is how to say it."""

_IMAGE = (
    *("image_urls", "input_image_urls", "reference_image_urls", "image_input", "input_images", "images"),
    *("reference_images", "image_url", "input_image_url", "reference_image_url", "image", "input_image"),
    "image_prompt",
)
_OF_IMAGES: Mapping[Role, tuple[str, ...]] = {"image": _IMAGE}
_OF_VIDEOS: Mapping[Role, tuple[str, ...]] = {
    "first_frame": (
        *("start_image_url", "first_frame_url", "first_frame_image_url", "start_image", "first_frame_image"),
        *("first_frame", "image_url", "image", "input_image", "input_reference"),
    ),
    "last_frame": (
        *("end_image_url", "last_frame_url", "tail_image_url", "last_frame_image_url", "end_image"),
        *("last_frame_image", "last_frame", "last_image"),
    ),
    "image": ("image_urls", "reference_image_urls", "reference_images", "input_images"),
}
_RECORDED: Mapping[Role, tuple[str, ...]] = {
    "audio": ("audio_urls", "audio_url", "audio", "input_audio"),
    "video": ("video_urls", "video_url", "video", "input_video"),
}
_MIMES: Mapping[Role, tuple[str, ...]] = {
    "audio": ("audio/mpeg", "audio/wav"),
    "video": ("video/mp4", "video/quicktime", "video/webm"),
}


@dataclass(frozen=True, kw_only=True)
class SchemaModel(Model):
    """A model that makes files of one kind, with its inputs as a plain JSON schema."""

    kind: Kind
    inputs: Schema

    @cached_property
    def fields(self) -> Mapping[str, Schema]:
        """The schema of each input."""
        return mapping(self.inputs.get("properties"))

    @property
    def prompt_field(self) -> str:
        """The field that the prompt goes to, or "" where there is none."""
        known = _SPOKEN if self.kind == "speech" else _PROMPTS
        names = [name for name in known if mapping(self.fields.get(name)).get("type") == "string"]
        required = [name for name in names if name in listed(self.inputs.get("required"))]
        return next(iter([*required, *names]), "")

    @cached_property
    def places(self) -> Mapping[str, Place]:
        """Where each word goes; words of other kinds have no place."""
        words = PARAMS[self.kind].model_fields
        return {word: place for word, place in find_places(self.fields).items() if word in words}

    @cached_property
    def files(self) -> Mapping[Role, str]:
        """The field for the files of each role."""
        return dict(_files(self.kind, self.fields))


def schema_model(  # noqa: PLR0913 - what an endpoint is, each by name
    model: str,
    schema: object,
    *,
    kind: Kind,
    document: object = None,
    draft: bool = False,
    prices: tuple[Price, ...] = (),
    note: str = "",
) -> SchemaModel:
    """Return the model for an endpoint that makes this kind of file, one of `schema_params.PARAMS`.

    `schema` describes its inputs; `document` is the whole that the references of `schema` are looked up in.
    """
    inputs = plain_schema(schema, document if document is not None else schema)
    found = SchemaModel(id=model, kind=kind, inputs=inputs)
    prompt = mapping(found.fields.get(found.prompt_field)).get("maxLength")
    places: dict[str, Accepts] = {word: place.accepts for word, place in found.places.items()}
    accepts = {word: places.get(word, False) for word in PARAMS[kind].model_fields}
    return replace(
        found,
        draft=draft,
        accepts={word: accepted for word, accepted in accepts.items() if accepted is not True},
        takes={role: _takes(role, found.fields[name], name in _required(inputs)) for role, name in found.files.items()},
        options=_options(found),
        max_prompt=prompt if isinstance(prompt, int) and prompt > 0 else None,
        pixels=None if "image" in found.files else usual_pixels(found.fields),  # else they may be those of the file
        prices=prices,
        note=note,
    )


def refuses(request: Request[Any]) -> str:
    """Return why the words cannot be written into the fields of the request's model together, or ""."""
    model = request.model
    if not isinstance(model, SchemaModel):
        return ""
    given = _given(request.params.model_dump(exclude_none=True), model)
    if _shape_twice(model, given):
        return "takes size or aspect_ratio, not both"
    for word, place in model.places.items():
        needed = place.path and place.path[0] in _required(model.inputs)
        if needed and word not in given and place.path[0] not in request.options:
            return f"needs {word} with {model.id}"
    try:
        return _conflict(model, given, request.options)
    except ValueError as error:
        return f"{str(error).rstrip('.')} with {model.id}"
    except LookupError:
        return ""  # what the model lists is checked by its `accepts`


def _shape_twice(model: SchemaModel, given: Mapping[str, JSON]) -> bool:
    """Return whether size and aspect_ratio would be written over each other: both sides in pixels are a shape, too."""
    if not {"size", "aspect_ratio"} <= given.keys() & model.places.keys():
        return False
    return model.places["size"].path in {model.places["aspect_ratio"].path, ()}


def _conflict(model: SchemaModel, given: Mapping[str, JSON], options: Mapping[str, JSON]) -> str:
    """Return which word would be written over which option, as a reason, or "". Raises as `Place.write` does."""
    for word in (word for word in given if word in model.places):
        written: dict[str, JSON] = {}
        _put(written, model.places[word].path, model.places[word].write(given[word]))
        if option := _written_twice(written, options):
            return f"takes {word} or the option {option}, not both"
    return ""


def _written_twice(written: Mapping[str, JSON], options: Mapping[str, JSON]) -> str:
    """Return the option that what is written would take the place of, with a dot if it is inside another, or ""."""
    for name in written.keys() & options.keys():
        inner, inside = mapping(written[name]), mapping(options[name])
        if not inner or not inside:
            return name
        if twice := _written_twice(inner, inside):
            return f"{name}.{twice}"
    return ""


def request_body(
    model: SchemaModel,
    *,
    prompt: str,
    params: Mapping[str, JSON],
    files: Mapping[Role, Sequence[str]],
    options: Mapping[str, JSON],
) -> dict[str, JSON]:
    """Return the inputs of a call as JSON. `files` are URLs or data URIs; words without a value are left out.

    Raises:
        ValueError: `refuses` has the reason.
        LookupError: the model does not accept a word or a value.
    """
    body: dict[str, JSON] = dict(options)
    body.update({name: "url" for name, field in model.fields.items() if _asks_for_url(field)})
    if prompt and model.prompt_field:
        body[model.prompt_field] = prompt
    for word, value in _given(params, model).items():
        place = model.places[word]
        _put(body, place.path, place.write(value))
    for role, urls in files.items():
        if urls:
            field = model.files[role]
            body[field] = list(urls) if _is_list(model.fields[field]) else urls[0]
    return body


def _given(params: Mapping[str, JSON], model: SchemaModel) -> Mapping[str, JSON]:
    """Return the words that are sent: one file is what every model makes."""
    single = "n" not in model.places and params.get("n") == 1
    return {word: value for word, value in params.items() if value is not None and not (word == "n" and single)}


def _put(body: dict[str, JSON], path: tuple[str, ...], value: JSON) -> None:
    if not path:
        body.update(mapping(value))
    elif len(path) == 1:
        body[path[0]] = value
    else:
        inner = dict(mapping(body.get(path[0])))
        _put(inner, path[1:], value)
        body[path[0]] = inner


def _files(kind: Kind, fields: Mapping[str, Schema]) -> Iterator[tuple[Role, str]]:
    """Yield the field for the files of each role. Speech reads no files: what it names by URL is an option."""
    if kind == "speech":
        return
    images = _OF_VIDEOS if MEDIA_TYPES[kind] == "video" else _OF_IMAGES
    fields_of: Mapping[Role, tuple[str, ...]] = {**images, **_RECORDED}
    for role, names in fields_of.items():
        fitting = [name for name in names if name in fields and _is_file(fields[name])]
        if fitting:
            yield role, fitting[0]


def _is_file(field: Schema) -> bool:
    inner = mapping(field.get("items")) if _is_list(field) else field
    arms = [inner, *map(mapping, listed(inner.get("anyOf")))]
    return "enum" not in inner and any(arm.get("type") == "string" for arm in arms)


def _is_list(field: Schema) -> bool:
    return field.get("type") == "array"


def _takes(role: Role, field: Schema, required: bool) -> Takes:
    most = field.get("maxItems", _MOST_FILES) if _is_list(field) else 1
    return Takes(
        max=most if isinstance(most, int) else _MOST_FILES,
        required=required,
        mimes=_MIMES.get(role, IMAGES),
    )


def _required(inputs: Schema) -> Sequence[str]:
    """Return the fields that must be given, for want of a default."""
    fields = mapping(inputs.get("properties"))
    return [name for name in listed(inputs.get("required")) if "default" not in mapping(fields.get(name))]


def _asks_for_url(field: Schema) -> bool:
    """Return whether the field chooses between a URL and text in place of the file."""
    return {"url", "hex"} <= set(map(str, listed(field.get("enum"))))


def _options(model: SchemaModel) -> Mapping[str, JSON]:
    """Return the schema of the fields that no word, file or prompt goes to, and of the values that no word can say.

    Such a field may be called like a word.
    """
    used = {
        model.prompt_field,
        *model.files.values(),
        *(place.path[0] for place in model.places.values() if len(place.path) == 1),
    }
    if any(not place.path for place in model.places.values()):
        used |= {"width", "height"}
    properties = {
        name: field
        for name, field in model.fields.items()
        if name not in used and name not in model.places and not _asks_for_url(field)
    }
    required = [name for name in _required(model.inputs) if name in properties]
    needed: Mapping[str, JSON] = {"required": required} if required else {}
    others = {place.path[0]: place.others for place in model.places.values() if len(place.path) == 1 and place.others}
    properties |= {name: {**model.fields[name], "enum": list(values)} for name, values in others.items()}
    return {"type": "object", "properties": properties, **needed} if properties else {}
