"""Normalize the values of shared words: `1024 * 768` to `1024x768`, `English` to `en`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from mediasmith.plugin.params import INPUT_WORDS
from mediasmith.selection.coercion import is_blank, read_json
from mediasmith.selection.language_names import LANGUAGES, REGIONS

_PIXELS = re.compile(r"(\d+)\s*(?:px)?\s*(?:[xX×✕✖*]|by)\s*(\d+)\s*(?:px)?")  # noqa: RUF001 - as people write it
_TIER = re.compile(r"([\d.]+)\s*([kKpP])")
_RATIO = re.compile(r"([\d.]+)\s*(?:[:/xX×∶]|by)\s*([\d.]+)")  # noqa: RUF001 - as above
_SECONDS = re.compile(r"([\d.]+)\s*(?:s|sec|secs|second|seconds)", re.IGNORECASE)
_NEXT_VOICE = re.compile(r"[,;\n]+(?=[^,;\n=]+=)")
_LOCALE = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{2,8})*)(?:[.@].*)?")
_PAGE = re.compile(r"https?://[^/]+/(?:models/)?([\w.-]+(?:/[\w.-]+)*?)(?:/api|/playground)?/?(?:[?#].*)?")
_REGION, _SCRIPT = 2, 4
"""Letters of a subtag for a region, such as US, and for a script, such as Hant."""


def read_word(name: str, value: object) -> object:
    """Return a raw value of the argument or option `name` in the form that is declared.

    An unknown form is returned as it is, for the schema to check.
    """
    read = _FORMS.get(name) or (_language if name.endswith("_language") else None)
    return read(value) if read else value


def read_model(text: str) -> str:
    """Return the name of a model that may be given by the address of its page, or by its file."""
    page = _PAGE.fullmatch(text.strip())
    return page[1] if page else text.strip().removesuffix(".json")


def _size(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFKC", value).strip()
    if found := _PIXELS.fullmatch(text):
        return f"{found[1]}x{found[2]}"
    if found := _TIER.fullmatch(text):
        return found[1] + {"k": "K", "p": "p"}[found[2].lower()]
    return text


def _ratio(value: object) -> object:
    found = _RATIO.fullmatch(unicodedata.normalize("NFKC", value).strip()) if isinstance(value, str) else None
    return f"{found[1]}:{found[2]}" if found else value


def _duration(value: object) -> object:
    found = _SECONDS.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1] if found else value


def _reference(value: object) -> object:
    """Return the one file or job of a list, which may be JSON text."""
    found = read_json(value) if isinstance(value, str) and value.lstrip().startswith("[") else value
    if not isinstance(found, list | tuple):
        return value
    entries = [one for one in cast("Sequence[object]", found) if not is_blank(one)]
    if len(entries) == 1 and isinstance(entries[0], str):
        return entries[0]
    return value if entries else entries


def _language(value: object) -> object:
    """Return a language by its name, or a locale such as `en_US.UTF-8`, as a tag such as `en-US`."""
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFC", value).strip()
    name, _, region = " ".join(text.lower().split()).rstrip(")").partition(" (")
    subtag = REGIONS.get(region, region.upper() if len(region) == _REGION else "")
    if (known := LANGUAGES.get(name)) and (subtag or not region):
        return f"{known}-{subtag}" if subtag else known
    found = _LOCALE.fullmatch(text)
    if not found:
        return value
    subtags = [one for one in re.split(r"[-_]", found[2]) if one]
    return "-".join([found[1].lower(), *map(_subtag, subtags)])


def _subtag(text: str) -> str:
    return text.upper() if len(text) == _REGION else text.title() if len(text) == _SCRIPT else text


def _voices(value: object) -> object:
    """Return voices that are given as an object by speaker, a list of such objects, or one text, as Name=voice."""
    found = read_json(value) if isinstance(value, str) and value.lstrip().startswith(("{", "[")) else value
    if isinstance(found, str) and found.count("=") > 1:
        return [entry.strip() for entry in _NEXT_VOICE.split(found)]
    entries = cast("Sequence[object]", found if isinstance(found, list | tuple) else [found])
    if not any(isinstance(entry, Mapping) for entry in entries):
        return value
    named: list[object] = []
    for entry in entries:
        named += _pairs(cast("Mapping[object, object]", entry)) if isinstance(entry, Mapping) else [entry]
    return named if all(isinstance(entry, str) for entry in named) else value


def _pairs(voices: Mapping[object, object]) -> list[object]:
    """Return each speaker's voice as Name=voice. `{"speaker": "Ann", "voice": "ash"}` is one of them."""
    speaker = voices.get("speaker", voices.get("name"))
    voice = voices.get("voice", voices.get("voice_id"))
    pairs = [(speaker, voice)] if isinstance(speaker, str) and isinstance(voice, str) else list(voices.items())
    return [f"{name}={voice}" if isinstance(voice, str) else None for name, voice in pairs]


_FORMS: Mapping[str, Callable[[object], object]] = {
    "size": _size,
    "aspect_ratio": _ratio,
    "duration": _duration,
    "wait_seconds": _duration,
    "language": _language,
    "voices": _voices,
    **{name: _reference for name, word in INPUT_WORDS.items() if not word.many},
    "continuation_id": _reference,
    "job_id": _reference,
}
