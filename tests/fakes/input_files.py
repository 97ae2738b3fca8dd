"""Input files in tests: pictures, and a downloader that serves them without a network."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from mediasmith.config.credentials import OFFLINE
from mediasmith.plugin.access import Network
from mediasmith.plugin.errors import MediaError
from mediasmith.plugin.kinds import Role
from mediasmith.storage.downloader import Downloader
from mediasmith.storage.inputs.input_file import InputFile

ID = "abcdefghijklmnopqrstuvwx27"

IMAGE_ROLES: tuple[Role, ...] = (
    *("image", "mask", "first_frame", "last_frame"),
    *("style_image", "control_image", "subject_image"),
)


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48)) -> bytes:
    drawn = Image.new("RGB", size, "white")
    ImageDraw.Draw(drawn).line((0, 0, *size), fill="black")
    file = BytesIO()
    drawn.save(file, kind)
    return file.getvalue()


PNG = picture()


def is_there(path: Path) -> bool:
    return path.exists()


@dataclass(frozen=True, kw_only=True)
class Remote(Downloader):
    """Serves prepared bodies, or raises what is prepared, without a network."""

    trusted: frozenset[str] = frozenset()
    network: Network = OFFLINE
    files: Mapping[str, bytes | MediaError] = field(default_factory=dict[str, bytes | MediaError])

    async def fetch(
        self,
        url: str,
        write: Callable[[bytes], Awaitable[None]],
        *,
        max_bytes: int,
        headers: Mapping[str, str] = {},
    ) -> str:
        assert not headers
        found = self.files[url]
        if isinstance(found, MediaError):
            raise found
        assert len(found) <= max_bytes
        for at in range(0, len(found), 10):
            await write(found[at : at + 10])
        return "text/html"


One = Callable[..., Awaitable[InputFile]]


def png_uri(data: bytes = PNG) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"
