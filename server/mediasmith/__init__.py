"""Mediasmith: one tool call becomes a media file on disk.

async with mediasmith.open() as media:
    result = await media.generate("a lighthouse at dusk")
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from mediasmith.plugin.errors import MediaError

if TYPE_CHECKING:
    from mediasmith.api import Media
    from mediasmith.config.settings import Settings

__all__ = ["MediaError", "open"]


def open(settings: Settings | None = None) -> AbstractAsyncContextManager[Media]:  # noqa: A001 - mediasmith.open reads right
    """An open Mediasmith, for `async with`. `settings` are read from the environment unless given."""
    from mediasmith.api import open_media  # noqa: PLC0415 - heavy: importing the package alone stays cheap

    return open_media(settings)
