"""Operations: work of enterprise mode that is begun once and looked at until it is done. Read leniently."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from anyio import to_thread

from mediasmith.plugin.contract import JSON
from mediasmith.plugin.errors import MediaError, ProviderError, StateGone, Unreachable
from mediasmith_backends.google.answers import decoded
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import NOT_FOUND, TITLE, refused

_NAME = re.compile(r"(projects/[\w.:-]+/locations/[\w-]+/publishers/google/models/[\w.-]+)/operations/[\w-]+")

_REJECTED = 3
"""The code of a request that was found wrong only after it had been taken: nearly always for what it shows."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """A video: its bytes, or its place in the storage."""

    mime: str
    data: bytes = field(default=b"", repr=False)
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """How an operation stands. `error` is how it failed, `reasons` why something was held back."""

    done: bool
    films: tuple[Film, ...] = ()
    reasons: tuple[str, ...] = ()
    error: MediaError | None = None

    def made(self) -> Sequence[Film] | None:
        """The videos that were made; None while they are being made.

        Raises:
            Refused: none was made on purpose.
            ProviderError: it failed, which does not say whether it was charged.
        """
        if not self.done:
            return None
        if self.error:
            raise self.error
        if self.films:
            return self.films
        raise refused(self.reasons)


async def look(client: Google, handle: JSON) -> Operation:
    """How the operation with this handle stands. The SDK would decode its videos on the event loop, and twice.

    Raises:
        Unreachable: the answer is none of the provider's.
        ProviderError: it is not there, or has ended without an ending.
    """
    from google.genai import errors  # noqa: PLC0415 - heavy: the SDK

    sdk: Any = errors  # its types are only partly known
    name, model = _named(handle)
    url = f"{client.url}/{client.version}/{model}:fetchPredictOperation"
    answer = await client.transport.post(url, json={"operationName": name}, headers=await client.headers())
    # Any other status may speak of the account, which can be mended: what is paid for stays there.
    if answer.status_code == NOT_FOUND:
        raise ProviderError(f"{TITLE} does not have this work, or not any more.")
    await sdk.APIError.raise_for_async_response(answer)
    return await to_thread.run_sync(read, answer.content, name)


def _named(handle: JSON) -> tuple[str, str]:
    """The names of the operation and of its model."""
    match handle:
        case {"operation": str(name)} if found := _NAME.fullmatch(name):
            return name, found[1]
        case _:
            raise StateGone(f"This names no operation of {TITLE}'s.")


def read(raw: bytes, name: str) -> Operation:
    """The operation of this name in an answer. Blocking.

    Raises:
        Unreachable: there is none in it, so something else has answered.
        ProviderError: it has ended, and does not say how.
    """
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreachable(f"What came in place of {TITLE}'s answer is no JSON.") from error
    match document:
        case {"error": {**error}} if error:
            return Operation(done=True, error=_failure(cast("Mapping[str, object]", error)))
        case {"done": True, "response": {**response}}:
            return _finished(cast("Mapping[str, object]", response))
        case {"name": str(answered)} if not document.get("done") and _id(answered) == _id(name):
            return Operation(done=False)
        case {"done": True}:
            raise ProviderError(f"{TITLE} has ended the work and does not say how.", billed="unknown")
        case _:
            raise Unreachable(f"What came in place of {TITLE}'s answer is no operation.")


def _id(name: str) -> str:
    return name.rpartition("/")[2]


def _failure(error: Mapping[str, object]) -> MediaError:
    message = error.get("message")
    words = message if isinstance(message, str) else ""
    if error.get("code") == _REJECTED:
        return refused([words])
    said = f": {words.strip().rstrip('.')}" if words.strip() else ""
    return ProviderError(f"{TITLE} could not make it{said}.", billed="unknown")


def _finished(response: Mapping[str, object]) -> Operation:
    videos, reasons = response.get("videos"), response.get("raiMediaFilteredReasons")
    entries = cast("Sequence[object]", videos) if isinstance(videos, list) else ()
    films = [_film(cast("Mapping[str, object]", entry)) for entry in entries if isinstance(entry, Mapping)]
    found = tuple(film for film in films if film)
    if films and not found:
        return Operation(done=True, error=ProviderError(f"{TITLE} answered with a file that cannot be read."))
    why = cast("Sequence[object]", reasons) if isinstance(reasons, list) else ()
    return Operation(done=True, films=found, reasons=tuple(text for text in why if isinstance(text, str)))


def _film(entry: Mapping[str, object]) -> Film | None:
    claimed, place, data = (entry.get(name) for name in ("mimeType", "gcsUri", "bytesBase64Encoded"))
    mime = claimed if isinstance(claimed, str) else "video/mp4"
    if isinstance(place, str) and place:
        return Film(mime=mime, place=place)
    content = decoded(data) if isinstance(data, str) else b""
    return Film(mime=mime, data=content) if content else None
