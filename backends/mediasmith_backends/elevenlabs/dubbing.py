"""Dubbing: a recording or a video in another language, in the voices of those who speak in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.contract import (
    Accepted,
    Call,
    Capability,
    Context,
    Failed,
    Model,
    Output,
    Params,
    Pending,
    Remote,
    Request,
    Result,
    Takes,
)
from mediasmith.plugin.error_words import clause
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.files import Source
from mediasmith.plugin.http_errors import error_for_failed_work, reading
from mediasmith_backends.elevenlabs.client import NO_RETRY, TITLE, ElevenLabs, without_none
from mediasmith_backends.elevenlabs.errors import error_code, require_text
from mediasmith_backends.elevenlabs.languages import Language, language_code
from mediasmith_backends.elevenlabs.models import per_minute
from mediasmith_backends.elevenlabs.uploads import AUDIO_MIMES, VIDEO_MIMES, open_files

_MAX_BYTES = 1_000_000_000
_MAX_NAME = 100  # characters
_PENDING = {"queued", "preparing", "dubbing"}
_NOT_FOUND = "dubbing_not_found"  # the code for a dub that was deleted


class DubbingParams(Params):
    """The parameters of a dub."""

    language: Language | None = None
    source_language: Annotated[Language | None, Field(description="Spoken in it; detected if not given.")] = None
    speakers: Annotated[int | None, Field(ge=1, le=32, description="How many; detected if not given.")] = None
    watermark: Annotated[bool, Field(description="On the video: cheaper, and required on small plans.")] = False
    highest_resolution: bool = False
    drop_background_audio: Annotated[bool, Field(description="For speech without music or noise.")] = False


class DubbingHandle(BaseModel):
    """A dub under way: the provider's id, the code of its language, and the type of its file."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    dubbing: str
    language: str
    mime: str


def _refuses(request: Request[DubbingParams]) -> str:
    return next(_objections(request), "")


def _objections(request: Request[DubbingParams]) -> Iterator[str]:
    if request.params.language is None:
        yield "needs language, the one to dub into"
    if len(_sources(request)) != 1:
        yield "needs either audio or video"


def _sources(request: Request[DubbingParams]) -> list[Source]:
    return [*request.inputs.get("audio", ()), *request.inputs.get("video", ())]


async def _start(call: Call[ElevenLabs, DubbingParams]) -> Accepted:
    [source] = _sources(call)
    language = language_code(call, call.params.language) or ""
    fields = _fields(call)
    async with open_files([source]) as [file]:
        with reading(TITLE):
            answer = await call.client.sdk.dubbing.create(
                file=file, target_lang=language, request_options=NO_RETRY, **fields
            )
            dubbing_id = require_text(answer.dubbing_id)
    mime = "video/mp4" if source.mime in VIDEO_MIMES else "audio/mpeg"
    return Accepted(handle=DubbingHandle(dubbing=dubbing_id, language=language, mime=mime))


def _fields(call: Call[ElevenLabs, DubbingParams]) -> Mapping[str, Any]:
    params = call.params
    return without_none(
        name=call.prompt.strip()[:_MAX_NAME] or None,
        source_lang=language_code(call, params.source_language),
        num_speakers=params.speakers,
        watermark=params.watermark or None,
        highest_resolution=params.highest_resolution or None,
        drop_background_audio=params.drop_background_audio or None,
    )


async def _poll(context: Context[ElevenLabs], handle: DubbingHandle) -> Pending | Result | Failed:
    try:
        with reading(TITLE):
            dub = await context.client.sdk.dubbing.get(handle.dubbing, request_options=NO_RETRY)
            status, reason = require_text(dub.status), str(dub.error or "")
    except Exception as error:
        if error_code(error) == _NOT_FOUND:
            return Failed(error=ProviderError(f"{TITLE} no longer has the dub {handle.dubbing}.", billed="yes"))
        raise
    if status == "failed":  # the answer does not say whether it was charged
        return Failed(error=error_for_failed_work(TITLE, reason, what=f"the dub {handle.dubbing}"))
    if status in _PENDING:
        return Pending(message=status)
    if status != "dubbed":
        raise ProviderError(f"{TITLE} reports an unknown status of the dub {handle.dubbing}{clause(status)}.")
    path = f"/v1/dubbing/{quote(handle.dubbing, safe='')}/audio/{quote(handle.language, safe='')}"
    body = Remote(url=f"{context.client.url}{path}", headers=context.client.headers)
    return Result(outputs=(Output(body=body, mime=handle.mime),), details={"dubbing_id": handle.dubbing})


dubbing: Capability[ElevenLabs, DubbingParams] = Capability(
    kind="dubbing",
    name="dubbing",
    params=DubbingParams,
    models=(Model(id="dubbing_v1", prices=per_minute(0.33, watermark=True)),),
    start=_start,
    poll=_poll,
    handle=DubbingHandle,
    takes={
        "audio": Takes(mimes=(*AUDIO_MIMES, *VIDEO_MIMES), max_bytes=_MAX_BYTES),
        "video": Takes(mimes=VIDEO_MIMES, max_bytes=_MAX_BYTES),
    },
    preference=10,
    every=5.0,
    deadline=7200.0,
    refuses=_refuses,
)
"""Dub recordings and videos. The provider can delete a dub but not stop it, so there is no `cancel`."""
