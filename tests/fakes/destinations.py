"""Where saved files go in tests."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image

from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.storage.artifacts.destination import Destination

LIMIT = 1_000_000


def png(size: tuple[int, int] = (30, 20)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    return file.getvalue()


@asynccontextmanager
async def opened(roots: AllowedFolders, output: str = "") -> AsyncGenerator[Destination]:
    place = await Destination.open(roots, output)
    try:
        yield place
    finally:
        await place.close()


def listed(path: Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*") if not file.is_dir()}
