"""Normal answers, changed by a test: it gets them as JSON, and what it gives back is a message as far as it fits."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, cast
from urllib.parse import urlsplit

from google.protobuf import json_format
from google.protobuf.message import Message

from fakes.xai.calls import as_json

_PATIENCE = 30.0

_NO_WORD = 99
"""What stands for a word that an enumeration does not have."""


def spoilt(answer: Message, editor: str) -> Message:
    """This answer, changed by whom one reaches at this address. It waits for that, so it needs a thread."""
    address = urlsplit(editor)
    with closing(http.client.HTTPConnection(address.netloc, timeout=_PATIENCE)) as connection:
        connection.request("POST", address.path, json.dumps(as_json(answer)))
        changed = connection.getresponse().read()
    return fitting(json.loads(changed), type(answer)())


def fitting(value: object, message: Message) -> Message:
    """Fill a message with what fits into it. A message cannot hold anything else: the rest is left out."""
    if not isinstance(value, Mapping):
        return message
    for name, inner in cast("Mapping[str, object]", value).items():
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None:
            continue
        if field.message_type is None:
            _put(message, name, inner)
        elif isinstance(inner, Mapping):
            part: Message = getattr(message, name)
            part.SetInParent()
            fitting(cast("object", inner), part)
        elif isinstance(inner, list):
            _put_all(message, name, cast("list[object]", inner))
    return message


def _put_all(message: Message, name: str, parts: Sequence[object]) -> None:
    held: Any = getattr(message, name)
    for part in parts if hasattr(held, "add") else ():
        fitting(part, held.add())


def _put(message: Message, name: str, value: object) -> None:
    try:
        json_format.ParseDict({name: value}, message)
    except json_format.ParseError:
        if message.DESCRIPTOR.fields_by_name[name].enum_type and isinstance(value, str):
            setattr(message, name, _NO_WORD)
