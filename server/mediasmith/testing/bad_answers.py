"""Answers that hold the wrong things: bodies of their own, and edits of normal answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import cast

PAGE = b"<html><body>Gateway</body></html>"
"""What a gateway answers in the provider's place."""

BODIES = (
    *(b"", b"{", b"null", b"[]", b"{}", b'"text"', b"NaN", b"\xff\xfe\x00", b'{"data": []}', b"[" * 100_000),
    b'{"error": {"message": "scripted"}}',
)
"""Bodies that no answer to a paying request may have."""


def _edit(change: Callable[[object], object]) -> Callable[[bytes], bytes]:
    """Return an edit of a JSON answer that changes every value, from the inside out."""

    def edit(body: bytes) -> bytes:
        try:
            return json.dumps(_changed(json.loads(body), change)).encode()
        except ValueError:
            return b""

    return edit


def _changed(value: object, change: Callable[[object], object]) -> object:
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        return change({name: _changed(inner, change) for name, inner in mapping.items()})
    if isinstance(value, list):
        return change([_changed(inner, change) for inner in cast("list[object]", value)])
    return change(value)


def _without(place: int) -> Callable[[object], object]:
    def change(value: object) -> object:
        if not isinstance(value, dict) or value == {}:
            return cast("object", value)
        mapping = dict(cast("Mapping[str, object]", value))
        del mapping[list(mapping)[place]]
        return mapping

    return change


def _in_a_list(value: object) -> object:
    return [cast("object", value)] if isinstance(value, dict) else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


UNKNOWN_WORDS = _edit(lambda value: "somersault" if isinstance(value, str) else value)
"""An edit after which every text is an unknown word."""

EDITS: Mapping[str, Callable[[bytes], bytes]] = {
    "whose texts are all unknown words": UNKNOWN_WORDS,
    "whose texts are all numbers": _edit(lambda value: 7 if isinstance(value, str) else value),
    "whose texts are all null": _edit(lambda value: None if isinstance(value, str) else value),
    "whose numbers are all NaN": _edit(lambda value: float("nan") if _is_number(value) else value),
    "whose numbers are all texts": _edit(lambda value: "many" if _is_number(value) else value),
    "whose lists are all empty": _edit(lambda value: [] if isinstance(value, list) else value),
    "whose lists are all null": _edit(lambda value: None if isinstance(value, list) else value),
    "whose first fields are gone": _edit(_without(0)),
    "whose last fields are gone": _edit(_without(-1)),
    "whose fields are all in a list": _edit(_in_a_list),
}
"""Edits of normal answers, by what they do."""

_HOST = re.compile(rb"(https?:(?:\\?/){2})[^/?#\"\\\s]+")


def moved_to(host: str) -> Callable[[bytes], bytes]:
    """Return an edit after which every URL in an answer names this host."""
    return lambda body: _HOST.sub(rb"\1" + host.encode(), body)
