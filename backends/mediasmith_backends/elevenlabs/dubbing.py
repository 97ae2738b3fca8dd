"""Dubs: a recording or a film in another language, by the voices of those who speak in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Call,
    Capability,
    Context,
    Model,
    Output,
    Params,
    Pending,
    Remote,
    Request,
    Result,
    Takes,
)
from mediasmith.plugin.errors import ModelGone, ProviderError, StateGone, Unreachable
from mediasmith.plugin.files import Source
from mediasmith_backends.elevenlabs.client import ONCE, TITLE, ElevenLabs
from mediasmith_backends.elevenlabs.errors import explain, required, sense
from mediasmith_backends.elevenlabs.languages import Language, loss, provider_code
from mediasmith_backends.elevenlabs.models import per_minute
from mediasmith_backends.elevenlabs.recording import SOUNDS, VIDEO_MIMES, opened

_LARGEST = 1_000_000_000  # bytes
_LONGEST_NAME = 100  # characters
_STANDINGS = {"queued", "preparing", "dubbing", "dubbed", "failed"}
_LONGEST = 300  # characters of the provider's own words


class DubbingParams(Params):
    """Into what a recording is dubbed, and what is known of it."""

    language: Language | None = None
    source_language: Annotated[Language | None, Field(description="Spoken in it; found out if not given.")] = None
    speakers: Annotated[int | None, Field(ge=1, le=32, description="How many; found out if not given.")] = None
    watermark: Annotated[bool, Field(description="On the video: cheaper, and all that small plans allow.")] = False
    highest_resolution: bool = False
    drop_background_audio: Annotated[bool, Field(description="For speech without music or noise.")] = False


def _refuses(ask: Request[DubbingParams]) -> str:
    return next(_objections(ask), "")


def _objections(ask: Request[DubbingParams]) -> Iterator[str]:
    if ask.params.language is None:
        yield "needs language, the one to dub into"
    if len([source for role in ("audio", "video") for source in ask.inputs.get(role, ())]) != 1:
        yield "needs audio or video, one of them"


def _source(ask: Request[DubbingParams]) -> Source:
    return [*ask.inputs.get("audio", ()), *ask.inputs.get("video", ())][0]


async def _start(call: Call[ElevenLabs, DubbingParams]) -> Accepted:
    source = _source(call)
    language = _spoken(call, call.params.language or "")
    async with opened([source]) as [file]:
        with sense():
            answer = await call.client.sdk.dubbing.create(
                file=file, target_lang=language, request_options=ONCE, **_asked(call)
            )
            name = required(answer.dubbing_id)
    mime = "video/mp4" if source.mime in VIDEO_MIMES else "audio/mpeg"
    return Accepted(handle={"dubbing": name, "language": language, "mime": mime})


def _asked(call: Call[ElevenLabs, DubbingParams]) -> Mapping[str, Any]:
    params = call.params
    asked: dict[str, Any] = {
        "name": call.prompt.strip()[:_LONGEST_NAME],
        "source_lang": params.source_language and _spoken(call, params.source_language),
        "num_speakers": params.speakers,
        "watermark": params.watermark,
        "highest_resolution": params.highest_resolution,
        "drop_background_audio": params.drop_background_audio,
    }
    return {word: value for word, value in asked.items() if value}


def _spoken(call: Call[ElevenLabs, DubbingParams], language: str) -> str:
    """A language as the provider knows it."""
    if lost := loss(language):
        call.warn(lost)
    return provider_code(language)


async def _poll(work: Context[ElevenLabs], handle: JSON) -> Pending | Result:
    name, language, mime = _read(handle)
    status, reason = await _standing(work.client, name)
    if status == "failed":
        why = f": {reason}" if reason else ""
        # Whether it was charged is not told.
        raise ProviderError(f"{TITLE} could not make the dub {name}{why}.", billed="unknown")
    if status != "dubbed":
        return Pending(message=status)
    path = f"/v1/dubbing/{quote(name, safe='')}/audio/{quote(language, safe='')}"
    body = Remote(url=f"{work.client.url}{path}", headers=work.client.headers)
    return Result(outputs=(Output(body=body, mime=mime),), details={"dubbing_id": name})


async def _standing(client: ElevenLabs, name: str) -> tuple[str, str]:
    """How a dub stands, in one of the words for that, and why it failed if it did, in the provider's own.

    Raises:
        StateGone: it is no longer there.
        Unreachable: the answer does not say. That passes, for it says nothing against what is being made.
    """
    try:
        with sense():
            dub = await client.sdk.dubbing.get(name, request_options=ONCE)
            status, reason = required(dub.status), str(dub.error or "")
    except ProviderError as error:
        raise Unreachable(f"{TITLE} does not say how the dub {name} stands.") from error
    except Exception as error:
        if isinstance(explain(error), ModelGone):  # that is: nothing is found there
            raise StateGone(f"{TITLE} no longer has the dub {name}.", billed="yes") from error
        raise
    if status not in _STANDINGS:
        raise Unreachable(f"{TITLE} says of the dub {name} what is not known here: {status[:_LONGEST]}.")
    return status, reason[:_LONGEST].strip().rstrip(".")


def _read(handle: JSON) -> tuple[str, str, str]:
    match handle:
        case {"dubbing": str(name), "language": str(language), "mime": str(mime)}:
            return name, language, mime
        case _:
            raise StateGone(f"This is no dub of {TITLE}'s.", billed="yes")


dubbing: Capability[ElevenLabs, DubbingParams] = Capability(
    kind="dubbing",
    name="dubbing",
    params=DubbingParams,
    models=(Model(id="dubbing_v1", prices=per_minute(0.33, watermark=True)),),
    start=_start,
    poll=_poll,
    takes={
        "audio": Takes(mimes=(*SOUNDS, *VIDEO_MIMES), max_bytes=_LARGEST),
        "video": Takes(mimes=VIDEO_MIMES, max_bytes=_LARGEST),
    },
    preference=10,
    every=5.0,
    deadline=7200.0,
    refuses=_refuses,
)
"""Recordings and films in another language. The provider can only forget a dub, not stop it, so there is no cancel."""
