"""The contract suite's wire before this fake: it turns answers and faults of HTTP into those of gRPC."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.message import Message

from fakes.xai.server import as_json, running
from fakes.xai.state import PAYING, FakeXAI, Reply
from mediasmith.testing.wire import Answer, Sent

CODES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "PERMISSION_DENIED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    451: "PERMISSION_DENIED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}
"""The status of gRPC that says what a status of HTTP says."""

_UNDECLARED = 99
"""Stands for a word that an enumeration does not have."""


class XAIWire:
    """Implements `Wire`. The body of an answer is the message, or with a status that is an error its details."""

    def __init__(self, fake: FakeXAI) -> None:
        self._fake = fake

    @property
    def url(self) -> str:
        """The backend's base URL while it is tested."""
        return self._fake.base_url

    def requests(self) -> Sequence[Sent]:
        """Return what went out since the last `clear`, in order."""
        return tuple(
            Sent(
                method=entry.method,
                path=entry.path,
                headers={name: value for name, value in entry.headers.items() if name != "authorization"},
                body=entry.body,
                pays=entry.path in PAYING,
            )
            for entry in self._fake.log
        )

    def script(self, *answers: Answer, pays: bool = True) -> None:
        """Answer the next calls so, one after the other, and then normally again."""
        self._fake.script("paying" if pays else "free", *map(_reply, answers))

    def clear(self) -> None:
        """Forget the log and the script."""
        self._fake.clear()


def _reply(answer: Answer) -> Reply:
    if answer.status in CODES:
        return Reply(code=CODES[answer.status], details=answer.body.decode(), metadata=answer.headers)
    raw = answer.body if answer.status and not answer.fault else None  # a fault needs an answer to break
    return Reply(raw=raw, edit=_edited(answer.edit) if answer.edit else None, fault=answer.fault)


def _edited(edit: Callable[[bytes], bytes]) -> Callable[[Message], Message]:
    """Return an edit of a message from one of JSON: what fits into a message is kept."""
    return lambda message: _fill(type(message)(), json.loads(edit(json.dumps(as_json(message)).encode())))


def _fill(message: Message, value: object) -> Message:
    for name, inner in cast("Mapping[str, object]", value).items() if isinstance(value, Mapping) else ():
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None:
            continue
        part: Any = getattr(message, name)
        if field.message_type is None:
            _set(message, name, inner)
        elif isinstance(inner, Mapping):
            part.SetInParent()
            _fill(part, cast("object", inner))
        elif isinstance(inner, list) and field.is_repeated:
            for each in cast("list[object]", inner):
                _fill(part.add(), each)
    return message


def _set(message: Message, name: str, value: object) -> None:
    try:
        json_format.ParseDict({name: value}, message)
    except json_format.ParseError:
        if message.DESCRIPTOR.fields_by_name[name].enum_type and isinstance(value, str):
            setattr(message, name, _UNDECLARED)


@contextmanager
def wire() -> Generator[XAIWire]:
    """Open a wire before a fake of its own."""
    with running() as fake:
        yield XAIWire(fake)
