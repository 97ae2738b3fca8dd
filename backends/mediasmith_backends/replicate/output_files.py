"""The files in the output of a prediction, which is any JSON: a URL, a list or an object of them, or text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, cast
from urllib.parse import urlsplit

from mediasmith.plugin.contract import Output, Remote
from mediasmith.plugin.embedded_media import find_media, without_media
from mediasmith.plugin.http_answers import read_outputs
from mediasmith.plugin.kinds import MediaType
from mediasmith.plugin.media import EXTENSIONS, media_type
from mediasmith_backends.replicate.errors import TITLE

_DEFAULTS: Mapping[MediaType, str] = {"image": "image/webp", "video": "video/mp4", "audio": "audio/mpeg"}
"""The type of a file whose URL does not show it."""

_MIMES = {extension: mime for mime, extension in reversed(list(EXTENSIONS.items()))} | {"jpeg": "image/jpeg"}


def texts_in(output: object) -> Iterator[str]:
    """Yield every text in an output."""
    if isinstance(output, str):
        yield output
    elif isinstance(output, Mapping):
        yield from texts_in(list(cast("Mapping[str, Any]", output).values()))
    elif isinstance(output, Sequence):
        for item in cast("Sequence[object]", output):
            yield from texts_in(item)


def is_file(text: str) -> bool:
    """Return whether a text in an output is a file: a URL, or the file itself as a data URI."""
    return text.lstrip()[:8].lower().startswith(("https://", "http://", "data:"))


def words_in(output: object) -> list[str]:
    """Return what an output says besides its files. Blocking where large."""
    texts = [text for text in texts_in(output) if not is_file(text) and find_media(text) != [text.strip()]]
    return list(filter(None, (without_media(text).strip() for text in texts)))


def mime_of(url: str) -> str:
    """Return the type that the extension of a URL shows, or ""."""
    try:
        return _MIMES.get(PurePosixPath(urlsplit(url).path).suffix[1:].lower(), "")
    except ValueError:
        return ""


def files_in(output: object, kind: MediaType) -> list[Output]:
    """Return the files of this kind in an output; all of them where none is known to be. Blocking where large.

    Where no text is a file, those inside the texts count: a model may write base64 or Markdown.
    """
    texts = list(filter(is_file, texts_in(output))) or find_media(list(texts_in(output)))
    files = [_typed(file, kind) for file in read_outputs(texts, mime="", name=TITLE)]
    return [file for file in files if media_type(file.mime) == kind] or files


def _typed(file: Output, kind: MediaType) -> Output:
    return replace(file, mime=mime_of(file.body.url) or _DEFAULTS[kind]) if isinstance(file.body, Remote) else file
