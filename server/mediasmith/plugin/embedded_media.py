"""Find files inside the text of an answer, as base64, data URIs or links, and keep them out of error messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import cast
from urllib.parse import unquote_to_bytes

from mediasmith.plugin.media import HEAD, sniff

_STANDARD = bytes.maketrans(b"-_", b"+/")

# Possessive, and never past the next beginning, so that no text takes long.
_DATA_URI = re.compile(r"data:[\w.+/-]*+(?:;[\w.+=-]++)*+,(?!…)[^\s\"'<>()\[\]]*+", re.IGNORECASE)
_URL = r"(?:[^\s()<>\"']++|\([^\s()]*+\)|\s++(?![\"')>]))*+"  # a data URI may be broken into lines
_MARKDOWN_IMAGE = re.compile(rf"!\[[^\[\]]*+\]\(\s*+<?({_URL})>?(?:\s+\"[^\"()]*+\"|\s+'[^'()]*+')?\s*+\)")
_HTML_IMAGE = re.compile(r"<img\b[^<>]*?\bsrc\s*=\s*[\"']?([^\"'<>\s]++)[^<>]*+>", re.IGNORECASE)

_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_LINK_IN_TEXT = re.compile(r"https?://[^\s()<>\[\]\"'`]++", re.IGNORECASE)
_IMAGE_PATH = re.compile(r"\.(?:png|jpe?g|webp|gif|avif)(?:\?|\Z)", re.IGNORECASE)

# Unlike a long word it has letters of both cases and digits; unlike a path it does not begin with a slash, except for
# a JPEG. Lines of it are 64 characters or more, and texts of ours repeat at most 60 of a value.
_BASE64 = re.compile(
    r"(?<![\w+/=.:~-])(?!/(?!9j/))(?=[\w+/-]{0,60}[A-Z])(?=[\w+/-]{0,60}[a-z])(?=[\w+/-]{0,60}\d)"
    r"[A-Za-z0-9+/_-]{60,}+={0,2}+(?:\s++[A-Za-z0-9+/_-]{24,}+={0,2}+)*+(?:\s++[A-Za-z0-9+/_-]{1,23}+={1,2}+)?+"
)

_BEFORE_BASE64 = re.compile(r"[^,]*base64\s*,", re.IGNORECASE)
_LONGEST_HEAD = 200

_FIELDS = (
    *("b64_json", "image_url", "url", "inline_data", "inlineData", "source", "data", "image", "result", "base64"),
    *("images", "parts", "file", "file_data", "output", "outputs", "audio"),
)
"""The fields of a part of an answer that hold a file, or parts that do."""

_TEXTS = ("text", "content")

_ECHOED = ("input", "inputs", "request", "prompt", "parameters")
"""The fields in which an answer repeats what it was asked."""


def decode_base64(text: str) -> bytes:
    """Return the bytes of base64 in either alphabet, with or without padding and line breaks; b"" if it is not base64.

    It may be inside a `data:` URI, or a part of one.
    """
    import pybase64  # noqa: PLC0415 - late: a server that is only started does not need it

    while (found := _BEFORE_BASE64.match(text[:_LONGEST_HEAD])) is not None:
        text = text[found.end() :]
    with suppress(ValueError):  # as it is written nearly always
        return pybase64.b64decode(text, validate=True)
    packed = "".join(text.split())
    raw = unquote_to_bytes(packed) if "%" in packed else packed.encode(errors="replace")
    raw = raw.rstrip(b"=").translate(_STANDARD)
    try:
        return pybase64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
    except ValueError:
        return b""


def find_media(content: object) -> list[str]:
    """Return the texts in a message's content that are files or point to them, in order.

    `content` is a text, in which links to images are Markdown, HTML or `data:` URIs, or a list of parts in any of the
    forms that providers have for them. Where no such form is found, files in fields of any name count, if their content
    or extension shows that they are images. What it returns is read by `http_answers.read_media`. Blocking where it is
    large.
    """
    return [text for text in _find(content) if text] or list(_find_anywhere(content))


def _find(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from _find_in_text(value)
    elif isinstance(value, list):
        for part in cast("list[object]", value):
            yield from _find(part)
    elif isinstance(value, Mapping):
        part = cast("Mapping[str, object]", value)
        for name in _FIELDS:
            held = part.get(name)
            yield from [held.strip()] if isinstance(held, str) else _find(held)
        for name in _TEXTS:
            yield from _find(part.get(name))


def _find_anywhere(value: object) -> Iterator[str]:
    if isinstance(value, str):
        link = _LINK.fullmatch(value.strip())
        yield from _find_unmarked(value) if link else _find_in_text(value)
    elif isinstance(value, list):
        for part in cast("list[object]", value):
            yield from _find_anywhere(part)
    elif isinstance(value, Mapping):
        for name, held in cast("Mapping[str, object]", value).items():
            yield from () if name in _ECHOED else _find_anywhere(held)


def _find_in_text(text: str) -> Iterator[str]:
    whole = text.strip()
    if _LINK.fullmatch(whole) or sniff(decode_base64(whole)[:HEAD]):
        yield whole
        return
    links = [link[1].strip() for link in (*_MARKDOWN_IMAGE.finditer(text), *_HTML_IMAGE.finditer(text))]
    rest = _HTML_IMAGE.sub("", _MARKDOWN_IMAGE.sub("", text))
    yield from [*links, *_DATA_URI.findall(rest)] or _find_unmarked(text)


def _find_unmarked(text: str) -> Iterator[str]:
    """Yield the base64 and the links to images in a text that shows no image."""
    yield from (found[0] for found in _BASE64.finditer(text) if sniff(decode_base64(found[0])[:HEAD]))
    links = dict.fromkeys(link.rstrip(".,;:!*_") for link in _LINK_IN_TEXT.findall(text))
    yield from (link for link in links if _IMAGE_PATH.search(link))


def without_media(text: str) -> str:
    """Return a text without the files in it.

    Markdown and HTML images with data are removed; other `data:` URIs and long base64 become "[data]".
    """
    text = _MARKDOWN_IMAGE.sub(_unless_data, text)
    text = _HTML_IMAGE.sub(_unless_data, text)
    return _BASE64.sub("[data]", _DATA_URI.sub("[data]", text))


def _unless_data(link: re.Match[str]) -> str:
    return "" if link[1].strip()[:5].lower() == "data:" else link[0]
