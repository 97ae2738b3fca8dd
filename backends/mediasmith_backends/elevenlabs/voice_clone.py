"""Voice clones: a voice is created from recordings, and then says something as a preview."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Annotated

from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Result, Takes
from mediasmith.plugin.errors import MediaError, ProviderError
from mediasmith.plugin.http_errors import reading
from mediasmith_backends.elevenlabs.audio_stream import receive
from mediasmith_backends.elevenlabs.client import NO_RETRY, TITLE, ElevenLabs, without_none
from mediasmith_backends.elevenlabs.errors import explain, require_text
from mediasmith_backends.elevenlabs.models import per_call
from mediasmith_backends.elevenlabs.uploads import AUDIO_MIMES, open_files

_MIME = "audio/mpeg"
_FORMAT = "mp3_44100_128"
_MAX_NAME = 100  # characters
_CLAUSE_END = re.compile(r"[.,:;!?\n]")
_PREVIEW = "Hello. This is how I sound from now on, whatever you would like me to say."
_NOTE = "Speaks the preview. Start the prompt with the voice's name, then a comma and what it is like."


class CloneParams(Params):
    """The parameters of a voice clone."""

    text: Annotated[str, Field(min_length=1, max_length=1000, description="What the preview says.")] = _PREVIEW
    remove_background_noise: Annotated[bool, Field(description="For noisy samples; it harms clean ones.")] = False


async def _start(call: Call[ElevenLabs, CloneParams]) -> Result:
    description = call.prompt.strip()
    name = _name(description) or PurePath(call.inputs["voice_sample"][0].name).stem
    voice, unverified = await _create(call, name, description)
    sink = call.file(_MIME)
    request = call.client.sdk.text_to_speech.with_raw_response.convert(
        voice, text=call.params.text, model_id=call.model.id, output_format=_FORMAT, request_options=NO_RETRY
    )
    try:
        headers = await receive(call.client, request, sink.write)
    except Exception as error:
        raise _no_preview(error, voice, unverified=unverified) from error
    details = {**headers.details, "voice_id": voice, "name": name, "requires_verification": unverified}
    return Result(outputs=(Output(body=sink, mime=_MIME),), details=details)


def _name(description: str) -> str:
    """Return the first clause, cut after the last word that a name has room for."""
    clause = _CLAUSE_END.split(description, maxsplit=1)[0].strip()
    return clause if len(clause) <= _MAX_NAME else clause[:_MAX_NAME].rpartition(" ")[0] or clause[:_MAX_NAME]


async def _create(call: Call[ElevenLabs, CloneParams], name: str, description: str) -> tuple[str, bool]:
    """Create the voice, and return its id and whether it must be verified before it speaks."""
    fields = without_none(
        description=description or None, remove_background_noise=call.params.remove_background_noise or None
    )
    async with open_files(call.inputs["voice_sample"]) as files:
        with reading(TITLE):
            voice = await call.client.sdk.voices.ivc.create(
                name=name, files=[*files], request_options=NO_RETRY, **fields
            )
            return require_text(voice.voice_id), bool(voice.requires_verification)


def _no_preview(error: Exception, voice: str, *, unverified: bool) -> MediaError:
    """Return the error for a voice without a preview: one that stops the whole call from being sent again."""
    known = error if isinstance(error, MediaError) else explain(error)
    reason = known.message if known else f"the request failed ({type(error).__name__})."
    verify = " It must be verified first, on the provider's website." if unverified else ""
    return ProviderError(
        f"{TITLE} created the voice {voice}, but its preview failed: {reason}{verify}",
        f"The voice can be used: kind speech, voice {voice}.",
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
    takes={"voice_sample": Takes(max=25, required=True, mimes=AUDIO_MIMES, max_bytes=10_000_000)},
    preference=10,
    deadline=1200.0,
)
"""Clone the voice in recordings."""
