"""Dialogue: several voices that speak with each other, each line behind the name of who says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mediasmith.plugin.contract import Call, Capability, Request, Result
from mediasmith.plugin.dialogue import Turn, assign_voices, parse_turns
from mediasmith.plugin.params import Seed
from mediasmith.plugin.text_split import split_text
from mediasmith_backends.elevenlabs.answers import Told, received
from mediasmith_backends.elevenlabs.client import ONCE, ElevenLabs, present
from mediasmith_backends.elevenlabs.formats import VOICES, Fraction, SoundParams, form, refusal
from mediasmith_backends.elevenlabs.languages import Language, loss, provider_code
from mediasmith_backends.elevenlabs.models import DIALOGUE_MODELS
from mediasmith_backends.elevenlabs.parts import Write, said
from mediasmith_backends.elevenlabs.voices import CAST, names, resolved

_LONGEST = 2000  # characters of one request, as is advised
_MOST_VOICES = 10


class DialogueParams(SoundParams):
    """What speakers can be told besides their lines. `voices` are `Name=voice`."""

    voices: tuple[str, ...] = ()
    language: Language | None = None
    seed: Seed | None = None
    stability: Fraction | None = None


def _refuses(ask: Request[DialogueParams]) -> str:
    try:
        lines = parse_turns(ask.prompt)
        voices = set(assign_voices(lines, ask.params.voices, CAST).values())
    except ValueError as error:
        return str(error)
    if len(voices) > _MOST_VOICES:
        return f"takes at most {_MOST_VOICES} voices in a dialogue; this one has {len(voices)}"
    return refusal(ask.params, VOICES)


async def _start(call: Call[ElevenLabs, DialogueParams]) -> Result:
    params = call.params
    wanted = form(params, VOICES)
    said_by = parse_turns(call.prompt)
    voices = {
        speaker: await resolved(call.client, voice)
        for speaker, voice in assign_voices(said_by, params.voices, CAST).items()
    }
    if params.language and (lost := loss(params.language)):
        call.warn(lost)

    async def say(lines: Sequence[Turn], write: Write) -> Told:
        """One request, paid for."""
        inputs: Any = [{"text": line.text, "voice_id": voices[line.speaker]} for line in lines]
        asked = call.client.sdk.text_to_dialogue.with_raw_response.convert(
            inputs=inputs,
            model_id=call.model.id,
            output_format=wanted.code,
            request_options=ONCE,
            **_given(params),
        )
        return await received(call.client, asked, write)

    made = await said(call, wanted, _requests(said_by), say, lambda lines: lines[0].text)
    return made.result(voices=voices)


def _given(params: DialogueParams) -> Mapping[str, Any]:
    return present(
        language_code=params.language and provider_code(params.language),
        seed=params.seed,
        settings=present(stability=params.stability) or None,
    )


def _requests(said_by: Sequence[Turn]) -> list[list[Turn]]:
    """The lines of each request. One that is too long for any is cut."""
    requests: list[list[Turn]] = []
    room = 0
    for turn in said_by:
        for text in split_text(turn.text, _LONGEST):
            if len(text) > room:
                requests.append([])
                room = _LONGEST
            requests[-1].append(Turn(speaker=turn.speaker, text=text))
            room -= len(text)
    return requests


dialogue: Capability[ElevenLabs, DialogueParams] = Capability(
    kind="dialogue",
    name="dialogue",
    params=DialogueParams,
    models=DIALOGUE_MODELS,
    start=_start,
    preference=10,
    deadline=3600.0,
    refuses=_refuses,
    choices={"voices": names},
)
"""Conversations of up to ten voices."""
