"""Find the provider's own words in an answer that has no result, and make them fit into a message."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

from mediasmith.plugin.embedded_media import without_media

_LONGEST = 300
"""Characters of a provider's own words that a message repeats."""

_LONGEST_ERROR = 100_000
"""Bytes of an answer in which words are looked for."""

_WORDED = (
    *("errordescription", "error", "errors", "message", "detail", "msg", "errormessage", "errormsg", "details"),
    *("reason", "cause", "title"),
)
"""The fields in which providers write what is wrong, in lower case without underscores, the most telling first."""

_LAST_WORD = re.compile(r"[!-~]+$")

_SHOWN_KEY = re.compile(r"[^\s*]+\*{3,}[^\s*]*|\*{3,}[^\s*]+")
"""A key with most of it replaced by asterisks."""

_LONGEST_HEAD = 1000
"""Bytes of an answer that show whether it is a page."""

_PAGE = re.compile(
    r"\s*+(?:<!--.*?-->\s*+|<\?.*?\?>\s*+)*+<(?:!doctype\s++html|html|head)\b", re.IGNORECASE | re.DOTALL
)
_PAGE_TITLE = re.compile(r"<title[^<>]*+>([^<]*+)<", re.IGNORECASE)
_PLAIN = re.compile(r"[^{\[].*?[^\W\d_]{2}")
"""A text with a word in it, and no fragment of JSON."""


def answer_text(body: bytes) -> str:
    """Return the provider's own words in the body of an answer that has no result, or "".

    They are those that `error_text` finds in JSON, a plain text, or the title of a page.
    """
    if len(body) > _LONGEST_ERROR:
        return ""
    with suppress(ValueError, RecursionError):
        return error_text(json.loads(body))
    text = " ".join(body.decode(errors="replace").split())
    return error_text(text) if text.isprintable() and "\ufffd" not in text and _PLAIN.match(text) else ""


def error_text(body: object) -> str:
    """Return the provider's own words in an error answer's JSON, or "".

    Providers write them as `error.message`, `error`, `message`, or `detail`: a text, a list of what is wrong, of which
    each may name its field as the last part of `loc`, or what is wrong by field. Of a page it is the title.
    """
    if isinstance(body, str):
        return _title(body) if body.lstrip().startswith("<") else body
    if isinstance(body, list):
        return "; ".join(filter(None, map(error_text, cast("list[object]", body)[:3])))
    if isinstance(body, Mapping):
        entries = {
            str(name).lower().replace("_", ""): value for name, value in cast("Mapping[object, object]", body).items()
        }
        words = next(filter(None, (_words(entries.get(key)) for key in _WORDED)), "")
        location = entries.get("loc")
        return f"{location[-1]}: {words}" if words and isinstance(location, list) and location else words
    return ""


def _words(value: object) -> str:
    found = error_text(value)
    if found or not isinstance(value, Mapping):
        return found
    by_field = cast("Mapping[str, object]", value).items()
    lists = [(name, error_text(cast("object", wrong))) for name, wrong in by_field if isinstance(wrong, list)]
    return "; ".join([f"{name}: {words}" for name, words in lists if words][:3])


def is_page(body: object) -> bool:
    """Return whether the body of an answer, as bytes or text, is a web page: providers answer with JSON."""
    text = body[:_LONGEST_HEAD].decode(errors="replace") if isinstance(body, bytes) else body
    return isinstance(text, str) and bool(_PAGE.match(text))


def _title(page: str) -> str:
    found = _PAGE_TITLE.search(page[:_LONGEST_ERROR])
    return html.unescape(found[1]) if found else ""


def clause(text: str) -> str:
    """Return a provider's own words as the end of a sentence (": words"), cut to 300 characters, or "".

    Their full stop is left out, for the sentence has one. Of files in them, such as base64, nothing is repeated, and of
    keys not even what providers show (sk-a***z). A word is not cut: it might be a key, which only whole would be found
    and masked.
    """
    words = " ".join(without_media(text[:_LONGEST_ERROR]).split()).rstrip(".!?")
    short = words if len(words) <= _LONGEST else _LAST_WORD.sub("", words[: _LONGEST + 1])[:_LONGEST].rstrip()
    short = _SHOWN_KEY.sub("[secret]", short)
    return f": {short}" if short and short != "[data]" else ""
