"""What the tests of sketched pictures share: how to draw one, and how to look at it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, BinaryIO

import pytest
from PIL import Image, ImageChops

from mediasmith.plugin.contract import Call, Output, Result
from mediasmith.plugin.files import Source
from mediasmith_sketch import backend
from mediasmith_sketch.animation.render_slots import RenderSlots
from mediasmith_sketch.composition.composer import compose, seed_of
from mediasmith_sketch.drawing.colour import distance
from mediasmith_sketch.drawing.layout import lay_out
from mediasmith_sketch.image import ImageParams
from mediasmith_sketch.scene import Asked, Scene

CAPABILITY = backend.capabilities[0]
LIGHTHOUSE = "a lighthouse at dusk, teal and amber"
SMALL = "150x100"


@dataclass
class Notes:
    """The warnings and the progress of a call."""

    warnings: list[str] = field(default_factory=list[str])
    progress: list[float | None] = field(default_factory=list[float | None])


class Photo:
    """An input picture in memory."""

    def __init__(self, image: Image.Image, kind: str = "PNG", **options: Any) -> None:
        file = io.BytesIO()
        image.save(file, kind, **options)
        self.data = file.getvalue()
        self.name = f"photo.{kind.lower()}"
        self.mime = f"image/{kind.lower()}"
        self.size = len(self.data)
        self.dimensions = image.size

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    async def read(self) -> bytes:
        return self.data

    async def data_uri(self) -> str:
        raise NotImplementedError


async def record(_handle: object) -> None:
    pytest.fail("a sketch has no handle")


def call(
    prompt: str,
    *,
    state: Scene | None = None,
    images: Sequence[Source] = (),
    notes: Notes | None = None,
    **params: Any,
) -> Call[RenderSlots, ImageParams]:
    seen = notes or Notes()
    return Call(
        client=RenderSlots(),
        handle=record,
        model=CAPABILITY.models[0],
        file=lambda _mime: pytest.fail("a sketch is given as bytes"),
        report=lambda pending: seen.progress.append(pending.progress),
        warn=seen.warnings.append,
        prompt=prompt,
        params=ImageParams(**params),
        inputs={"image": images} if images else {},
        state=state,
    )


async def make(prompt: str, **more: Any) -> Result:
    given: dict[str, Any] = {"size": SMALL, **more}
    result = await CAPABILITY.start(call(prompt, **given))
    assert isinstance(result, Result)
    return result


async def draw(prompt: str, **more: Any) -> Image.Image:
    return opened((await make(prompt, **more)).outputs[0])


def opened(output: Output) -> Image.Image:
    assert isinstance(output.body, bytes)
    return Image.open(io.BytesIO(output.body))


def state_of(result: Result) -> Scene:
    state = result.outputs[0].state
    assert isinstance(state, Scene)
    return state


def pixels(image: Image.Image) -> list[bytes]:
    data = image.convert("RGB").tobytes()
    return [data[at : at + 3] for at in range(0, len(data), 3)]


def share_of(image: Image.Image, colours: Iterable[str]) -> float:
    """Return how much of a picture shows one of these colours."""
    wanted, area = list(colours), image.width * image.height
    seen: Any = image.convert("RGB").getcolors(area)  # its type allows for too many colours
    shown = (count for count, pixel in seen if any(distance(f"#{bytes(pixel).hex()}", one) <= 24 for one in wanted))
    return sum(shown) / area


def kept(before: Image.Image, after: Image.Image) -> float:
    """Return the share of pixels that are identical."""
    assert before.size == after.size
    red, green, blue = ImageChops.difference(before.convert("RGB"), after.convert("RGB")).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()[0] / (before.width * before.height)


def scene(prompt: str, size: tuple[int, int] = (150, 100), *, seed: int | None = None, **asked: Any) -> Scene:
    return compose(prompt, size, seed_of(prompt) if seed is None else seed, Asked(**asked))


def boxes(one: Scene) -> dict[str, tuple[int, int, int, int]]:
    return {words.name: words.box for words in lay_out(one).words}


@cache
def empty() -> Scene:
    return scene("hills", (120, 80), caption=False).model_copy(update={"elements": ()})
