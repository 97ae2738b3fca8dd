"""Voice design: three previews of voices that fit a description. Continuing one of them saves it as a voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field, RootModel

from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Request, Result
from mediasmith.plugin.embedded_media import decode_base64
from mediasmith.plugin.errors import InvalidRequest, MediaError, ModelGone, StateGone
from mediasmith.plugin.http_errors import malformed, not_billed, reading
from mediasmith_backends.elevenlabs.audio_stream import receive
from mediasmith_backends.elevenlabs.client import NO_RETRY, TITLE, ElevenLabs
from mediasmith_backends.elevenlabs.errors import VOICE_NOT_FOUND, error_code, explain, require_text
from mediasmith_backends.elevenlabs.models import per_call

_MIME = "audio/mpeg"
_FORMAT = "mp3_44100_128"
_MIN_DESCRIPTION, _MAX_DESCRIPTION = 20, 1000  # characters
_MAX_NAME = 100  # characters
_CONFLICT = 409  # an HTTP status

_SAVED = "Look among the account's voices for the name that it was given; list_backends shows it within minutes."
_ABOUT_TEXT = "What the previews say, 100 to 1,000 characters; by default a text that suits the voice."
_ABOUT_GUIDANCE = "How strictly the description is followed."
_ABOUT_ENHANCE = "Have the description expanded first."
_HOW_TO_SAVE = "Continue a preview with a name as the prompt to save its voice."


class DesignParams(Params):
    """The parameters of a voice design."""

    seed: Annotated[int | None, Field(ge=0, le=2_147_483_647)] = None
    text: Annotated[str | None, Field(min_length=100, max_length=1000, description=_ABOUT_TEXT)] = None
    guidance_scale: Annotated[float | None, Field(ge=0, le=100, description=_ABOUT_GUIDANCE)] = None
    loudness: Annotated[float | None, Field(ge=-1, le=1)] = None
    enhance: Annotated[bool, Field(description=_ABOUT_ENHANCE)] = False


class Preview(BaseModel):
    """A preview, by the provider's id, and the description that it was made from."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    generated_voice: str
    description: str


class SavedVoice(BaseModel):
    """A preview that was saved as a voice."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    voice_id: str


class DesignState(RootModel[Preview | SavedVoice]):
    """The state of a designed voice."""

    model_config = ConfigDict(frozen=True, defer_build=True)


def _refuses(request: Request[DesignParams]) -> str:
    return next(_objections(request), "")


def _objections(request: Request[DesignParams]) -> Iterator[str]:
    length = len(request.prompt)
    if request.state is None:
        if not _MIN_DESCRIPTION <= length <= _MAX_DESCRIPTION:
            yield f"takes a description of {_MIN_DESCRIPTION} to {_MAX_DESCRIPTION:,} characters, not {length:,}"
        return
    state: DesignState = request.state
    if isinstance(state.root, SavedVoice):
        yield f"has saved this voice already: use it with kind speech, voice {state.root.voice_id}"
    if length > _MAX_NAME:
        yield f"saves a voice under the name in the prompt, which has at most {_MAX_NAME} characters"
    if request.params.model_dump(exclude_defaults=True):
        yield "saves a voice as it is, without options"


async def _start(call: Call[ElevenLabs, DesignParams]) -> Result:
    state: DesignState | None = call.state
    if state is None:
        return await _design(call)
    if isinstance(state.root, SavedVoice):
        raise StateGone(f"{TITLE} has saved this preview as a voice already.")
    return await _save(call, state.root)


async def _design(call: Call[ElevenLabs, DesignParams]) -> Result:
    params = call.params
    fields: dict[str, Any] = params.model_dump(exclude_none=True, exclude={"enhance"})
    fields |= {"should_enhance": True} if params.enhance else {}
    fields |= {} if params.text else {"auto_generate_text": True}
    with reading(TITLE):
        answer = await call.client.sdk.text_to_voice.design(
            voice_description=call.prompt,
            model_id=call.model.id,
            output_format=_FORMAT,
            request_options=NO_RETRY,
            **fields,
        )
        ids = [require_text(preview.generated_voice_id) for preview in answer.previews]
        audio = await to_thread.run_sync(_decode, [preview.audio_base_64 for preview in answer.previews])
    outputs = [
        Output(body=body, mime=_MIME, state=DesignState(Preview(generated_voice=name, description=call.prompt)))
        for body, name in zip(audio, ids, strict=True)
    ]
    return Result(outputs=tuple(outputs), details={"generated_voice_ids": ids, "how": _HOW_TO_SAVE})


def _decode(texts: Sequence[str]) -> list[bytes]:
    """Return the audio of the previews; one that is not base64 is passed on as it came. Blocking: the texts are large.

    Raises:
        ProviderError: there is none.
    """
    audio = [decode_base64(text) for text in texts]
    if not any(audio):
        raise malformed(TITLE, "\n".join(texts))
    return [data or text.encode() for data, text in zip(audio, texts, strict=True)]


async def _save(call: Call[ElevenLabs, DesignParams], preview: Preview) -> Result:
    """Save a preview as a voice. Its audio is fetched first, so that nothing can fail once the voice exists."""
    sdk = call.client.sdk
    sink = call.file(_MIME)
    request = sdk.text_to_voice.preview.with_raw_response.stream(preview.generated_voice, request_options=NO_RETRY)
    with not_billed(_explain_preview):
        await receive(call.client, request, sink.write)
    name = call.prompt.strip()
    try:
        with reading(TITLE):
            voice = await sdk.text_to_voice.create(
                voice_name=name,
                voice_description=preview.description,
                generated_voice_id=preview.generated_voice,
                request_options=NO_RETRY,
            )
            voice_id = require_text(voice.voice_id)
    except Exception as error:
        if getattr(error, "status_code", 0) == _CONFLICT:
            raise InvalidRequest(f"{TITLE} has saved this preview as a voice already.", _SAVED, billed="no") from error
        raise
    output = Output(body=sink, mime=_MIME, state=DesignState(SavedVoice(voice_id=voice_id)))
    return Result(outputs=(output,), details={"voice_id": voice_id, "name": name})


def _explain_preview(error: Exception) -> MediaError | None:
    """Return what it means that a preview cannot be fetched: if the provider does not know it, it is gone."""
    known = explain(error)
    if error_code(error) in VOICE_NOT_FOUND or isinstance(known, InvalidRequest | ModelGone):
        return StateGone(f"{TITLE} no longer has this preview.", "Design the voice again.")
    return known


voice_design: Capability[ElevenLabs, DesignParams] = Capability(
    kind="voice_design",
    name="voice_design",
    params=DesignParams,
    models=(
        Model(id="eleven_ttv_v3", prices=per_call(0.10), note=_HOW_TO_SAVE),
        Model(id="eleven_multilingual_ttv_v2", prices=per_call(0.10), note=_HOW_TO_SAVE),
    ),
    start=_start,
    state=DesignState,
    not_inherited=("text", "guidance_scale", "loudness", "enhance"),
    preference=10,
    deadline=600.0,
    refuses=_refuses,
)
"""Design voices from a description, and save them."""
