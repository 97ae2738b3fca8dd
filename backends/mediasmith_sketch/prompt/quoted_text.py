"""Finding the words that are to be set in the picture itself."""

from __future__ import annotations

import re

_QUOTED = r"""(?:["“”«»„](.{1,200}?)["“”«»„]|(?<!\w)['‘](.{1,200}?)['’](?!\w))"""  # noqa: RUF001 - real quotation marks
_NOUN = r"(?:text|words?|titled?|headline|heading|lettering|slogan|sign|banner)"
_IN_PROMPT = re.compile(
    rf"\b(?:{_NOUN}|says|saying|reading|reads|called|named)\b[\s\w:]{{0,24}}?{_QUOTED}", re.IGNORECASE
)
_IN_EDIT = re.compile(_QUOTED)
_BARE = (
    re.compile(r"\b(?:saying|that says|that reads|reading)\s+(.+)$", re.IGNORECASE),
    re.compile(rf"\b(?:change|set)\b.{{0,20}}?\b{_NOUN}\s+to\s+(.+)$", re.IGNORECASE),
    re.compile(
        rf"\b(?:add|put|insert|include)\b.{{0,20}}?\b{_NOUN}\b[\s:]+(?!in\b|at\b|on\b|to\b)(.+)$", re.IGNORECASE
    ),
    re.compile(r"\bwrite\s+(.+)$", re.IGNORECASE),
)
_WHERE = re.compile(r"\s+(?:in|on|at|across|over|above|below|to|into)\s+the\s[\w\s]+$", re.IGNORECASE)


def quoted_text(text: str, *, edit: bool) -> str:
    """Return the words to be set: quoted ones after `says`, `titled` and the like; in an edit also bare ones.

    An edit may say `add the text HELLO`.
    """
    if quoted := (_IN_EDIT if edit else _IN_PROMPT).search(text):
        return (quoted[1] or quoted[2]).strip(" .")
    for pattern in _BARE if edit else ():
        if bare := pattern.search(text):
            return _WHERE.sub("", bare[1]).strip(" .")
    return ""
