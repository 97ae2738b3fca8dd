"""Clean up the values of environment variables: quotes, spaces, invisible characters, `~` and `$HOME`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import url2pathname

_UNSEEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"  # soft hyphens, zero-width, direction, BOM
_INVISIBLE = re.compile(f"[{_UNSEEN}]|^\u00a0+|\u00a0+$")
_AT_ENDS = re.compile(rf"^[\s{_UNSEEN}]+|[\s{_UNSEEN}]+$")
_QUOTES = (('"', '"'), ("'", "'"), ("`", "`"), ("\u201c", "\u201d"), ("\u2018", "\u2019"))
_JSON = re.compile(r"\s*(?:\{.*\}|\[.*\])\s*\Z", re.DOTALL)
_SCHEME = re.compile(r"(bearer|key|token)\s+", re.IGNORECASE)
"""What examples of headers have before a key."""

_IN_NO_KEY = re.compile(r"[^!-~]")
_PATH = re.compile(r"(?:~|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%)[/\\]|file:", re.IGNORECASE)
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)|%([A-Za-z_]\w*)%")


def clean(text: str) -> str:
    """Return a value without spaces and invisible characters at its ends, and without pairs of quotes around it."""
    bare = _AT_ENDS.sub("", text)
    for first, last in _QUOTES:
        inside = bare[1:-1]
        if len(bare) < 2 or not (bare.startswith(first) and bare.endswith(last)):  # noqa: PLR2004 - one of each
            continue
        if first not in inside.strip(first + last) or _JSON.match(inside):
            return clean(inside)
    return bare


def clean_key(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the key that a value means, and what was left out of it, as phrases.

    Quotes, "Bearer ", "Key ", "Token " and invisible characters are never part of a key: they come with copies from web
    pages and from env files, which some tools read with the quotes.
    """
    seen = _INVISIBLE.sub("", text.strip(" \t\r\n"))
    bare = clean(seen)
    scheme = _SCHEME.match(bare)
    value = clean(bare[scheme.end() :]) if scheme else bare
    removed = (
        *(("invisible characters",) if seen != text.strip(" \t\r\n") else ()),
        *(("the quotes around it",) if bare != seen.strip() else ()),
        *((f'the word "{scheme[1].capitalize()}"',) if scheme else ()),
    )
    return value, removed


def key_fault(key: str) -> str:
    """Return why this cannot be a key, as a phrase without any of it, or ""."""
    found = _IN_NO_KEY.search(key)
    if found is None:
        return ""
    what = "a space or a line break" if found[0].isspace() else f"the character U+{ord(found[0]):04X}"
    return f"contains {what}, which no key has"


def expand_variables(text: str, env: Mapping[str, str]) -> str:
    """Return a path with `$NAME` and `%NAME%` filled in; those that are not set are left."""
    return _VARIABLE.sub(lambda found: env.get(found[1] or found[2], "") or found[0], text)


def read_value(text: str, env: Mapping[str, str]) -> str:
    """Return a value that may be a path or not: without quotes around it, with variables expanded if it is a path."""
    value = clean(text)
    if not _PATH.match(value):
        return value
    try:
        return os.path.expanduser(folder_path(expand_variables(value, env)))  # noqa: PTH111 - never raises
    except ValueError:
        return value  # the backend reports that there is no such file


def folder_path(text: str) -> str:
    """Return the path that a value means: a `file://` URL, or a path, perhaps in quotes.

    Raises:
        ValueError: it is a URL of another machine, or it is not a path: it begins with an unset variable or a quote.
    """
    path = clean(text)
    if path.lower().startswith("file:"):
        parts = urlsplit(path)
        if parts.netloc not in {"", "localhost"}:
            raise ValueError("a URL of another machine")
        path = url2pathname(parts.path)
    if not path or path[0] in "$%\"'`":
        raise ValueError("not a path")
    return path
