"""Split a long text where a speaker would pause, and speak its parts one after another."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from mediasmith.plugin.contract import Call, Pending
from mediasmith.plugin.errors import MediaError

P = TypeVar("P")
R = TypeVar("R")

# Where a text may be cut, the best first: after a paragraph, a sentence, a line, a mark that may end a sentence, a
# clause, a word. No sentence ends after an initial, a small number or an abbreviation, nor before a word in lower case.
# Marks of Chinese and Japanese need no space after them. A quotation mark that opens in one language closes in another.
_ABBREVIATIONS = (
    r"\w|\d\d|[djms]r|m[rs]s|ms|prof|st|mt|ft|capt|col|gen|gov|hon|lt|pres|rep|rev|sen|sgt|vs|cf|viz|al|nos?|nr|vol|ch"
    r"|figs?|sec|pp|approx|ca|est|inc|ltd|co|corp|dept|bzw|[ds]ra|sig|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_LOWER = "".join(filter(str.islower, map(chr, range(0x590))))  # of Latin, Greek, Cyrillic and Armenian
_QUOTES = r"\"'\u2018-\u201f\u00ab\u00bb\u2039\u203a"
_STOPS = r".!?\u2026\u0589\u061f\u06d4\u0964\u0965"
_MARK = rf"(?<![\w'\u2019{_STOPS}])(?:(?!(?i:{_ABBREVIATIONS})\.)[\w'\u2019]++)?[{_STOPS}]++[{_QUOTES})\]]*+(?=\s)"

# As text: they are compiled when the first long text comes.
_PARAGRAPH = r"\S(?=[^\S\n]*\n\s*\n)"
_SENTENCE = (
    rf"{_MARK}(?!\s++[{_QUOTES}(\[]*+[{_LOWER}])"
    rf"|[\u3002\uff01\uff1f\uff0e\uff61]+[\u300d\u300f\u2019\u201d\uff09]*|{_PARAGRAPH}"
)
_LINE = r"\S(?=[^\S\n]*\n)"
_CLAUSE = r"[,;:\u2013\u2014](?=\s)|[\u3001\uff0c\uff1b\uff1a]"
_WORD = r"\S(?=\s)"
_BREAKS = (_SENTENCE, _LINE, _MARK, _CLAUSE, _WORD)

_LOOKAHEAD = 100  # characters after a part that show how the text continues


def split_text(text: str, limit: int) -> list[str]:
    """Return a text in parts of at most `limit` characters, cut between sentences where possible.

    Nothing is lost but white space at the cuts.
    """
    parts: list[str] = []
    rest = text.strip()
    while len(rest) > limit:
        end = _end_of_part(rest, limit)
        parts.append(rest[:end])
        rest = rest[end:].lstrip()
    return [*parts, rest] if rest else parts


def _end_of_part(text: str, limit: int) -> int:
    """Return where the first part ends: after a paragraph, unless that makes it too short, else at the best break."""
    head = text[: limit + _LOOKAHEAD]
    end = _last(_PARAGRAPH, head, limit)
    if end > limit // 2:
        return end
    return next(filter(None, (_last(kind, head, limit) for kind in _BREAKS)), limit)


def _last(kind: str, text: str, limit: int) -> int:
    """Return where the last break of this kind ends, up to the limit; 0 if there is none."""
    return max((end for found in re.finditer(kind, text) if (end := found.end()) <= limit), default=0)


async def speak_parts(
    call: Call[Any, Any],
    parts: Sequence[P],
    speak: Callable[[P], Awaitable[R]],
    *,
    text_of: Callable[[P], str],
    explain: Callable[[Exception], MediaError | None],
) -> list[R]:
    """Speak the parts of a text one after another, and return the result of each.

    `speak` sends one paid request, `text_of` returns the text of a part, `explain` is the backend's. When a request
    after the first fails, the results so far are returned, with a warning.

    Raises:
        Exception: the first request failed, or `explain` does not know the error.
    """
    results: list[R] = []
    for part in parts:
        try:
            results.append(await speak(part))
        except Exception as error:
            known = error if isinstance(error, MediaError) else explain(error)
            if known is None or not results:
                raise
            call.warn(
                f"Only the first {len(results)} of {len(parts)} parts of the text were spoken and billed: "
                f'{known.message} The missing text begins with "{text_of(part)[:60]}".'
            )
            break
        call.report(Pending(progress=len(results) / len(parts)))
    return results
