"""Small pictures of what was made, so that a model can see it: one per picture or film, then one sheet for the rest."""

from __future__ import annotations

import importlib
import io
import math
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from anyio import CapacityLimiter, create_task_group, to_thread
from anyio.lowlevel import RunVar

from mediasmith.plugin import probe

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")

SIDE = 512
"""Pixels of a preview's longest side."""

MOST_BYTES = 60_000
"""Bytes of the largest preview."""

SINGLES = 4
"""How many pictures get a preview of their own; those after them share a contact sheet."""

SHEET_SIDE = 1024
"""Pixels of a contact sheet's longest side."""

SHEET_BYTES = 160_000
"""Bytes of the largest contact sheet: 400 KB together with the single ones."""

_GAP = 2  # pixels around each picture on a sheet
_MOST_PIXELS = 100_000_000  # of a picture that is opened at all: it has to fit into memory
_QUALITIES = (80, 60, 40, 20)
_FADE_SECONDS = 1.0  # films that begin in black are looked into so far
_BLACK, _LIT = 32, 0.02  # at least this share of a picture that is not black is above this level of grey

_threads: RunVar[CapacityLimiter] = RunVar("mediasmith.storage.previews")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A small picture: JPEG, or WebP when parts of it are transparent."""

    mime: str
    data: bytes = field(repr=False)


async def previews(files: Sequence[tuple[Path, str]]) -> list[Preview]:
    """Previews of the pictures and films among these files, given as path and MIME type, in their order.

    A film is shown by one of its first pictures. SVG has none, nor has a file that cannot be read: nothing is raised
    for either.
    """
    pictures = [(path, mime) for path, mime in files if mime in {*probe.IMAGE_MIMES, *probe.VIDEO_MIMES}]
    rest = pictures[SINGLES:]
    made = await _all([partial(_preview, path, mime) for path, mime in pictures[:SINGLES]])
    if rest:
        side = min(SIDE, SHEET_SIDE // _columns(len(rest)) - 2 * _GAP)
        cells = await _all([partial(_small, path, mime, side) for path, mime in rest])
        made += await _all([partial(_sheet, [cell for cell in cells if cell], side + 2 * _GAP)])
    return [preview for preview in made if preview]


async def _all(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Run jobs in worker threads, no more at once than there are processors, and answer in their order."""
    done: dict[int, T] = {}

    async def run(place: int, job: Callable[[], T]) -> None:
        done[place] = await to_thread.run_sync(job, limiter=_limiter())

    async with create_task_group() as group:
        for place, job in enumerate(jobs):
            group.start_soon(run, place, job)
    return [done[place] for place in range(len(jobs))]


def _limiter() -> CapacityLimiter:
    """More threads than processors would only take memory, and the loop's time."""
    limiter = _threads.get(None)
    if limiter is None:
        limiter = CapacityLimiter(os.cpu_count() or 1)
        _threads.set(limiter)
    return limiter


def _preview(path: Path, mime: str) -> Preview | None:
    small = _small(path, mime, SIDE)
    return _encode(small, MOST_BYTES) if small else None


def _small(path: Path, mime: str, side: int) -> Image | None:
    """The picture with at most `side` pixels a side, upright, as RGB or RGBA; None when it cannot be read."""
    try:
        with path.open("rb") as file:
            return _poster(file, mime, side) if mime in probe.VIDEO_MIMES else _picture(file, mime, side)
    except Exception:  # noqa: BLE001 - a broken file may raise anything, and a preview is never worth an error
        return None


def _picture(file: BinaryIO, mime: str, side: int) -> Image | None:
    from PIL import ImageOps  # noqa: PLC0415 - heavy: Pillow

    picture = probe.open_image(file, mime)
    if math.prod(picture.size) > _MOST_PIXELS:
        return None
    # JPEG can be decoded at a half, a quarter or an eighth; the longer side decides.
    picture.draft(None, (side, 1) if picture.width > picture.height else (1, side))
    picture.load()
    small = _plain(picture)
    small.thumbnail((side, side), reducing_gap=1.0)
    return ImageOps.exif_transpose(small)


def _poster(file: BinaryIO, mime: str, side: int) -> Image | None:
    """The first picture of a film that is not black, or the first one where the film stays black for a while."""
    first: Image | None = None
    with suppress(Exception):  # what came before the damage can be shown
        for second, picture in probe.video_frames(file, mime, side):
            bright = sum(picture.convert("L").histogram()[_BLACK:])
            if bright > _LIT * math.prod(picture.size):
                return picture
            first = first or picture
            if second > _FADE_SECONDS:
                break
    return first


def _plain(picture: Image) -> Image:
    if picture.has_transparency_data:
        picture = picture if picture.mode == "RGBA" else picture.convert("RGBA")
        if picture.getchannel("A").getextrema() != (255, 255):
            return picture
    if picture.mode == "I;16":  # converting alone would cut it off at 255
        scaled = picture.point(lambda value: value * (1 / 256))  # pyright: ignore[reportUnknownMemberType] - NumPy's
        picture = scaled.convert("L")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _encode(image: Image, most_bytes: int) -> Preview:
    """As good as fits."""
    importlib.import_module("PIL.WebPImagePlugin")  # else Pillow would load every format to find this one
    image.info.clear()  # profiles and comments may be larger than the picture
    for quality in _QUALITIES:
        file = io.BytesIO()
        if image.mode == "RGBA":
            image.save(file, "WEBP", quality=quality, alpha_quality=quality, method=0)
        else:
            image.save(file, "JPEG", quality=quality)
        if file.tell() <= most_bytes:
            return Preview(mime="image/webp" if image.mode == "RGBA" else "image/jpeg", data=file.getvalue())
    return _encode(image.reduce(2), most_bytes)


def _columns(count: int) -> int:
    return math.ceil(math.sqrt(count))


def _sheet(pictures: Sequence[Image], cell: int) -> Preview | None:
    """The pictures in rows, each in the middle of a square cell."""
    from PIL import Image  # noqa: PLC0415 - heavy: Pillow

    if not pictures:
        return None
    columns = _columns(len(pictures))
    sheet = Image.new("RGB", (columns * cell, math.ceil(len(pictures) / columns) * cell), "white")
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        corner = (column * cell + (cell - picture.width) // 2, row * cell + (cell - picture.height) // 2)
        sheet.paste(picture, corner, picture if picture.mode == "RGBA" else None)
    return _encode(sheet, SHEET_BYTES)
