"""Read the messages of a client, and answer invalid ones with JSON-RPC errors."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import TypeAlias, cast

from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    RequestId,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError
from pydantic_core import from_json

_Json: TypeAlias = "Mapping[str, object] | list[object] | str | float | None"

_NOT_DONE = "Nothing was done or billed."
_NO_OBJECT = "A message must be a JSON object."
_NO_BATCH = "Batches are not supported; send each message by itself."
_BAD_ID = "The id of a request must be a string or a whole number."
_BAD_ENVELOPE = (
    'A request must have "jsonrpc": "2.0", a method that is a string and, if any, params that are an object.'
)
_UNPAIRED = "The text contains an unpaired surrogate, such as half of an emoji. Send valid Unicode."


def read_message(text: bytes) -> tuple[JSONRPCMessage | None, tuple[JSONRPCError, ...]]:
    """Return the message, if it is valid, and else the errors to answer with.

    An error has the id of its request where it can be read, else null. Blank text is neither. A byte order mark is
    passed over.
    """
    text = text.removeprefix(codecs.BOM_UTF8).strip()
    if not text:
        return None, ()
    try:
        raw: _Json = from_json(text)
    except ValueError as error:
        return None, (_parse_error(text, str(error)),)
    try:
        message = jsonrpc_message_adapter.validate_python(raw, by_name=False)
    except ValidationError:
        return None, _invalid(raw)
    if isinstance(message, JSONRPCNotification) and isinstance(raw, Mapping) and "id" in raw:
        return None, (_error(INVALID_REQUEST, _BAD_ID),)  # it would count as a notification, which is never answered
    return message, ()


def _parse_error(text: bytes, why: str) -> JSONRPCError:
    try:
        # This accepts more than `from_json`, so that the id may still be found.
        raw: _Json = json.loads(text.decode(errors="replace"))
        message = _UNPAIRED if _has_surrogate(raw) else f"The message cannot be read ({why})."
    except (ValueError, RecursionError):
        return _error(PARSE_ERROR, f"The message is not valid JSON ({why}).")
    return _error(PARSE_ERROR, message, _id(raw))


def _invalid(raw: _Json) -> tuple[JSONRPCError, ...]:
    if isinstance(raw, list):
        found = [one for one in map(_id, cast("list[_Json]", raw)) if one is not None]
        return tuple(_error(INVALID_REQUEST, _NO_BATCH, one) for one in found or [None])
    if not isinstance(raw, Mapping):
        return (_error(INVALID_REQUEST, _NO_OBJECT),)
    known = _id(raw)
    bad_id = {"id", "method"} <= raw.keys() and known is None
    return (_error(INVALID_REQUEST, _BAD_ID if bad_id else _BAD_ENVELOPE, known),)


def _id(raw: _Json) -> RequestId | None:
    """Return the id of a request; that of an answer to this server is of no use to the client."""
    if not isinstance(raw, Mapping) or "result" in raw or "error" in raw:
        return None
    found = raw.get("id")
    if isinstance(found, bool) or not isinstance(found, int | str) or _has_surrogate(found):
        return None
    return found


def _has_surrogate(raw: _Json) -> bool:
    try:
        json.dumps(raw, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _error(code: int, message: str, known: RequestId | None = None) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=known, error=ErrorData(code=code, message=f"{message} {_NOT_DONE}"))
