"""Real pictures to answer with: their content follows from everything that was asked."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_BLOCKS = 8
_LARGE = 1024
_NOISE = {"png": 0x07, "jpeg": 0x1F}  # What brings the large picture to about 1.5 MB in each format.
_SEEN_THROUGH = 0x55  # Every second block of a transparent picture shows what is behind it.

IMAGE_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "svg": "image/svg+xml",
}
"""The MIME type of each format."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a picture is stored. `compression` is the quality in percent, `frames` of a GIF last `frame_ms` each."""

    form: str = "png"
    transparent: bool = False
    compression: int = 100
    frames: int = 1
    frame_ms: int = 200


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a picture that a client sent is: its real type and its size in pixels, and whether it has alpha."""

    mime: str
    size: tuple[int, int]
    alpha: bool


@lru_cache(maxsize=64)
def picture(seed: bytes, size: tuple[int, int], look: Look) -> bytes:
    """A picture of coloured blocks that differ for every seed."""
    if look.form == "svg":
        return _vector(seed, size)
    first, *rest = [_blocks(seed + bytes([frame]), size, look) for frame in range(look.frames)]
    file = io.BytesIO()
    if look.form == "gif":
        first.save(file, "gif", save_all=True, append_images=rest, duration=look.frame_ms, loop=0)
    else:
        # Quick rather than small, as tests only look at it.
        first.save(file, look.form, quality=max(1, look.compression), compress_level=1, method=0)
    return file.getvalue()


def _blocks(seed: bytes, size: tuple[int, int], look: Look) -> Picture:
    from PIL import Image  # noqa: PLC0415 - heavy: a provider that draws nothing starts without it

    colours = shake_256(seed).digest(_BLOCKS * _BLOCKS * 3)
    small: Any = Image.frombytes("RGB", (_BLOCKS, _BLOCKS), colours)  # its types are only partly known
    if look.transparent:
        small.putalpha(Image.frombytes("1", small.size, bytes([_SEEN_THROUGH]) * _BLOCKS).convert("L"))
    if look.form == "gif":
        small = small.quantize()
    return small.resize(size, Image.Resampling.NEAREST)


def _vector(seed: bytes, size: tuple[int, int]) -> bytes:
    colours = [shake_256(seed).hexdigest(_BLOCKS * 3)[at * 6 : at * 6 + 6] for at in range(_BLOCKS)]
    bars = "".join(
        f'<rect x="{number}" y="0" width="1" height="1" fill="#{colour}"/>' for number, colour in enumerate(colours)
    )
    view = f'viewBox="0 0 {_BLOCKS} 1" preserveAspectRatio="none"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" {view}>{bars}</svg>'.encode()


@lru_cache
def large_picture(form: str) -> bytes:
    """A picture of 1024x1024 and about 1.5 MB, always the same: soft colours with grain, as a photograph has."""
    from PIL import Image, ImageChops  # noqa: PLC0415 - heavy: see above

    grain = bytes(value & _NOISE[form] for value in range(256))
    noise = random.Random(1).randbytes(_LARGE * _LARGE * 3).translate(grain)
    slope = Image.frombytes("L", (_LARGE, _LARGE), bytes(x * 256 // _LARGE for x in range(_LARGE)) * _LARGE)
    base = Image.merge("RGB", (slope, slope.rotate(90), slope.rotate(180)))
    file = io.BytesIO()
    ImageChops.add(base, Image.frombytes("RGB", base.size, noise)).save(file, form, quality=98, subsampling=0)
    return file.getvalue()


def seen(data: bytes) -> Seen | None:
    """What a picture is, or None when it is none."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - heavy: see above

    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            alpha = image.has_transparency_data
            return Seen(mime=Image.MIME[image.format or ""], size=image.size, alpha=alpha)
    except (UnidentifiedImageError, OSError, ValueError):
        return None


def pixels(size: str) -> tuple[int, int]:
    """Width and height of a size like 1024x768."""
    width, _, height = size.partition("x")
    return int(width), int(height)
