"""Voices copied from recordings: the voice is made, and then says something, so that it can be heard."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Annotated, Any

from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Result, Takes
from mediasmith.plugin.errors import MediaError, ProviderError
from mediasmith_backends.elevenlabs.answers import received
from mediasmith_backends.elevenlabs.client import ONCE, TITLE, ElevenLabs
from mediasmith_backends.elevenlabs.errors import explain, required, sense
from mediasmith_backends.elevenlabs.models import per_call
from mediasmith_backends.elevenlabs.recording import SOUNDS, opened

_MIME = "audio/mpeg"
_FORMAT = "mp3_44100_128"
_LONGEST_NAME = 100  # characters
_CLAUSE = re.compile(r"[.,:;!?\n]")
_SAMPLES = 25
_LARGEST = 10_000_000  # bytes of a sample
_SAYS = "Hello. This is how I sound from now on, whatever it is that you would like me to say."
_NOTE = "Speaks the preview. The prompt is the voice's name, and behind a comma what it is like."


class CloneParams(Params):
    """How a voice is copied."""

    text: Annotated[str, Field(min_length=1, max_length=1000, description="What the preview says.")] = _SAYS
    remove_background_noise: Annotated[bool, Field(description="For samples with noise; others suffer.")] = False


async def _start(call: Call[ElevenLabs, CloneParams]) -> Result:
    description = call.prompt.strip()
    name = _name(description) or PurePath(call.inputs["voice_sample"][0].name).stem
    voice, verify = await _cloned(call, name, description)
    sink = call.file(_MIME)
    asked = call.client.sdk.text_to_speech.with_raw_response.convert(
        voice, text=call.params.text, model_id=call.model.id, output_format=_FORMAT, request_options=ONCE
    )
    try:
        told = await received(call.client, asked, sink.write)
    except Exception as error:
        raise _unheard(error, voice, verify=verify) from error
    details = {**told.details, "voice_id": voice, "name": name, "requires_verification": verify}
    return Result(outputs=(Output(body=sink, mime=_MIME),), details=details)


def _name(description: str) -> str:
    """The words before the first pause, as many as a name can have."""
    words = _CLAUSE.split(description, maxsplit=1)[0].strip()
    return words if len(words) <= _LONGEST_NAME else words[:_LONGEST_NAME].rpartition(" ")[0] or words[:_LONGEST_NAME]


async def _cloned(call: Call[ElevenLabs, CloneParams], name: str, description: str) -> tuple[str, bool]:
    """The id of the new voice, and whether it must be verified before it speaks."""
    given: dict[str, Any] = {"description": description} if description else {}
    given |= {"remove_background_noise": True} if call.params.remove_background_noise else {}
    async with opened(call.inputs["voice_sample"]) as files:
        with sense():
            made = await call.client.sdk.voices.ivc.create(name=name, files=[*files], request_options=ONCE, **given)
            return required(made.voice_id), bool(made.requires_verification)


def _unheard(error: Exception, voice: str, *, verify: bool) -> MediaError:
    """The voice is there, but its preview is not. It must not be made again, whatever kept it from speaking."""
    known = error if isinstance(error, MediaError) else explain(error)
    why = known.message if known else f"its preview failed ({type(error).__name__})."
    verified = " It must be verified first, on the provider's pages." if verify else ""
    return ProviderError(
        f"{TITLE} made the voice {voice}, which stays, but it could not be heard: {why}{verified}",
        f"Speak with it: kind speech, voice {voice}.",
        billed="unknown",
    )


voice_clone: Capability[ElevenLabs, CloneParams] = Capability(
    kind="voice_clone",
    name="voice_clone",
    params=CloneParams,
    models=(
        Model(id="eleven_v4", prices=per_call(0.08), note=_NOTE),
        Model(id="eleven_multilingual_v2", prices=per_call(0.10), note=_NOTE),
    ),
    start=_start,
    takes={"voice_sample": Takes(max=_SAMPLES, required=True, mimes=SOUNDS, max_bytes=_LARGEST)},
    preference=10,
    deadline=1200.0,
)
"""A voice like the one in the recordings, and something that it says."""
