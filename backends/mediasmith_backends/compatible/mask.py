"""Draw a mask that every engine understands, whichever way round it reads masks. Blocking."""

from __future__ import annotations

import io

from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.pictures import open_image


def draw_mask(mask: bytes) -> bytes:
    """Return a PNG that is transparent where the picture is to change as one that is also white there, and else black.

    OpenAI, Azure and vLLM read the opacity; sd-server, LocalAI and Lemonade the brightness.

    Raises:
        InvalidRequest: it is transparent nowhere.
    """
    from PIL import Image, ImageChops  # noqa: PLC0415 - heavy: Pillow

    opacity = open_image(io.BytesIO(mask), "image/png").convert("RGBA").getchannel("A")
    if opacity.getextrema() == (255, 255):
        raise InvalidRequest("mask: it must be transparent where the image is to be changed.", billed="no")
    bright = ImageChops.invert(opacity)
    drawn = io.BytesIO()
    Image.merge("RGBA", (bright, bright, bright, opacity)).save(drawn, "png")
    return drawn.getvalue()
