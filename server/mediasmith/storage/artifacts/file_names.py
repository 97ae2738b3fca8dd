"""File names: those made from a prompt, and those a caller asks for."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal

from mediasmith.plugin import media
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.kinds import MediaType

_MAX_SLUG = 38  # characters of the prompt in a name; the time and the id take 26 of the 64
_MAX_BYTES = 200  # file systems take 255, and a number and an extension must fit as well
_MEDIA_TYPES: Mapping[str, MediaType] = {
    **{ending: family for mime, ending in media.EXTENSIONS.items() if (family := media.media_type(mime))},
    **dict.fromkeys(("jpeg", "jpe", "jfif", "tif", "tiff", "bmp", "ico", "jxl", "heif", "pdf", "psd", "eps"), "image"),
    **dict.fromkeys(("m4v", "avi", "mpeg", "mpg", "wmv", "flv", "ogv", "3gp"), "video"),
    **dict.fromkeys(("opus", "oga", "aif", "wave", "wma"), "audio"),
}
_FORBIDDEN = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]'  # for Windows and terminals
    r"|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"  # changes text direction, or is no character
    r"|^ | $|\.$"
    r"|^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)",
    re.IGNORECASE,
)


def new_id() -> str:
    """Return a new job id: 128 random bits as 26 lower-case base32 characters."""
    return _id(secrets.token_bytes(16))


def artifact_id(job_id: str, task: int, position: int) -> str:
    """Return the id of a job's artifact, which cannot be guessed without the job's id.

    It is the same however often, and by whichever process, the artifact is saved.
    """
    return _id(hashlib.sha256(f"{job_id}:{task}:{position}".encode()).digest()[:16])


def _id(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def filename(prompt: str, *, made: datetime, id: str, mime: str) -> str:  # noqa: A002 - what it is called everywhere
    """Return a portable name: the time in UTC, the prompt's first words in ASCII, the start of the id, the true type.

    For example `20261120-111530-a-lighthouse-at-dusk-k3f9a2bc.png`. Any text gives a safe name.
    """
    words = unicodedata.normalize("NFKD", prompt[:1000]).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", words).strip("-")
    if len(slug) > _MAX_SLUG:
        slug = slug[: _MAX_SLUG + 1].rpartition("-")[0] or slug[:_MAX_SLUG]
    time = made.astimezone(UTC).strftime("%Y%m%d-%H%M%S")
    return "-".join(part for part in (time, slug, id[:8]) if part) + "." + media.extension(mime)


def numbered(name: str) -> Iterator[str]:
    """Yield a file name, and then those to use where it is taken."""
    stem, extension = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    yield name
    yield from (f"{stem}-{number}{extension}" for number in itertools.count(2))


def stem_of(name: str) -> str:
    """Return a file name without its media extension; any other dot belongs to the name ("v1.2")."""
    extension = extension_of(name)
    return name.removesuffix(f".{extension}") if extension else name


def extension_of(path: str) -> str:
    """Return the media extension of a path as it is written, or "" where it has none."""
    stem, _, extension = re.split(r"[/\\]", path)[-1].rpartition(".")
    return extension if stem and extension.lower() in _MEDIA_TYPES else ""


def media_type_of(extension: str) -> MediaType | Literal[""]:
    """Return the media type that files with this extension have, or "" for an unknown one."""
    return _MEDIA_TYPES.get(extension.lower(), "")


def check_name(name: str) -> None:
    """Check that every system can hold and show a file or folder name.

    Raises:
        InvalidRequest: some system could not.
    """
    if _FORBIDDEN.search(name) or len(name.encode()) > _MAX_BYTES:
        raise InvalidRequest(
            f"output: {name[:80]!r} cannot name a file or folder. Names are at most {_MAX_BYTES} bytes, without "
            'control characters and < > : " / \\ | ? *, with no space at either end and no dot at the end, and '
            "not a Windows device such as CON or NUL."
        )
