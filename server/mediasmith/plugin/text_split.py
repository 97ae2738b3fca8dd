"""Split a long text where a speaker would pause, and speak its parts one after the other."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from mediasmith.plugin.contract import Call, Pending
from mediasmith.plugin.errors import MediaError

P = TypeVar("P")


R = TypeVar("R")


# Where a text may be cut, the best first: after a paragraph, a sentence, a line, a mark that may end a sentence, a part
# of one, a word. No sentence ends after an initial, a small number or a short form, nor before a word in lower case.
# Marks of Chinese and Japanese need no space behind them. What opens a quotation in one language closes it in another.
_SHORT = (
    r"\w|\d\d|[djms]r|m[rs]s|ms|prof|st|mt|ft|capt|col|gen|gov|hon|lt|pres|rep|rev|sen|sgt|vs|cf|viz|al|nos?|nr|vol|ch"
    r"|figs?|sec|pp|approx|ca|est|inc|ltd|co|corp|dept|bzw|[ds]ra|sig|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)


_LOWER = "".join(filter(str.islower, map(chr, range(0x590))))  # of Latin, Greek, Cyrillic and Armenian


_QUOTES = r"\"'\u2018-\u201f\u00ab\u00bb\u2039\u203a"


_STOPS = r".!?\u2026\u0589\u061f\u06d4\u0964\u0965"


_MARK = rf"(?<![\w'\u2019{_STOPS}])(?:(?!(?i:{_SHORT})\.)[\w'\u2019]++)?[{_STOPS}]++[{_QUOTES})\]]*+(?=\s)"


_PARAGRAPH = re.compile(r"\S(?=[^\S\n]*\n\s*\n)")


_SENTENCE = re.compile(
    rf"{_MARK}(?!\s++[{_QUOTES}(\[]*+[{_LOWER}])"
    rf"|[\u3002\uff01\uff1f\uff0e\uff61]+[\u300d\u300f\u2019\u201d\uff09]*|{_PARAGRAPH.pattern}"
)


_LINE = re.compile(r"\S(?=[^\S\n]*\n)")


_STOP = re.compile(_MARK)


_CLAUSE = re.compile(r"[,;:\u2013\u2014](?=\s)|[\u3001\uff0c\uff1b\uff1a]")


_WORD = re.compile(r"\S(?=\s)")


_JOINTS = (_SENTENCE, _LINE, _STOP, _CLAUSE, _WORD)


_AHEAD = 100  # characters behind a piece that show how the text goes on


def split_text(text: str, limit: int) -> list[str]:
    """A text in pieces of at most `limit` characters, cut between sentences where there are any to cut between.

    Nothing is lost but white space at the cuts.
    """
    found: list[str] = []
    rest = text.strip()
    while len(rest) > limit:
        end = _cut(rest, limit)
        found.append(rest[:end])
        rest = rest[end:].lstrip()
    return [*found, rest] if rest else found


def _cut(text: str, limit: int) -> int:
    """Where the first piece ends: at a paragraph's end, when the piece is not much shorter for it, or else a joint."""
    head = text[: limit + _AHEAD]
    end = _last(_PARAGRAPH, head, limit)
    if end > limit // 2:
        return end
    return next(filter(None, (_last(joint, head, limit) for joint in _JOINTS)), limit)


def _last(joint: re.Pattern[str], text: str, limit: int) -> int:
    """Where the last of these joints within the limit ends; 0 when there is none."""
    return max((end for found in joint.finditer(text) if (end := found.end()) <= limit), default=0)


async def speak_parts(
    call: Call[Any, Any],
    parts: Sequence[P],
    say: Callable[[P], Awaitable[R]],
    *,
    words: Callable[[P], str],
    explain: Callable[[Exception], MediaError | None],
) -> list[R]:
    """What each part became. `say` is one paid request, `words` are what is said in a part, `explain` is the backend's.

    Raises:
        Exception: the first request failed. When a later one does, there is a warning, and what was made is returned.
    """
    made: list[R] = []
    for part in parts:
        try:
            made.append(await say(part))
        except Exception as error:
            known = error if isinstance(error, MediaError) else explain(error)
            if known is None or not made:
                raise
            call.warn(
                f"Only the first {len(made)} of {len(parts)} parts of the text were said, which were paid for: "
                f'{known.message} What is missing begins with "{words(part)[:60]}".'
            )
            break
        call.report(Pending(progress=len(made) / len(parts)))
    return made
