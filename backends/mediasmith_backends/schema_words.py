"""Where the shared words go among an endpoint's inputs, by the names and types of its fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, get_args

from mediasmith.plugin.contract import JSON, Accepts, Range
from mediasmith.plugin.media import fit_ratio, parse_size
from mediasmith_backends.plain_schema import Schema, listed, mapping
from mediasmith_backends.schema_params import Background, Quality

Value: TypeAlias = "str | int | float"
"""The value of a word."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a word goes: into a field, into one of an object, or (where `path` is empty) into several fields.

    `write` returns what is sent for a value, and raises ValueError with the reason where nothing can be. `others` are
    the values that the field lists and the word cannot say.
    """

    path: tuple[str, ...]
    accepts: Accepts
    write: Callable[[Any], JSON]
    others: tuple[JSON, ...] = ()


_NAMES: Mapping[str, tuple[str, ...]] = {
    "size": ("size", "resolution"),
    "aspect_ratio": ("aspect_ratio",),
    "duration": (
        *("duration", "duration_seconds", "seconds_total", "seconds", "length_seconds"),
        *("music_length_ms", "duration_ms"),
    ),
    "quality": ("quality",),
    "background": ("background",),
    "output_format": ("output_format", "audio_format", "format", "audio_setting.format"),
    "voice": ("voice", "voice_id", "speaker", "voice_setting.voice_id"),
    "language": ("language", "language_code"),
    "instructions": ("instructions",),
    "speed": ("speed", "voice_setting.speed"),
    "generate_audio": ("generate_audio",),
    "seed": ("seed",),
    "n": ("num_images", "num_outputs", "number_of_images", "n"),
}
"""The names of the fields for each word, the first that fits counts; the latter part of a dotted name is inside."""

_MOST_FILES = 4
"""Files in one request where the schema names no limit."""

_SQUARE = 1024 * 1024
"""Pixels of an image of which only the aspect ratio is given."""


def find_places(fields: Mapping[str, Schema]) -> Mapping[str, Place]:
    """Return the place of each word that the fields have one for."""
    found: dict[str, Place] = _shaped(mapping(fields.get("image_size")))
    for word, names in _NAMES.items():
        places = (_place(word, tuple(name.split(".")), fields) for name in names)
        if word not in found and (place := next(filter(None, places), None)):
            found[word] = place
    if {"width", "height"} <= fields.keys():
        for word, place in _sided(fields).items():
            found.setdefault(word, place)
    return found


def usual_pixels(fields: Mapping[str, Schema]) -> int | None:
    """Return the most pixels of an image of which at most the aspect ratio is given, or None where no field says it."""
    size = mapping(fields.get("image_size"))
    if size:
        found = re.fullmatch(r"auto_(\d)K", str(size.get("default")))
        return (int(found[1]) * 1024) ** 2 if found else _SQUARE
    return _default_sides(fields) if {"width", "height"} <= fields.keys() else None


def _default_sides(fields: Mapping[str, Schema]) -> int:
    """Return the pixels of the sides that are not given."""
    width, height = (fields[name].get("default") for name in ("width", "height"))
    return width * height if isinstance(width, int) and isinstance(height, int) else _SQUARE


def _place(word: str, path: tuple[str, ...], fields: Mapping[str, Schema]) -> Place | None:
    """Return the place of a word in this field, or None where there is no such field or no value fits."""
    field = mapping(fields.get(path[0]))
    for name in path[1:]:
        field = mapping(mapping(field.get("properties")).get(name))
    if not field:
        return None
    read = _FORMS.get(word, _as_it_is)
    values: dict[Value, JSON] = {}
    choices = listed(field.get("enum"))
    for choice in [*choices, *(one for one in choices if one == field.get("default"))]:
        if (value := read(choice)) is not None:
            values = {**values, value: choice}  # of several that mean the same, the default counts
    if choices:
        others = tuple(choice for choice in choices if choice not in values.values())
        return Place(path=path, accepts=tuple(values), write=values.__getitem__, others=others) if values else None
    if word in {"duration", "speed", "seed", "n"}:
        return _number(word, path, field)
    return Place(path=path, accepts=True, write=_as_it_is) if _fits(word, field) else None


def _fits(word: str, field: Schema) -> bool:
    return field.get("type", "string") == ("boolean" if word == "generate_audio" else "string")


def _number(word: str, path: tuple[str, ...], field: Schema) -> Place | None:
    kind, unit = field.get("type", "number"), 1000 if path[-1].endswith("_ms") else 1
    if kind not in {"number", "integer", "string"}:
        return None
    low, high = field.get("minimum"), field.get("maximum")
    accepts: Accepts = True
    if word == "n":
        low, high = 1, high or _MOST_FILES
    if isinstance(low, int | float) and isinstance(high, int | float):
        accepts = Range(low=low / unit, high=high / unit)

    def write(value: float) -> JSON:
        number = value * unit
        if kind == "string":
            return f"{number:.10g}"
        if number == int(number):
            return int(number)
        if kind == "integer":
            raise ValueError(f"takes {word} in whole numbers")
        return number

    return Place(path=path, accepts=accepts, write=write)


def _shaped(field: Schema) -> dict[str, Place]:
    """Return the places in a field that takes named shapes, such as `landscape_16_9`, or an object of both sides."""
    arms = [field, *map(mapping, listed(field.get("anyOf")))]
    names = [str(name) for arm in arms for name in listed(arm.get("enum"))]
    sides = any({"width", "height"} <= mapping(arm.get("properties")).keys() for arm in arms)
    shapes: dict[Value, str] = {}
    tiers: dict[Value, str] = {}
    for name in names:
        if shape := _named_shape(name):
            shapes.setdefault(shape, name)
        elif name.startswith("auto_") and (tier := _tier(name)):
            tiers[tier] = name

    def write_size(size: str) -> JSON:
        if size in tiers:
            return tiers[size]
        return _sides(size, f"{', '.join(map(str, tiers))} or ".removeprefix(" or "))

    def write_ratio(ratio: str) -> JSON:
        return shapes[ratio] if ratio in shapes else _fitting(ratio, _SQUARE)

    places: dict[str, Place] = {}
    if sides or tiers:
        size = write_size if sides else tiers.__getitem__
        places["size"] = Place(path=("image_size",), accepts=sides or tuple(tiers), write=size)
    if sides or shapes:
        places["aspect_ratio"] = Place(path=("image_size",), accepts=sides or tuple(shapes), write=write_ratio)
    return places


def _sided(fields: Mapping[str, Schema]) -> Mapping[str, Place]:
    """Return the places in two fields, `width` and `height`."""
    pixels = _default_sides(fields)
    custom = "custom" in listed(mapping(fields.get("aspect_ratio")).get("enum"))  # else the sides are ignored

    def write_size(size: str) -> JSON:
        return {**_sides(size), **({"aspect_ratio": "custom"} if custom else {})}

    return {
        "size": Place(path=(), accepts=True, write=write_size),
        "aspect_ratio": Place(path=(), accepts=True, write=lambda ratio: _fitting(ratio, pixels)),
    }


def _sides(size: str, others: str = "") -> dict[str, JSON]:
    try:
        width, height = parse_size(size.lower())
    except ValueError:
        raise ValueError(f"takes size as {others}WxH in pixels") from None
    return {"width": width, "height": height}


def _fitting(ratio: str, pixels: int) -> dict[str, JSON]:
    width, height = fit_ratio(ratio, pixels=pixels, multiple=16)
    return {"width": width, "height": height}


_SHAPE = re.compile(r"(landscape|portrait)_(\d+)_(\d+)")


def _named_shape(name: str) -> str | None:
    if name in {"square_hd", "square"}:
        return "1:1"
    if found := _SHAPE.fullmatch(name):
        return f"{found[2]}:{found[3]}" if found[1] == "landscape" else f"{found[3]}:{found[2]}"
    return None


_RATIO = re.compile(r"[1-9]\d{0,3}(\.\d{1,2})?:[1-9]\d{0,3}(\.\d{1,2})?")
_PIXELS = re.compile(r"(\d{2,5})[x*](\d{2,5})")
_TIER = re.compile(r"\d{3,4}p?|[1-8](\.5)?k")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")
_TAG = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,4})?")
_FORMATS = {"png", "jpeg", "webp", "mp3", "wav", "flac", "ogg", "opus", "m4a", "aac"}


def _ratio(value: object) -> str | None:
    return value if isinstance(value, str) and _RATIO.fullmatch(value) else None


def _tier(value: object) -> str | None:
    """Return a size as callers write it: `4K` for `4k` or `auto_4K`, `1280x720` for `1280*720`."""
    text = str(value).strip().lower().removeprefix("auto_")
    if found := _PIXELS.fullmatch(text):
        return f"{found[1]}x{found[2]}"
    if text == "0.5k":
        return "512"
    return text.replace("k", "K") if _TIER.fullmatch(text) else None


def _seconds(value: object) -> float | None:
    """Return seconds: 8 for `8s` or "8"."""
    found = _SECONDS.fullmatch(f"{value}")
    seconds = float(found[1]) if found else None
    return int(seconds) if seconds is not None and seconds == int(seconds) else seconds


def _format(value: object) -> str | None:
    """Return a file format: `jpeg` for `jpg`, `mp3` for `mp3_44100_128`."""
    text = str(value).lower().partition("_")[0].replace("jpg", "jpeg")
    return text if text in _FORMATS else None


def _listed_in(values: object) -> Callable[[object], str | None]:
    """Return a form that has these values of a `Literal` alone."""
    return lambda value: value if isinstance(value, str) and value in get_args(values) else None


def _language(value: object) -> str | None:
    return value if isinstance(value, str) and _TAG.fullmatch(value) else None


def _as_it_is(value: Any) -> Any:
    return value


_FORMS: Mapping[str, Callable[[object], Value | None]] = {
    "size": _tier,
    "aspect_ratio": _ratio,
    "duration": _seconds,
    "quality": _listed_in(Quality),
    "background": _listed_in(Background),
    "output_format": _format,
    "language": _language,
}
"""The word's value for a value that a schema lists, or None for one that callers cannot ask for."""
