"""Reference pictures: read, turned upright, and laid on the scene like prints on a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from PIL import Image, ImageOps

from mediasmith.errors import InvalidRequest
from mediasmith.media import open_picture
from mediasmith_sketch.drawing.paths import rectangle
from mediasmith_sketch.drawing.stage import Stage
from mediasmith_sketch.drawing.surface import resized


def load(file: BinaryIO, mime: str, label: str, limit: int) -> Image.Image:
    """A picture that was given, upright by its EXIF data, in RGBA, at most `limit` pixels on a side.

    InvalidRequest for a file that cannot be read; `label` is how the message calls it.
    """
    try:
        with file, open_picture(file, mime) as opened:
            opened.draft("RGB", (limit, limit))
            upright = ImageOps.exif_transpose(opened)
            picture = upright.convert("RGBA")
    except Exception as error:
        raise InvalidRequest(f"{label} is broken: it cannot be read as {mime}.", billed="no") from error
    picture.thumbnail((limit, limit))
    return picture


def lay_cards(stage: Stage, pictures: Sequence[Image.Image]) -> None:
    """Lay the pictures in one row or two, each with a border, round corners and a shadow."""
    for picture, (left, top, width, height) in zip(pictures, _cells(stage, len(pictures)), strict=True):
        scale = min(width / picture.width, height / picture.height)
        wide, tall = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        x, y = round(left + (width - wide) / 2), round(top + (height - tall) / 2)
        rim, radius = 0.012 * stage.unit, 0.016 * stage.unit
        card = rectangle(x - rim, y - rim, wide + 2 * rim, tall + 2 * rim, radius + rim)
        low = rectangle(x - rim, y - rim + 0.012 * stage.unit, wide + 2 * rim, tall + 2 * rim, radius + rim)
        stage.surface.shadow([low], 0.014 * stage.unit, 0.4)
        stage.fill([card], "light")
        fitted = resized(picture, (wide, tall), Image.Resampling.LANCZOS)
        stage.surface.picture(fitted, rectangle(x, y, wide, tall, radius))


def _cells(stage: Stage, count: int) -> list[tuple[float, float, float, float]]:
    """Rectangles for the pictures, in one row or column, four in two rows of two."""
    wide = stage.width >= stage.height
    columns = 2 if count == 4 else count if wide else 1  # noqa: PLR2004 - four make a square
    rows = -(-count // columns)
    gap = 0.06 * stage.unit
    width = (stage.width - gap * (columns + 1)) / columns
    height = (stage.height - gap * (rows + 1)) / rows
    return [
        (
            stage.left + gap + (width + gap) * (at % columns),
            stage.top + gap + (height + gap) * (at // columns),
            width,
            height,
        )
        for at in range(count)
    ]
