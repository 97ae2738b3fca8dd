"""Read what an endpoint made: files under one of a few names, and flags and details about them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mediasmith.plugin.contract import JSON, Output
from mediasmith.plugin.embedded_media import find_media
from mediasmith.plugin.http_answers import read_outputs
from mediasmith.plugin.http_errors import malformed, reading
from mediasmith.plugin.kinds import MediaType
from mediasmith_backends.fal.errors import TITLE
from mediasmith_backends.plain_schema import listed, mapping

FILES: Mapping[MediaType, tuple[str, ...]] = {
    "image": ("images", "image"),
    "video": ("video", "videos"),
    "audio": ("audio", "audio_file", "audios", "audio_url"),
}
"""The names of the outputs of each type; the first that is there counts. Without any, a file anywhere does."""

_MIMES: Mapping[MediaType, str] = {"image": "image/png", "video": "video/mp4", "audio": "audio/mpeg"}

_SAID = ("seed", "description", "lyrics", "tags", "actual_prompt")
"""What is passed on besides the files."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """The files that were made, and how many of them the safety checker had blackened: they are left out."""

    outputs: Sequence[Output]
    blackened: int
    details: Mapping[str, JSON]


def read_made(content: bytes, media: MediaType, *, base_url: str, headers: Mapping[str, str]) -> Made:
    """Return what was made, by the type that was asked for; blocking.

    A gateway may name a file by a path below the `base_url`; there, `headers` sign in.

    Raises:
        ProviderError: there is no file that can be read. The error has the answer.
    """
    with reading(TITLE, content):
        answer = mapping(json.loads(content))
        files = list(_files(answer, media)) or [(text, "") for text in find_media(answer)]
    urls = [url for url, _ in files]
    flags = listed(answer.get("has_nsfw_concepts") if media == "image" else None)
    black = [number for number, flag in enumerate(flags) if flag is True and number < len(urls)]
    kept = [url for number, url in enumerate(urls) if number not in black]
    claimed = next((mime for _, mime in files if mime.startswith(f"{media}/")), _MIMES[media])
    outputs = read_outputs(kept, mime=claimed, name=TITLE, base_url=base_url, headers=headers)
    if not outputs and (kept or not black):
        raise malformed(TITLE, content)
    details = {name: answer[name] for name in _SAID if isinstance(answer.get(name), str | int)}
    return Made(outputs=outputs, blackened=len(black), details=details)


def _files(answer: Mapping[str, JSON], media: MediaType) -> Iterator[tuple[str, str]]:
    """Yield the URLs, or data URIs, of the files under the first name that has any, with their types as claimed."""
    for name in FILES[media]:
        found = answer.get(name)
        for file in found if isinstance(found, list | tuple) else [found]:
            url, mime = mapping(file).get("url", file), mapping(file).get("content_type")
            if isinstance(url, str):
                yield url, mime if isinstance(mime, str) else ""
        if found:
            return
