"""Copy pictures in the form that providers take: upright, one picture to a file, as a JPEG or PNG.

A picture that has this form already is sent as it is.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mediasmith.plugin import pictures
from mediasmith.plugin.kinds import IMAGES
from mediasmith.plugin.media import extension
from mediasmith.storage.inputs.input_file import InputFile, version_of
from mediasmith.storage.inputs.picture_check import damage_named

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_MOST_PIXELS, _MOST_TURNED = 64_000_000, 24_000_000
"""Pixels of a copy. One that is turned is in memory twice meanwhile."""

_MARK = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""A mark of a JPEG: not a byte of its pixels that looks like one, nor a place to start decoding again."""

_END, _APPLICATION_2 = 0xD9, 0xE2


def conformed(given: InputFile, file: BinaryIO, scratch: Path, label: str) -> InputFile:
    """Return the file, or a copy in `scratch` if it is a picture that has to be turned, split or converted; blocking.

    A picture of a type that few models take stays as it is, and its copy is its `substitute`.

    Raises:
        InvalidRequest: the picture is damaged; the message calls it `label`.
    """
    if not pictures.can_open(given.mime):
        return given
    with damage_named(label, given.mime):
        picture = pictures.open_image(file, given.mime)
        turn = pictures.orientation(picture)
        if given.mime in IMAGES and turn == 1:
            return _without_others(given, file, scratch) if "mp" in picture.info else given
    details = _details(picture, given.mime)
    excess = math.prod(picture.size) / (_MOST_PIXELS if turn == 1 else _MOST_TURNED)
    factor = 2 ** max(0, math.ceil(math.log2(excess) / 2))  # a power of two, by which a JPEG is reduced early
    with pictures.decoding(picture.size):
        with damage_named(label, given.mime):
            image = pictures.turned(pictures.reduced(file, picture, given.mime, factor), turn)
            if given.mime not in {"image/png", "image/jpeg"}:
                image = pictures.to_rgb(image)
        form = _form(given.mime, image)
        path = scratch_file(scratch)
        image.save(path, form, **details if form == "JPEG" else _profile(picture.info, given.mime))
    copy = replace(_facts(given, path, f"image/{form.lower()}"), dimensions=image.size)
    size = f", reduced to {image.width} x {image.height} pixels" if factor > 1 else ""
    if given.mime in IMAGES:
        return replace(copy, note=f"{given.name} was sent upright{size}." if size else "")
    what = "The first picture of " if getattr(picture, "is_animated", False) else ""
    return replace(given, substitute=replace(copy, note=f"{what}{given.name} was sent as a {form}{size}."))


def scratch_file(scratch: Path) -> Path:
    """Return a new empty file, in a private folder that only this user can read; blocking."""
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(dir=scratch)
    os.close(descriptor)
    return Path(path)


def _facts(given: InputFile, path: Path, mime: str) -> InputFile:
    """Return the facts of a copy at `path`."""
    status = path.stat()
    name = f"{Path(given.name).stem}.{extension(mime)}"
    return replace(given, path=path, name=name, mime=mime, size=status.st_size, version=version_of(status))


def _form(mime: str, image: Image) -> str:
    """Return the format of a copy: JPEG for what is or could be a photo, else PNG, which loses nothing."""
    photo = mime in {"image/jpeg", "image/webp", "image/avif", "image/heic"}
    return "JPEG" if photo and image.mode in {"RGB", "L", "CMYK"} else "PNG"


def _details(picture: ImageFile, mime: str) -> dict[str, Any]:
    """Return how to save a copy as a JPEG: as finely as its original if that is one, and in the same colours."""
    how: dict[str, Any] = {"quality": 95, "subsampling": 0, **_profile(picture.info, mime)}
    if mime == "image/jpeg":
        from PIL.JpegImagePlugin import JpegImageFile, get_sampling  # noqa: PLC0415 - heavy: Pillow

        assert isinstance(picture, JpegImageFile)
        how |= {"qtables": picture.quantization, "subsampling": max(0, get_sampling(picture))}
        del how["quality"]
    return how


def _profile(info: Mapping[Any, Any], mime: str) -> dict[str, Any]:
    """Return the colour profile to save a copy with, if there is one and it is not one of colours that became RGB."""
    profile = info.get("icc_profile") or b""
    lost = mime not in {"image/png", "image/jpeg"} and profile[16:20] in {b"GRAY", b"CMYK", b"Lab "}
    return {"icc_profile": None if lost else profile or None}  # without this, Pillow would take it from the image


def _without_others(given: InputFile, file: BinaryIO, scratch: Path) -> InputFile:
    """Return the first picture of a file of several (MPO, as phones write it), bit by bit, as a JPEG of its own."""
    file.seek(0)
    data = first_picture(file.read())
    path = scratch_file(scratch)
    path.write_bytes(data)
    return _facts(given, path, given.mime)


def first_picture(data: bytes) -> bytes:
    """Return the first JPEG without the list of the others. ValueError if it has no end."""
    kept: list[bytes] = [data[:2]]
    at = 2
    while found := _MARK.search(data, at):
        start, code = found.start(), data[found.start() + 1]
        kept.append(data[at:start])
        if code == _END:
            return b"".join((*kept, found[0]))
        at = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        if not (code == _APPLICATION_2 and data.startswith(b"MPF\0", start + 4)):
            kept.append(data[start:at])
    raise ValueError("the first picture has no end")
