"""Videos for tests: asked of the capability, drawn without an engine around it, and decoded."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from PIL import Image, ImageChops, ImageDraw, ImageStat

from mediasmith.plugin.contract import Accepted, Pending, Request, Result
from mediasmith.plugin.probe import video_frames
from mediasmith.testing import AdapterHarness
from mediasmith_sketch import backend
from mediasmith_sketch.animation.render_slots import RenderSlots
from mediasmith_sketch.animation.shot import RenderRequest, Shot
from mediasmith_sketch.video import VideoParams

CAPABILITY = next(one for one in backend.capabilities if one.kind == "video")
LIGHTHOUSE = "a lighthouse at dusk, teal and amber, pan right"

SMALL: Mapping[str, Any] = {"size": "192x108", "duration": 0.5}


class File:
    """An input file in memory."""

    def __init__(self, data: bytes, mime: str, dimensions: tuple[int, int] | None = None) -> None:
        self.data = data
        self.name = "file"
        self.mime = mime
        self.size = len(data)
        self.dimensions = dimensions

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    async def read(self) -> bytes:
        return self.data

    async def data_uri(self) -> str:
        raise NotImplementedError


def photo(picture: Image.Image, form: str = "PNG", **options: Any) -> File:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return File(file.getvalue(), f"image/{form.lower()}", picture.size)


def quarters(size: tuple[int, int] = (300, 200)) -> Image.Image:
    """A picture of which every quarter has a colour of its own, with a line around the middle."""
    picture = Image.new("RGB", size, "#204080")
    draw = ImageDraw.Draw(picture)
    wide, high = size[0] // 2, size[1] // 2
    draw.rectangle((wide, 0, *size), fill="#e0c040")
    draw.rectangle((0, high, wide, size[1]), fill="#c03028")
    draw.rectangle((wide, high, *size), fill="#308848")
    draw.rectangle((size[0] // 10, size[1] // 10, size[0] * 9 // 10, size[1] * 9 // 10), outline="white", width=9)
    return picture


@dataclass(frozen=True, kw_only=True)
class RenderedVideo:
    """A finished video, and how it went on."""

    data: bytes
    state: Shot | None
    order: RenderRequest
    warnings: list[str]
    updates: list[Pending]

    def pictures(self) -> list[Image.Image]:
        return [picture for _, picture in video_frames(io.BytesIO(self.data), "video/mp4", 4000)]


def ask(
    prompt: str = LIGHTHOUSE, *, state: Shot | None = None, inputs: Any = None, **params: Any
) -> Request[VideoParams]:
    return Request(
        model=CAPABILITY.models[0],
        prompt=prompt,
        params=VideoParams(**{**SMALL, **params}),
        inputs=inputs or {},
        state=state,
    )


def driver(renders: RenderSlots | None = None) -> AdapterHarness:
    return AdapterHarness(backend, renders or RenderSlots(), CAPABILITY)


async def started(driving: AdapterHarness, asked: Request[VideoParams]) -> RenderRequest:
    """Return the handle, as it comes back from the records."""
    assert not CAPABILITY.refuses(asked)
    answer = await CAPABILITY.start(driving.call_for(asked))
    assert isinstance(answer, Accepted)
    return RenderRequest.model_validate_json(answer.handle.model_dump_json())


async def finished(driving: AdapterHarness, handle: RenderRequest) -> tuple[Result, list[Pending]]:
    updates: list[Pending] = []
    while isinstance(answer := await driving.poll(handle), Pending):
        updates.append(answer)
    assert isinstance(answer, Result)
    return answer, updates


def shot_of(result: Result) -> Shot | None:
    state = result.outputs[0].state
    assert state is None or isinstance(state, Shot)
    return state


async def make(prompt: str = LIGHTHOUSE, **more: Any) -> RenderedVideo:
    own = driver()
    handle = await started(own, ask(prompt, **more))
    result, updates = await finished(own, handle)
    assert own.mimes == ["video/mp4"]
    return RenderedVideo(
        data=own.sink.data,
        state=shot_of(result),
        order=handle,
        warnings=own.warnings,
        updates=updates,
    )


async def planned(prompt: str = LIGHTHOUSE, **more: Any) -> RenderRequest:
    """What would be drawn."""
    return await started(driver(), ask(prompt, **more))


def apart(one: Image.Image, other: Image.Image) -> float:
    """By how many levels two pictures differ, on average."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def lightest(picture: Image.Image) -> int:
    """The highest level of grey there is."""
    return max(picture.convert("L").tobytes())
