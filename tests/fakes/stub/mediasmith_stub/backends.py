"""One backend for each shape: a result at once, a handle that is polled, a stream, and a handle that takes long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from anyio import to_thread
from pydantic import BaseModel, Field

from mediasmith.plugin.contract import (
    Accepted,
    Backend,
    Call,
    Cancellation,
    Capability,
    Context,
    Failed,
    Model,
    Output,
    Params,
    Pending,
    Price,
    Range,
    Remote,
    Request,
    Result,
    Takes,
)
from mediasmith.plugin.embedded_media import decode_base64
from mediasmith.plugin.errors import Cancelled, MediaError, ProviderError, Refused
from mediasmith.plugin.http_answers import same_origin
from mediasmith.plugin.params import Seed
from mediasmith_stub.client import KEYS, TIMEOUT, Answered, ask, connect, explain, read

if TYPE_CHECKING:
    from httpx2 import AsyncClient

_DOCS = "https://stub.invalid/docs"

Size: TypeAlias = Literal["64x64", "256x256", "512x512", "1024x1024"]
Format: TypeAlias = Literal["png", "jpeg"]


class NowParams(Params):
    """What `stub_now` takes."""

    size: Size | None = None
    aspect_ratio: Literal["1:1", "16:9", "9:16"] | None = None
    quality: Literal["low", "high"] | None = None
    seed: Seed | None = None
    output_format: Format | None = None
    n: Annotated[int, Field(ge=1, le=4)] = 1
    style: Literal["photo", "drawing"] | None = None


class JobParams(Params):
    """What `stub_job` takes."""

    size: Size | None = None
    seed: Seed | None = None
    output_format: Format | None = None


class SlowParams(Params):
    """What `stub_slow` takes."""

    size: Size | None = None
    steps: Annotated[int, Field(ge=1, le=50)] | None = None


class StreamParams(Params):
    """What `stub_stream` takes."""

    voice: str | None = None
    speed: Annotated[float, Field(ge=0.5, le=2.0)] | None = None
    output_format: Literal["wav", "mp3"] | None = None


_THEIR_WORDS = {"aspect_ratio": "ratio", "output_format": "format"}


def _sent(call: Request[Any], text: str) -> dict[str, Any]:
    """The body of a paying request: the words, by the names that the provider has for them."""
    given: dict[str, Any] = call.params.model_dump(exclude_none=True)
    words = {_THEIR_WORDS.get(word, word): value for word, value in given.items()}
    return {text: call.prompt, "model": call.model.id, **words}


async def _pictured(call: Request[Any]) -> dict[str, Any]:
    """The body of a request for pictures: words, input files, and what it continues from."""
    body = _sent(call, "prompt")
    if images := call.inputs.get("image"):
        body["image"] = [await image.data_uri() for image in images]
    for mask in call.inputs.get("mask", ()):
        body["mask"] = await mask.data_uri()
    if call.state is not None:
        body["previous"] = call.state.id
    return body


class Named(BaseModel):
    """The id of a picture or a job."""

    id: str


class _Image(Answered):
    b64: str
    id: str


class _Made(Answered):
    images: tuple[_Image, ...]
    id: str
    cost: float | None = None


async def _make(call: Call[AsyncClient, NowParams]) -> Result:
    response = await call.client.post("/make", json=await _pictured(call))
    content = response.raise_for_status().content
    return await to_thread.run_sync(partial(_made, content, call.params))


def _made(content: bytes, params: NowParams) -> Result:
    made = read(content, _Made)
    mime = f"image/{params.output_format or 'png'}"
    return Result(
        outputs=tuple(
            Output(body=_decoded(image.b64, content), mime=mime, state=Named(id=image.id)) for image in made.images
        ),
        complete=len(made.images) == params.n,
        cost_usd=made.cost,
        details={"id": made.id},
    )


def _decoded(text: str, content: bytes) -> bytes:
    data = decode_base64(text)
    if not data:
        raise ProviderError("The provider's answer cannot be read.", answer=content)
    return data


class _Named(Answered):
    id: str


class _File(Answered):
    url: str
    mime: str


class _Failure(Answered):
    code: str = ""


class _Job(Answered):
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float | None = None
    files: tuple[_File, ...] = ()
    error: _Failure = _Failure()


async def _submit(call: Call[AsyncClient, Any]) -> Accepted:
    named = await ask(call.client, "POST", "/jobs", _Named, await _pictured(call))
    return Accepted(handle=Named(id=named.id))


async def _poll(context: Context[AsyncClient], handle: Named) -> Pending | Result | Failed:
    job = await ask(context.client, "GET", f"/jobs/{handle.id}", _Job)
    match job.status:
        case "queued" | "running":
            return Pending(progress=job.progress, message=job.status)
        case "cancelled":
            return Failed(error=Cancelled("The job was cancelled at the provider."))
        case "failed":
            return Failed(error=_failed(job.error.code))
        case "done":
            return Result(
                outputs=tuple(Output(body=_remote(context.client, file.url), mime=file.mime) for file in job.files)
            )


def _remote(client: AsyncClient, url: str) -> Remote:
    """Where a file can be downloaded. The key is sent to the provider alone."""
    own = same_origin(url, str(client.base_url))
    return Remote(url=url, headers={"authorization": client.headers["authorization"]} if own else {})


def _failed(code: str) -> MediaError:
    if code == "refused":
        return Refused("The provider declined to make this.", reason=code)
    return ProviderError("The job failed at the provider.")


async def _cancel(context: Context[AsyncClient], handle: Named) -> Cancellation:
    await ask(context.client, "DELETE", f"/jobs/{handle.id}", _Job)
    return "stopped"


_SPOKEN: Mapping[str, str] = {"wav": "audio/wav", "mp3": "audio/mpeg"}


async def _speak(call: Call[AsyncClient, StreamParams]) -> Result:
    mime = _SPOKEN[call.params.output_format or "wav"]
    async with call.client.stream("POST", "/stream", json=_sent(call, "text")) as response:
        if response.is_error:
            await response.aread()
        response.raise_for_status()
        sink = call.file(mime)
        await sink.write_all(response.aiter_bytes())
    return Result(outputs=(Output(body=sink, mime=mime),))


class _Voices(Answered):
    voices: tuple[str, ...]


async def _voices(client: AsyncClient) -> Sequence[str]:
    return (await ask(client, "GET", "/voices", _Voices)).voices


def _refuses_two_shapes(ask: Request[NowParams]) -> str:
    return "takes size or aspect_ratio, not both" if ask.params.size and ask.params.aspect_ratio else ""


def _per_image(usd: float) -> tuple[Price, ...]:
    return (Price(usd=usd, per="image", as_of=date(2026, 1, 1), source="https://stub.invalid/prices"),)


_NOW = Capability(
    kind="image",
    name="image",
    params=NowParams,
    models=(
        Model(id="now-2", prices=_per_image(0.04), max_prompt=4000),
        Model(id="now-1", draft=True, prices=_per_image(0.01), accepts={"n": Range(low=1, high=1), "quality": False}),
        Model(id="now-0", retires=date(2025, 1, 1)),
    ),
    start=_make,
    state=Named,
    takes={"image": Takes(max=4), "mask": Takes(mimes=("image/png",))},
    edits="image",
    preference=30,
    refuses=_refuses_two_shapes,
)

_JOB = Capability(
    kind="image",
    name="image",
    params=JobParams,
    models=(Model(id="job-1"),),
    start=_submit,
    poll=_poll,
    handle=Named,
    cancel=_cancel,
    takes={"image": Takes()},
    edits="image",
    every=0.05,
    preference=20,
)

_SLOW = Capability(
    kind="image",
    name="image",
    params=SlowParams,
    models=(Model(id="slow-1"),),
    start=_submit,
    poll=_poll,
    handle=Named,
    cancel=_cancel,
    every=0.05,
    preference=10,
)

_STREAM = Capability(
    kind="speech",
    name="speech",
    params=StreamParams,
    models=(Model(id="voice-1"),),
    start=_speak,
    choices={"voice": _voices},
)


def _backend(name: str, title: str, capability: Capability[AsyncClient, Any]) -> Backend[AsyncClient]:
    return Backend(
        name=name,
        title=title,
        docs=_DOCS,
        capabilities=(capability,),
        connect=connect,
        sdk="httpx2",
        keys=KEYS,
        env=(TIMEOUT,),
        explain=explain(name),
    )


stub_now = _backend("stub_now", "Stub, at once", _NOW)
stub_job = _backend("stub_job", "Stub, later", _JOB)
stub_slow = _backend("stub_slow", "Stub, much later", _SLOW)
stub_stream = _backend("stub_stream", "Stub, streaming", _STREAM)
