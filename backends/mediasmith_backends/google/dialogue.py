"""Dialogue: two speakers, whose lines start with their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mediasmith.plugin.contract import Accepted, Call, Capability, Params, Request, Result
from mediasmith.plugin.dialogue import Turn, assign_voices, parse_turns
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.sign_in import missing_key
from mediasmith_backends.google.speech import SPEECH_MODELS, Format, Language, spoken_text, synthesize
from mediasmith_backends.google.voices import DEFAULT_VOICES, PREBUILT, canonical_voice, list_voices

_SPEAKERS = 2


class DialogueParams(Params):
    """The parameters of a dialogue. `voices` are `Name=voice`."""

    voices: tuple[str, ...] = ()
    language: Language | None = None
    instructions: str | None = None
    output_format: Format = "mp3"


def _voices_by_speaker(lines: Sequence[Turn], voices: Sequence[str]) -> Mapping[str, str]:
    """Return the voice of each of the two speakers.

    Raises:
        ValueError: there are more or fewer speakers, or the voices do not fit them.
    """
    names = list(dict.fromkeys(line.speaker for line in lines))
    if len(names) != _SPEAKERS:
        raise ValueError(f"a dialogue has two speakers, and this one has {len(names)}: {', '.join(names)[:200]}")
    return assign_voices(lines, [_canonical_entry(entry) for entry in voices], DEFAULT_VOICES)


def _canonical_entry(entry: str) -> str:
    """Return the entry with its voice as Google spells it, so that no other speaker gets the same one by default."""
    name, equals, voice = entry.partition("=")
    return f"{name}{equals}{canonical_voice(voice.strip())}"


def _refuses(request: Request[DialogueParams]) -> str:
    try:
        _voices_by_speaker(parse_turns(request.prompt), request.params.voices)
    except ValueError as error:
        return str(error)
    return ""


async def _start(call: Call[Google, DialogueParams]) -> Result | Accepted:
    params = call.params
    lines = parse_turns(call.prompt)
    speakers = [
        {"speaker": name, "voice": voice, **({"language": params.language} if params.language else {})}
        for name, voice in _voices_by_speaker(lines, params.voices).items()
    ]
    texts = [spoken_text(line.text, speaker=line.speaker, style=params.instructions) for line in lines]
    return await synthesize(call.client, call.model, texts, {"speakers": speakers}, params.output_format)


dialogue: Capability[Google, DialogueParams] = Capability(
    kind="dialogue",
    name="dialogue",
    params=DialogueParams,
    models=SPEECH_MODELS,
    start=_start,
    deadline=600.0,
    preference=10,
    refuses=_refuses,
    missing=missing_key,
    choices={"voices": list_voices},
    builtin_choices={"voices": PREBUILT},
)
"""Dialogue, with an API key."""
