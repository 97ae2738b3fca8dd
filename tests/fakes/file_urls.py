"""Files as a request names them: by an https URL, or whole in a data URI."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import AfterValidator

from loopback.faults import rule
from loopback.pictures import seen


def _checked(text: str) -> str:
    """Refuse anything but an https URL, or a data URI; an image must be what it is sent as."""
    if text.startswith("https://"):
        return text
    head, _, data = text.removeprefix("data:").partition(";base64,")
    try:
        body = base64.b64decode(data, validate=True)
    except binascii.Error:
        body = b""
    image = seen(body) if head.startswith("image/") else None
    if not text.startswith("data:") or not body or (head.startswith("image/") and (image and image.mime) != head):
        raise rule("url", "is neither an https URL nor a data URI of the type it names")
    return text


FileUrl = Annotated[str, AfterValidator(_checked)]
"""Such a URL."""
