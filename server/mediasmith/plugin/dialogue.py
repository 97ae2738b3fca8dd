"""Read the prompt of a dialogue, whose lines start with a name, and give each speaker a voice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

_LINE = re.compile(r"\s*([^:：\n]{1,60}?)\s*(?::\s+|：\s*)(\S.*)")  # noqa: RUF001 - as in Chinese and Japanese
_BOLD = re.compile(r"\s*(\*\*|__)(.+?)\1(.*)")
"""A line that begins in bold, as models write names."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The text of one speaker, until the next one speaks."""

    speaker: str
    text: str


def parse_turns(prompt: str) -> tuple[Turn, ...]:
    """Return who says what. A line without a name continues the one before.

    Raises:
        ValueError: the first line has no name; the message is for the caller.
    """
    found: list[Turn] = []
    for line in filter(None, map(str.strip, prompt.splitlines())):
        if match := _LINE.fullmatch(_BOLD.sub(r"\2\3", line)) or _LINE.fullmatch(line):
            found.append(Turn(speaker=match[1], text=match[2]))
        elif found:
            found[-1] = Turn(speaker=found[-1].speaker, text=f"{found[-1].text}\n{line}")
        else:
            raise ValueError("every line of a dialogue starts with the speaker's name: 'Anna: Good morning.'")
    return tuple(found)


def assign_voices(lines: Sequence[Turn], voices: Sequence[str], default: Sequence[str]) -> Mapping[str, str]:
    """Return the voice of each speaker, in the order they first speak.

    It is the one that `voices` gives as `Name=voice`, else one of `default`; those that are taken come last.

    Raises:
        ValueError: an entry of `voices` has another form or names no speaker; the message is for the caller.
    """
    names = list(dict.fromkeys(turn.speaker for turn in lines))
    given: dict[str, str] = {}
    for entry in voices:
        name, equals, voice = (part.strip() for part in entry.partition("="))
        if not equals or not voice or name not in names:
            raise ValueError(f"voices takes Name=voice for the speakers {', '.join(names)[:200]}, not {entry[:60]!r}")
        given[name] = voice
    free = cycle([voice for voice in default if voice not in given.values()] or default)
    return {name: given.get(name) or next(free) for name in names}
