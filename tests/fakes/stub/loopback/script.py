"""What tests ask of a fake through the paths that start with `/_`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, Protocol

from pydantic import Field, JsonValue

from loopback.connection import Answer
from loopback.faults import Strict, answer_json

_PAGE = b"<html><body>Gateway</body></html>"
_GARBAGE = b"\x15\x03\x01\x00\x02\x02\x16 this is no HTTP at all\r\n\r\n"


class Scripted(Strict):
    """One answer that a test wants instead of the normal one. With neither status nor body, the normal one follows.

    `delay` waits so many seconds first, `hang` waits for the release, `reset` closes without answering, `truncate`
    breaks off half-way, `drip` sends a byte now and then, `garbage` is no HTTP, `html` is a page where JSON is due, and
    `fixed` gives the large picture of that format. `times` is how many requests in a row are answered so.
    """

    status: int = 0
    headers: dict[str, str] = Field(default_factory=dict)
    body: JsonValue = ""
    delay: float = Field(default=0.0, ge=0, strict=False)
    hang: bool = False
    reset: bool = False
    truncate: bool = False
    drip: bool = False
    garbage: bool = False
    html: bool = False
    fixed: Literal["", "png", "jpeg"] = ""
    times: int = Field(default=1, ge=1)


class Script(Strict):
    """The body of `POST /_script`: the answers that come next for one kind of request."""

    method: Literal["GET", "POST", "PUT", "DELETE", "QUERY"]
    path: str
    answers: tuple[Scripted, ...] = Field(strict=False)


class Awaited(Strict):
    """The body of `POST /_wait`: answered once so many of these requests have come."""

    request: str
    times: int = Field(default=1, ge=1)


class Expired(Strict):
    """The body of `POST /_expire`: what the provider no longer has."""

    id: str


class Hanging(Protocol):
    """Where requests hang until they are released."""

    released: asyncio.Event


async def play(scripted: Scripted, state: Hanging, normal: Callable[[], Answer]) -> Answer | None:
    """Answer as scripted; None when the connection shall just close."""
    if scripted.delay:
        await asyncio.sleep(scripted.delay)
    if scripted.hang:
        await state.released.wait()
    if scripted.reset:
        return None
    if scripted.garbage:
        return Answer(status=0, raw=_GARBAGE)
    answer = _content(scripted, normal)
    headers = {**answer.headers, **scripted.headers}
    return replace(answer, headers=headers, cut=scripted.truncate, drip=scripted.drip)


def _content(scripted: Scripted, normal: Callable[[], Answer]) -> Answer:
    if scripted.html:
        return Answer(status=scripted.status or 200, mime="text/html", body=_PAGE)
    if scripted.status or scripted.body != "":
        return answer_json(scripted.body, status=scripted.status or 200)
    return normal()
