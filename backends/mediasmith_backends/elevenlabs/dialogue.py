"""Dialogue: several voices that talk to each other, each line after its speaker's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mediasmith.plugin.contract import Call, Capability, Request, Result
from mediasmith.plugin.dialogue import Turn, assign_voices, parse_turns
from mediasmith.plugin.params import Seed
from mediasmith.plugin.text_split import split_text
from mediasmith_backends.elevenlabs.audio_formats import (
    VOICE_FORMATS,
    AudioParams,
    Fraction,
    find_format,
    format_refusal,
)
from mediasmith_backends.elevenlabs.audio_stream import AudioHeaders, Write, receive
from mediasmith_backends.elevenlabs.client import NO_RETRY, ElevenLabs, without_none
from mediasmith_backends.elevenlabs.languages import Language, language_code
from mediasmith_backends.elevenlabs.models import DIALOGUE_MODELS
from mediasmith_backends.elevenlabs.speech_parts import speak
from mediasmith_backends.elevenlabs.voices import BUILTIN_VOICES, DEFAULT_CAST, find_voice, voice_names

_MAX_CHARACTERS = 2000  # of one request, as the provider advises
_MAX_VOICES = 10


class DialogueParams(AudioParams):
    """The parameters of a dialogue. `voices` are given as `Name=voice`."""

    voices: tuple[str, ...] = ()
    language: Language | None = None
    seed: Seed | None = None
    stability: Fraction | None = None


def _refuses(request: Request[DialogueParams]) -> str:
    try:
        voices = set(assign_voices(parse_turns(request.prompt), request.params.voices, DEFAULT_CAST).values())
    except ValueError as error:
        return str(error)
    if len(voices) > _MAX_VOICES:
        return f"takes at most {_MAX_VOICES} voices in a dialogue, not {len(voices)}"
    return format_refusal(request.params, VOICE_FORMATS)


async def _start(call: Call[ElevenLabs, DialogueParams]) -> Result:
    params = call.params
    audio_format = find_format(params, VOICE_FORMATS)
    lines = parse_turns(call.prompt)
    voices = {
        speaker: await find_voice(call.client, voice)
        for speaker, voice in assign_voices(lines, params.voices, DEFAULT_CAST).items()
    }
    fields = _fields(call)

    async def speak_part(part: Sequence[Turn], write: Write) -> AudioHeaders:
        inputs: Any = [{"text": line.text, "voice_id": voices[line.speaker]} for line in part]
        request = call.client.sdk.text_to_dialogue.with_raw_response.convert(
            inputs=inputs,
            model_id=call.model.id,
            output_format=audio_format.code,
            request_options=NO_RETRY,
            **fields,
        )
        return await receive(call.client, request, write)

    spoken = await speak(call, audio_format, _split(lines), speak_part, lambda part: part[0].text)
    return spoken.result(voices=voices)


def _fields(call: Call[ElevenLabs, DialogueParams]) -> Mapping[str, Any]:
    return without_none(
        language_code=language_code(call, call.params.language),
        seed=call.params.seed,
        settings=without_none(stability=call.params.stability) or None,
    )


def _split(lines: Sequence[Turn]) -> list[list[Turn]]:
    """Return the lines of each request. A line that is too long for any request is cut."""
    parts: list[list[Turn]] = []
    room = 0
    for line in lines:
        for text in split_text(line.text, _MAX_CHARACTERS):
            if len(text) > room:
                parts.append([])
                room = _MAX_CHARACTERS
            parts[-1].append(Turn(speaker=line.speaker, text=text))
            room -= len(text)
    return parts


dialogue: Capability[ElevenLabs, DialogueParams] = Capability(
    kind="dialogue",
    name="dialogue",
    params=DialogueParams,
    models=DIALOGUE_MODELS,
    start=_start,
    preference=10,
    deadline=3600.0,
    refuses=_refuses,
    choices={"voices": voice_names},
    builtin_choices={"voices": BUILTIN_VOICES},
)
"""Speak conversations of up to ten voices."""
