"""What files are called: names made from a prompt, and what a caller may ask for."""

from __future__ import annotations

import base64
import re
import secrets
import unicodedata
from datetime import UTC, datetime

from mediasmith.plugin import media
from mediasmith.plugin.errors import InvalidRequest

_SLUG = 38  # characters of the prompt in a name; the time and the id take 26 of the 64
_LONGEST = 200  # bytes; disks take 255, and a number and an extension must fit as well
_EXTENSIONS = {*media.EXTENSIONS.values(), "jpeg", "tif", "tiff", "bmp", "heif", "m4v", "mkv", "avi", "mpeg", "opus"}
_BARRED = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]'  # for Windows and terminals
    r"|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"  # turns text around, or is no character
    r"|^ | $|\.$"
    r"|^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)",
    re.IGNORECASE,
)


def new_id() -> str:
    """A new artifact's id: 128 random bits as 26 lower-case base32 characters."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def filename(prompt: str, *, made: datetime, id: str, mime: str) -> str:  # noqa: A002 - what it is called everywhere
    """A portable name from the time in UTC, the prompt's first words in ASCII, the id's start and the true type.

    For example `20261120-111530-a-lighthouse-at-dusk-k3f9a2bc.png`. Any text gives a safe name.
    """
    words = unicodedata.normalize("NFKD", prompt[:1000]).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", words).strip("-")
    if len(slug) > _SLUG:
        slug = slug[: _SLUG + 1].rpartition("-")[0] or slug[:_SLUG]
    time = made.astimezone(UTC).strftime("%Y%m%d-%H%M%S")
    return "-".join(part for part in (time, slug, id[:8]) if part) + "." + media.extension(mime)


def stem_of(name: str) -> str:
    """A file name without the extension of a medium; any other dot belongs to the name ("v1.2")."""
    stem, _, extension = name.rpartition(".")
    return stem if stem and extension.lower() in _EXTENSIONS else name


def check_name(name: str) -> None:
    """Raise `InvalidRequest` for a file or folder name that some system could not hold or would show wrongly."""
    if _BARRED.search(name) or len(name.encode()) > _LONGEST:
        raise InvalidRequest(
            f"output: {name[:80]!r} cannot name a file or folder. Names are up to {_LONGEST} bytes long, without "
            'control characters and < > : " / \\ | ? *, with no space at either end and no dot at the end, and '
            "not a device of Windows such as CON or NUL."
        )
