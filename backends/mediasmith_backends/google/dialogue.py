"""Dialogue: two speakers, whose lines start with their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mediasmith.contract import Ask, Call, Capability, Params, Result
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.modes import with_key
from mediasmith_backends.google.speech import MODELS, Format, Language, spoken, turn
from mediasmith_backends.google.voices import DEFAULT, voices

_LINE = re.compile(r"\s*([^:\n]{1,60}?)\s*:\s+(\S.*)")
_TWO = 2


class DialogueParams(Params):
    """What two speakers can be told besides their lines. `voices` are `Name=voice`."""

    voices: tuple[str, ...] = ()
    language: Language | None = None
    instructions: str | None = None
    output_format: Format = "mp3"


@dataclass(frozen=True, kw_only=True)
class _Said:
    speaker: str
    text: str


def _turns(prompt: str) -> list[_Said]:
    """What is said, by whom. A line without a name goes on with the one before; ValueError when there is none."""
    turns: list[_Said] = []
    for line in filter(None, map(str.strip, prompt.splitlines())):
        if found := _LINE.fullmatch(line):
            turns.append(_Said(speaker=found[1], text=found[2]))
        elif turns:
            turns[-1] = _Said(speaker=turns[-1].speaker, text=f"{turns[-1].text}\n{line}")
        else:
            raise ValueError("every line of a dialogue starts with the speaker's name: 'Anna: Good morning.'")
    return turns


def _cast(turns: Sequence[_Said], given: Sequence[str]) -> Mapping[str, str]:
    """The voice of each speaker. ValueError when the voices do not go with the speakers."""
    names = list(dict.fromkeys(said.speaker for said in turns))
    if len(names) != _TWO:
        raise ValueError(f"a dialogue has two speakers, and this one has {len(names)}: {', '.join(names)[:200]}")
    chosen: dict[str, str] = dict(zip(names, DEFAULT, strict=True))
    for entry in given:
        name, equals, voice = (part.strip() for part in entry.partition("="))
        if not equals or not voice or name not in chosen:
            raise ValueError(f"voices takes Name=voice for the speakers {' and '.join(names)}, not {entry[:60]!r}")
        chosen[name] = voice
    return chosen


def _refuses(ask: Ask[DialogueParams]) -> str:
    try:
        _cast(_turns(ask.prompt), ask.params.voices)
    except ValueError as error:
        return str(error)
    return ""


async def _start(call: Call[Google, DialogueParams]) -> Result:
    params = call.params
    turns = _turns(call.prompt)
    speakers = [
        {"speaker": name, "voice": voice, **({"language": params.language} if params.language else {})}
        for name, voice in _cast(turns, params.voices).items()
    ]
    lines = [turn(said.text, speaker=said.speaker, style=params.instructions) for said in turns]
    return await spoken(call.client, call.model, lines, {"speakers": speakers}, params.output_format)


dialogue: Capability[Google, DialogueParams] = Capability(
    kind="dialogue",
    name="dialogue",
    params=DialogueParams,
    models=MODELS,
    start=_start,
    deadline=600.0,
    refuses=_refuses,
    missing=with_key,
    choices={"voices": voices},
)
"""Dialogue, with an API key."""
