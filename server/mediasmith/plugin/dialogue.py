"""What the prompt of a dialogue and its `voices` mean: lines that start with a name, and a voice for each name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

_LINE = re.compile(r"\s*([^:\n]{1,60}?)\s*:\s+(\S.*)")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one speaker says before the next one does."""

    speaker: str
    text: str


def turns(prompt: str) -> tuple[Turn, ...]:
    """What is said, by whom. A line without a name goes on with the one before.

    ValueError, in words for the caller, when the first line has no name.
    """
    said: list[Turn] = []
    for line in filter(None, map(str.strip, prompt.splitlines())):
        if found := _LINE.fullmatch(line):
            said.append(Turn(speaker=found[1], text=found[2]))
        elif said:
            said[-1] = Turn(speaker=said[-1].speaker, text=f"{said[-1].text}\n{line}")
        else:
            raise ValueError("every line of a dialogue starts with the speaker's name: 'Anna: Good morning.'")
    return tuple(said)


def cast(said: Sequence[Turn], voices: Sequence[str], default: Sequence[str]) -> Mapping[str, str]:
    """The voice of each speaker, in the order they first speak: as `Name=voice` gives it, else one of `default`.

    A default voice that was given to somebody is used for another speaker only when the others are used up.
    ValueError, in words for the caller, when one of `voices` is of another form or for nobody who speaks.
    """
    names = list(dict.fromkeys(turn.speaker for turn in said))
    given: dict[str, str] = {}
    for entry in voices:
        name, equals, voice = (part.strip() for part in entry.partition("="))
        if not equals or not voice or name not in names:
            raise ValueError(f"voices takes Name=voice for the speakers {', '.join(names)[:200]}, not {entry[:60]!r}")
        given[name] = voice
    free = cycle([voice for voice in default if voice not in given.values()] or default)
    return {name: given.get(name) or next(free) for name in names}
