"""Reference pictures: read, turned upright, and laid on the scene like prints on a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from PIL import Image

from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.pictures import small_image
from mediasmith_sketch.drawing.paths import rectangle
from mediasmith_sketch.drawing.stage import Stage
from mediasmith_sketch.drawing.surface import resized


def load(file: BinaryIO, mime: str, label: str, limit: int) -> Image.Image:
    """Read a picture, upright, in RGBA, at most `limit` pixels on a side.

    Raises:
        InvalidRequest: the file cannot be read; `label` is its name in the message.
    """
    try:
        with file:
            return small_image(file, mime, limit).convert("RGBA")
    except Exception as error:
        raise InvalidRequest(f"{label} is broken: it cannot be read as {mime}.", billed="no") from error


def draw_reference_pictures(stage: Stage, pictures: Sequence[Image.Image]) -> None:
    """Lay the pictures in one row or column, four in two rows, each with a border, round corners and a shadow."""
    count = len(pictures)
    columns = 2 if count == 4 else count if stage.width >= stage.height else 1  # noqa: PLR2004 - four make a square
    rows = -(-count // columns)
    gap, rim, radius = 0.06 * stage.unit, 0.012 * stage.unit, 0.016 * stage.unit
    width, height = (stage.width - gap * (columns + 1)) / columns, (stage.height - gap * (rows + 1)) / rows
    for at, picture in enumerate(pictures):
        left = stage.left + gap + (width + gap) * (at % columns)
        top = stage.top + gap + (height + gap) * (at // columns)
        scale = min(width / picture.width, height / picture.height)
        wide, tall = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        x, y = round(left + (width - wide) / 2), round(top + (height - tall) / 2)
        border = (wide + 2 * rim, tall + 2 * rim, radius + rim)
        stage.surface.shadow([rectangle(x - rim, y - rim + 0.012 * stage.unit, *border)], 0.014 * stage.unit, 0.4)
        stage.fill([rectangle(x - rim, y - rim, *border)], "light")
        fitted = resized(picture, (wide, tall), Image.Resampling.LANCZOS)
        stage.surface.picture(fitted, rectangle(x, y, wide, tall, radius))
