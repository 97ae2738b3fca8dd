"""Check the content of an input file: its size, and its type by its bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mediasmith.config.settings import Settings
from mediasmith.plugin import media, pictures
from mediasmith.plugin.content_type import content_type
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith.storage.inputs.input_file import InputFile, version_of
from mediasmith.storage.inputs.picture_check import check_picture, damage_named

_MAX_STEM = 60  # characters

_IMAGE = (("image/",), "an image such as PNG, JPEG or WebP")
_SOUND = (("audio/", "video/"), "a recording such as MP3, WAV, M4A, OGG or FLAC, or a video")

# By role: how the accepted types begin, and how a message describes them. Capabilities narrow them further.
_ACCEPTED: Mapping[Role, tuple[tuple[str, ...], str]] = {
    "image": _IMAGE,
    "mask": (("image/png",), "a PNG image"),
    "first_frame": _IMAGE,
    "last_frame": _IMAGE,
    "style_image": _IMAGE,
    "control_image": _IMAGE,
    "subject_image": _IMAGE,
    "audio": _SOUND,
    "video": (("video/",), "a video such as MP4, WebM or MOV"),
    "voice_sample": _SOUND,
}


@dataclass(frozen=True, kw_only=True)
class LocatedFile:
    """The file that a reference names. `label` is what messages call it.

    `confined` is True when the caller chose the path, so that it has to be inside the allowed folders.
    """

    path: Path
    stem: str
    label: str
    confined: bool = False


def check_file(located: LocatedFile, file: BinaryIO, role: Role, settings: Settings) -> InputFile:
    """Return the facts of an open file that may be used in `role`; blocking.

    Raises:
        InvalidRequest: it is empty, too large, of another type, or a damaged picture.
    """
    status = os.fstat(file.fileno())
    if status.st_size == 0:
        raise InvalidRequest(f"{located.label} is empty.")
    check_size(located.label, status.st_size, settings)
    mime = content_type(file)
    prefixes, accepted = _ACCEPTED[role]
    if not mime.startswith(prefixes):
        raise InvalidRequest(f"{located.label} is {mime or 'of an unknown type'}; use {accepted}.")
    dimensions: tuple[int, int] | None = None
    if pictures.can_open(mime):
        with damage_named(located.label, mime):
            dimensions = check_picture(file, mime, located.label, settings)
    return InputFile(
        path=located.path,
        name=f"{_plain(located.stem) or role}.{media.extension(mime)}",
        mime=mime,
        size=status.st_size,
        dimensions=dimensions,
        version=version_of(status),
    )


def check_size(label: str, size: int, settings: Settings) -> None:
    """Check that `size` bytes are within the limit of the settings.

    Raises:
        InvalidRequest: they are not.
    """
    if size > settings.max_input_bytes:
        raise InvalidRequest(f"{label} has {size:,} bytes; at most {settings.max_input_bytes:,} are accepted.")


def check_mask(mask: Source, image: Source) -> None:
    """Check that a mask has the size of the image it is for.

    Raises:
        InvalidRequest: their sizes differ, or the image has none in pixels.
    """
    if mask.dimensions is None or mask.dimensions != image.dimensions:
        raise InvalidRequest(
            f"mask: {mask.name} is {_pixels(mask)}, and {image.name}, the first image, is {_pixels(image)}; "
            "their sizes must be equal.",
            billed="no",
        )


def _pixels(source: Source) -> str:
    return "{} x {} pixels".format(*source.dimensions) if source.dimensions else "of unknown size"


def _plain(stem: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem)[:_MAX_STEM].strip("-")
