"""Where saved files go in tests."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from PIL import Image

from fakes.records import an_artifact
from mediasmith.config.allowed_folders import AllowedFolders
from mediasmith.plugin.errors import MediaError
from mediasmith.storage.artifacts.destination import Destination
from mediasmith.storage.artifacts.folder_destination import FolderDestination

LIMIT = 1_000_000


def png(size: tuple[int, int] = (30, 20)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    return file.getvalue()


@asynccontextmanager
async def opened(roots: AllowedFolders, output: str = "") -> AsyncGenerator[FolderDestination]:
    place = await FolderDestination.open(roots, output)
    try:
        yield place
    finally:
        await place.close()


async def commit(place: Destination, token: str, name: str) -> tuple[Path, bool]:
    """Commit the file with this token under a name."""
    path, renamed = await place.commit(an_artifact(token=token, path=str(place.folder / name)), trouble=unexpected)
    return Path(path), renamed


def unexpected(error: MediaError) -> None:
    """Fail: nothing should keep a file from being saved."""
    raise error


def listed(path: Path) -> set[str]:
    return {str(file.relative_to(path)) for file in path.rglob("*") if not file.is_dir()}
