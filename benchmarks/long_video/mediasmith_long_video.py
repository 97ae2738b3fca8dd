"""A backend for videos of any size, delivered in both ways that a large file can be: as a stream and by URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mediasmith.plugin.contract import Backend, Call, Capability, Model, Output, Params, Remote, Result
from mediasmith_stub.client import KEYS, TIMEOUT, connect, explain

if TYPE_CHECKING:
    from httpx2 import AsyncClient

MIME = "video/mp4"


class VideoParams(Params):
    """The size of a video in bytes."""

    length: Annotated[int, Field(ge=1)]


async def _stream(call: Call[AsyncClient, VideoParams]) -> Result:
    async with call.client.stream("GET", _path(call)) as response:
        response.raise_for_status()
        sink = call.file(MIME)
        await sink.write_all(response.aiter_bytes())
    return Result(outputs=(Output(body=sink, mime=MIME),))


async def _link(call: Call[AsyncClient, VideoParams]) -> Result:
    url = str(call.client.base_url.join(_path(call)))
    headers = {"authorization": call.client.headers["authorization"]}
    return Result(outputs=(Output(body=Remote(url=url, headers=headers), mime=MIME),))


def _path(call: Call[AsyncClient, VideoParams]) -> str:
    return f"/films/{call.params.length}"


backend = Backend(
    name="long_video",
    title="Long videos",
    docs="https://stub.invalid/docs",
    capabilities=(
        Capability(kind="video", name="stream", params=VideoParams, models=(Model(id="streamed"),), start=_stream),
        Capability(kind="video", name="remote", params=VideoParams, models=(Model(id="downloaded"),), start=_link),
    ),
    connect=connect,
    sdk="httpx2",
    keys=KEYS,
    env=(TIMEOUT,),
    explain=explain("long_video"),
)
