"""Dialogue: two speakers, whose lines start with their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mediasmith.plugin.contract import Call, Capability, Params, Request, Result
from mediasmith.plugin.dialogue import Turn, assign_voices, parse_turns
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.modes import with_key
from mediasmith_backends.google.speech import MODELS, Format, Language, spoken, turn
from mediasmith_backends.google.voices import DEFAULT, spelt, voices

_TWO = 2


class DialogueParams(Params):
    """What two speakers can be told besides their lines. `voices` are `Name=voice`."""

    voices: tuple[str, ...] = ()
    language: Language | None = None
    instructions: str | None = None
    output_format: Format = "mp3"


def _cast(said: Sequence[Turn], given: Sequence[str]) -> Mapping[str, str]:
    """The voice of each of the two. ValueError when there are more or fewer, or the voices do not go with them."""
    names = list(dict.fromkeys(each.speaker for each in said))
    if len(names) != _TWO:
        raise ValueError(f"a dialogue has two speakers, and this one has {len(names)}: {', '.join(names)[:200]}")
    return assign_voices(said, [_spelt(entry) for entry in given], DEFAULT)


def _spelt(entry: str) -> str:
    """The same with the voice as the provider writes it, so that nobody else is given it for another one."""
    name, equals, voice = entry.partition("=")
    return f"{name}{equals}{spelt(voice.strip())}"


def _refuses(ask: Request[DialogueParams]) -> str:
    try:
        _cast(parse_turns(ask.prompt), ask.params.voices)
    except ValueError as error:
        return str(error)
    return ""


async def _start(call: Call[Google, DialogueParams]) -> Result:
    params = call.params
    said = parse_turns(call.prompt)
    speakers = [
        {"speaker": name, "voice": voice, **({"language": params.language} if params.language else {})}
        for name, voice in _cast(said, params.voices).items()
    ]
    lines = [turn(each.text, speaker=each.speaker, style=params.instructions) for each in said]
    return await spoken(call.client, call.model, lines, {"speakers": speakers}, params.output_format)


dialogue: Capability[Google, DialogueParams] = Capability(
    kind="dialogue",
    name="dialogue",
    params=DialogueParams,
    models=MODELS,
    start=_start,
    deadline=600.0,
    preference=10,
    refuses=_refuses,
    missing=with_key,
    choices={"voices": voices},
)
"""Dialogue, with an API key."""
