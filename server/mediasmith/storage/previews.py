"""Small pictures of results, so that models and people see them: of images, of videos, and the waveform of a sound."""

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

from mediasmith.plugin import pictures, probe
from mediasmith.storage.waveform import waveform

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")

SIDE = 512
"""Pixels of a preview's longest side."""

MAX_BYTES = 60_000
"""Bytes of the largest preview."""

SINGLES = 4
"""How many files get a preview of their own; the others share a contact sheet."""

SHEET_SIDE = 1024
"""Pixels of a contact sheet's longest side."""

SHEET_BYTES = 160_000
"""Bytes of the largest contact sheet. Together with the single previews that is 400 KB."""

_GAP = 2  # pixels around each picture on a sheet
_MAX_PIXELS = 100_000_000  # of an image that is opened at all
_QUALITIES = (80, 60, 40, 20)
_FADE_SECONDS = 1.0  # how far to look into a video that begins in black
_BLACK, _LIT = 32, 0.02  # a frame is black unless this share of it is brighter than this level of grey

_threads: RunVar[CapacityLimiter] = RunVar("mediasmith.storage.previews")


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A small picture: JPEG, WebP when parts of it are transparent, or SVG for a sound."""

    mime: str
    data: bytes = field(repr=False)


async def previews(files: Sequence[tuple[Path, str]]) -> list[Preview]:
    """Return previews of the images and videos among these files, in their order: one each, then a sheet of the rest.

    Files are given as path and MIME type. A video is shown by one of its first frames. SVG files and files that cannot
    be read have no preview, and raise nothing.
    """
    visible = [(path, mime) for path, mime in files if mime in {*pictures.IMAGE_MIMES, *probe.VIDEO_MIMES}]
    rest = visible[SINGLES:]
    found = await _run_in_threads([partial(_preview, path, mime) for path, mime in visible[:SINGLES]])
    if rest:
        side = min(SIDE, SHEET_SIDE // _columns(len(rest)) - 2 * _GAP)
        cells = await _run_in_threads([partial(_thumbnail, path, mime, side) for path, mime in rest])
        found += await _run_in_threads([partial(_sheet, [cell for cell in cells if cell], side + 2 * _GAP)])
    return [preview for preview in found if preview]


async def thumbnail(path: Path, mime: str) -> Preview | None:
    """Return the preview of an image or a video or the waveform of a sound; None for what cannot be read."""
    if mime in probe.AUDIO_MIMES:
        drawing = await to_thread.run_sync(waveform, path, mime, limiter=_limiter())
        return Preview(mime="image/svg+xml", data=drawing) if drawing else None
    return next(iter(await previews([(path, mime)])), None)


async def _run_in_threads(functions: Sequence[Callable[[], T]]) -> list[T]:
    """Run functions in worker threads, one per processor at a time, and return their results in order."""
    done: dict[int, T] = {}

    async def run(index: int, function: Callable[[], T]) -> None:
        done[index] = await to_thread.run_sync(function, limiter=_limiter())

    async with create_task_group() as group:
        for index, function in enumerate(functions):
            group.start_soon(run, index, function)
    return [done[index] for index in range(len(functions))]


def _limiter() -> CapacityLimiter:
    """Return the limiter of this event loop. More threads than processors would only cost memory and slow the loop."""
    limiter = _threads.get(None)
    if limiter is None:
        limiter = CapacityLimiter(os.cpu_count() or 1)
        _threads.set(limiter)
    return limiter


def _preview(path: Path, mime: str) -> Preview | None:
    small = _thumbnail(path, mime, SIDE)
    return _encode(small, MAX_BYTES) if small else None


def _thumbnail(path: Path, mime: str, side: int) -> Image | None:
    """Return the file as an upright RGB or RGBA image of at most `side` pixels a side, or None if it cannot be read."""
    try:
        with path.open("rb") as file:
            return _frame(file, mime, side) if mime in probe.VIDEO_MIMES else _image(file, mime, side)
    except Exception:  # noqa: BLE001 - a broken file may raise anything, and a preview is never worth an error
        return None


def _image(file: BinaryIO, mime: str, side: int) -> Image | None:
    if math.prod(pictures.open_image(file, mime).size) > _MAX_PIXELS:
        return None
    return pictures.small_image(file, mime, side)


def _frame(file: BinaryIO, mime: str, side: int) -> Image | None:
    """Return the first frame that is not black, or the very first if the video stays black for a while."""
    first: Image | None = None
    with suppress(Exception):  # frames before the damage can be shown
        for second, picture in probe.video_frames(file, mime, side):
            bright = sum(picture.convert("L").histogram()[_BLACK:])
            if bright > _LIT * math.prod(picture.size):
                return picture
            first = first or picture
            if second > _FADE_SECONDS:
                break
    return first


def _encode(image: Image, max_bytes: int) -> Preview:
    """Encode an image in the best quality that fits."""
    importlib.import_module("PIL.WebPImagePlugin")  # otherwise Pillow would load every format to find this one
    image.info.clear()  # profiles and comments may be larger than the image itself
    for quality in _QUALITIES:
        file = io.BytesIO()
        if image.mode == "RGBA":
            image.save(file, "WEBP", quality=quality, alpha_quality=quality, method=0)
        else:
            image.save(file, "JPEG", quality=quality)
        if file.tell() <= max_bytes:
            return Preview(mime="image/webp" if image.mode == "RGBA" else "image/jpeg", data=file.getvalue())
    return _encode(image.reduce(2), max_bytes)


def _columns(count: int) -> int:
    return math.ceil(math.sqrt(count))


def _sheet(thumbnails: Sequence[Image], cell: int) -> Preview | None:
    """Arrange images in rows, each centred in a square cell."""
    from PIL import Image  # noqa: PLC0415 - heavy: Pillow

    if not thumbnails:
        return None
    columns = _columns(len(thumbnails))
    sheet = Image.new("RGB", (columns * cell, math.ceil(len(thumbnails) / columns) * cell), "white")
    for index, picture in enumerate(thumbnails):
        row, column = divmod(index, columns)
        corner = (column * cell + (cell - picture.width) // 2, row * cell + (cell - picture.height) // 2)
        sheet.paste(picture, corner, picture if picture.mode == "RGBA" else None)
    return _encode(sheet, SHEET_BYTES)
