"""Voices made up from a description: a few to choose from, and the one that is continued becomes a voice for good."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.contract import JSON, Call, Capability, Model, Output, Params, Request, Result
from mediasmith.plugin.errors import InvalidRequest, ModelGone, StateGone
from mediasmith.plugin.http_errors import not_billed
from mediasmith_backends.elevenlabs.answers import received
from mediasmith_backends.elevenlabs.client import ONCE, TITLE, ElevenLabs
from mediasmith_backends.elevenlabs.errors import NO_VOICE, code_of, explain, nonsense, required, sense
from mediasmith_backends.elevenlabs.models import per_call

_MIME = "audio/mpeg"
_FORMAT = "mp3_44100_128"
_SHORTEST, _LONGEST = 20, 1000  # characters of a description
_LONGEST_NAME = 100  # characters

_CONFLICT = 409  # an HTTP status

_KEPT = "It is among the account's voices by the name it was given; list_backends shows it within minutes."
_TEXT_ABOUT = "What the previews say, 100 to 1,000 characters; without it something that suits the voice."
_ENHANCE_ABOUT = "Have the description filled out first."
_HOW = "Continue a preview with a name as the prompt to keep its voice."


class DesignParams(Params):
    """How a voice is made up from its description."""

    seed: Annotated[int | None, Field(ge=0, le=2_147_483_647)] = None
    text: Annotated[str | None, Field(min_length=100, max_length=1000, description=_TEXT_ABOUT)] = None
    guidance_scale: Annotated[float | None, Field(ge=0, le=100, description="How strictly it is followed.")] = None
    loudness: Annotated[float | None, Field(ge=-1, le=1)] = None
    enhance: Annotated[bool, Field(description=_ENHANCE_ABOUT)] = False


def _refuses(ask: Request[DesignParams]) -> str:
    return next(_objections(ask), "")


def _objections(ask: Request[DesignParams]) -> Iterator[str]:
    length = len(ask.prompt)
    match ask.state:
        case None:
            if not _SHORTEST <= length <= _LONGEST:
                yield f"takes a description of {_SHORTEST} to {_LONGEST:,} characters; this one has {length:,}"
        case {"voice_id": str(voice)}:
            yield f"has kept this voice already: speak with voice {voice}"
        case _:
            if length > _LONGEST_NAME:
                yield f"keeps a voice under the name that is the prompt, of at most {_LONGEST_NAME} characters"
            if ask.params.model_dump(exclude_defaults=True):
                yield "keeps a voice as it is, so takes no options with it"


async def _start(call: Call[ElevenLabs, DesignParams]) -> Result:
    match call.state:
        case None:
            return await _designed(call)
        case {"generated_voice": str(preview), "description": str(description)}:
            return await _kept(call, preview, description)
        case _:
            raise StateGone("What this voice was made from is not known.")


async def _designed(call: Call[ElevenLabs, DesignParams]) -> Result:
    params = call.params
    given: dict[str, Any] = params.model_dump(exclude_none=True, exclude={"enhance"})
    given |= {"should_enhance": True} if params.enhance else {}
    given |= {} if params.text else {"auto_generate_text": True}
    with sense():
        answer = await call.client.sdk.text_to_voice.design(
            voice_description=call.prompt,
            model_id=call.model.id,
            output_format=_FORMAT,
            request_options=ONCE,
            **given,
        )
        ids = [required(preview.generated_voice_id) for preview in answer.previews]
        sounds = await to_thread.run_sync(_decoded, [preview.audio_base_64 for preview in answer.previews])
    if not ids:
        raise nonsense()
    states: list[JSON] = [{"generated_voice": name, "description": call.prompt} for name in ids]
    outputs = [Output(body=body, mime=_MIME, state=state) for body, state in zip(sounds, states, strict=True)]
    return Result(outputs=tuple(outputs), details={"generated_voice_ids": ids, "how": _HOW})


def _decoded(texts: Sequence[str]) -> list[bytes]:
    """Blocking, for there is much of it."""
    return [base64.b64decode(text, validate=True) for text in texts]


async def _kept(call: Call[ElevenLabs, DesignParams], preview: str, description: str) -> Result:
    """The preview's sound, and the voice. The sound is fetched first, so that nothing fails once the voice is there."""
    sdk = call.client.sdk
    sink = call.file(_MIME)
    with not_billed(explain):
        try:
            asked = sdk.text_to_voice.preview.with_raw_response.stream(preview, request_options=ONCE)
            await received(call.client, asked, sink.write)
        except Exception as error:
            if code_of(error) in NO_VOICE or isinstance(explain(error), InvalidRequest | ModelGone):
                raise StateGone(f"{TITLE} no longer has this preview.", "Design the voice anew.") from error
            raise
    name = call.prompt.strip()
    try:
        with sense():
            voice = await sdk.text_to_voice.create(
                voice_name=name, voice_description=description, generated_voice_id=preview, request_options=ONCE
            )
            kept = required(voice.voice_id)
    except Exception as error:
        if getattr(error, "status_code", 0) == _CONFLICT:
            raise InvalidRequest(f"{TITLE} has made a voice of this preview already.", _KEPT, billed="no") from error
        raise
    output = Output(body=sink, mime=_MIME, state={"voice_id": kept})
    return Result(outputs=(output,), details={"voice_id": kept, "name": name})


voice_design: Capability[ElevenLabs, DesignParams] = Capability(
    kind="voice_design",
    name="voice_design",
    params=DesignParams,
    models=(
        Model(id="eleven_ttv_v3", prices=per_call(0.10), note=_HOW),
        Model(id="eleven_multilingual_ttv_v2", prices=per_call(0.10), note=_HOW),
    ),
    start=_start,
    not_inherited=("text", "guidance_scale", "loudness", "enhance"),
    preference=10,
    deadline=600.0,
    refuses=_refuses,
)
"""Three previews of voices that fit a description."""
