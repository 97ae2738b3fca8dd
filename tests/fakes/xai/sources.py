"""Pictures and videos that a call brings: in a data URI, by address, or as a file that was uploaded."""

from __future__ import annotations

import base64
import re
from binascii import Error

from xai_sdk.proto import image_pb2, video_pb2

from fakes.xai.calls import Call
from fakes.xai.errors import invalid
from fakes.xai.state import Film
from loopback.films import clip
from loopback.pictures import pixels, seen

_LARGEST = 10 * 1024 * 1024
_READABLE = ("image/jpeg", "image/png", "image/webp")
_DATA = re.compile(r"data:(\w+/[\w.+-]+);base64,([A-Za-z0-9+/=]*)")


def picture_size_of(call: Call, content: image_pb2.ImageUrlContent, place: str) -> tuple[int, int]:
    """Width and height of a picture that can be used."""
    mime, data = _file(call, content.WhichOneof("source"), content.image_url, content.file_id, place)
    if len(data) > _LARGEST:
        raise invalid(f"{place}: the image is larger than 10 MiB.")
    found = seen(data)
    if found is None or found.mime not in _READABLE or mime not in {"", found.mime}:
        raise invalid(f"{place}: the image is no PNG, JPEG or WebP.")
    return found.size


def video_given(call: Call, content: video_pb2.VideoUrlContent) -> Film:
    """What a video is. One that was made here is known by its address."""
    name = content.url.removeprefix(f"{call.store}/xai-video/")
    if name != content.url:
        video = call.state.shown(name)
        if video is None:
            raise invalid("video: the file could not be fetched.")
        return video.film
    mime, data = _file(call, content.WhichOneof("source"), content.url, content.file_id, "video")
    found = clip(data) if data[4:8] == b"ftyp" and mime in {"", "video/mp4"} else None
    if found is None:
        raise invalid("video: the file is no MP4.")
    return Film(size=pixels(found.size), seconds=found.seconds)


def _file(call: Call, source: str | None, url: str, file_id: str, place: str) -> tuple[str, bytes]:
    """The type that a file is said to have, where that is said, and its bytes."""
    if source is None:
        raise invalid(f"{place}: neither an address nor a file is given.")
    if source == "file_id":
        if file_id not in call.state.uploads:
            raise invalid(f"{place}: there is no file {file_id!r}.")
        return "", call.state.uploads[file_id].body
    name = url.removeprefix(f"{call.store}/xai-image/")
    if name in call.state.pictures:
        return "", call.state.pictures[name]
    # Nothing of the outer world is fetched from here.
    found = _DATA.fullmatch(url)
    if not found:
        raise invalid(f"{place}: the file could not be fetched.")
    try:
        return found[1], base64.b64decode(found[2], validate=True)
    except Error as error:
        raise invalid(f"{place}: this is no base64.") from error
