"""A backend of videos as long as one likes, in the two ways in which a long file comes: as a stream and by its URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mediasmith.plugin.contract import Backend, Call, Capability, Model, Output, Params, Remote, Result
from mediasmith_stub.client import KEYS, TIMEOUT, connect, explain

if TYPE_CHECKING:
    from httpx2 import AsyncClient

MIME = "video/mp4"


class FilmParams(Params):
    """How long a video is, in bytes."""

    length: Annotated[int, Field(ge=1)]


async def _stream(call: Call[AsyncClient, FilmParams]) -> Result:
    async with call.client.stream("GET", _path(call)) as response:
        response.raise_for_status()
        sink = call.file(MIME)
        await sink.write_all(response.aiter_bytes())
    return Result(outputs=(Output(body=sink, mime=MIME),))


async def _point(call: Call[AsyncClient, FilmParams]) -> Result:
    url = str(call.client.base_url.join(_path(call)))
    headers = {"authorization": call.client.headers["authorization"]}
    return Result(outputs=(Output(body=Remote(url=url, headers=headers), mime=MIME),))


def _path(call: Call[AsyncClient, FilmParams]) -> str:
    return f"/films/{call.params.length}"


film = Backend(
    name="film",
    title="Film",
    docs="https://stub.invalid/docs",
    capabilities=(
        Capability(kind="video", name="stream", params=FilmParams, models=(Model(id="streamed"),), start=_stream),
        Capability(kind="video", name="remote", params=FilmParams, models=(Model(id="downloaded"),), start=_point),
    ),
    connect=connect,
    sdk="httpx2",
    keys=KEYS,
    env=(TIMEOUT,),
    explain=explain("film"),
)
