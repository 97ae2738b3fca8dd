"""Messages on lines: what is valid is passed on, and what is not is answered with an error that has the right id."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp_types import INVALID_REQUEST, PARSE_ERROR, JSONRPCNotification, JSONRPCRequest

from mediasmith.mcp.messages import read_line

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def line(**changed: object) -> bytes:
    return json.dumps({**PING, **changed}).encode()


@pytest.mark.parametrize("given", [line(), b"\xef\xbb\xbf" + line(), b"  " + line() + b"\r\n"])
def test_a_request_is_passed_on_even_after_a_byte_order_mark(given: bytes) -> None:
    assert read_line(given) == (JSONRPCRequest(jsonrpc="2.0", id=1, method="ping"), ())


def test_a_notification_is_passed_on() -> None:
    given = b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n'
    assert read_line(given) == (JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized"), ())


@pytest.mark.parametrize("given", [b"", b"\n", b" \r\n", b"\xef\xbb\xbf\n"])
def test_a_blank_line_is_no_message(given: bytes) -> None:
    assert read_line(given) == (None, ())


WRONG: Mapping[str, tuple[bytes, int, Sequence[int | str | None], str]] = {
    "half an emoji": (line(id="a", params={"x": "\ud83d"}), PARSE_ERROR, ["a"], "unpaired surrogate"),
    "half an emoji as the id": (line(id="\ud83d"), PARSE_ERROR, [None], "unpaired surrogate"),
    "nonsense": (b"garbage", PARSE_ERROR, [None], "not valid JSON"),
    "half a line": (line()[:-5], PARSE_ERROR, [None], "not valid JSON"),
    "UTF-16": (line().decode().encode("utf-16"), PARSE_ERROR, [None], "not valid JSON"),
    "invalid UTF-8": (line(id=2)[:-1] + b', "x": "\xff"}', PARSE_ERROR, [2], "cannot be read"),
    "nesting": (b'{"id": 1, "x": ' + b"[" * 10**5, PARSE_ERROR, [None], "not valid JSON"),
    "nesting that can be read": (line()[:-1] + b', "x": ' + b"[" * 500 + b"]" * 500 + b"}", PARSE_ERROR, [1], "recurs"),
    "text": (b'"ping"', INVALID_REQUEST, [None], "a JSON object"),
    "a batch": (b"[" + line() + b"," + line(id="b") + b"]", INVALID_REQUEST, [1, "b"], "Batches"),
    "an empty batch": (b"[]", INVALID_REQUEST, [None], "Batches"),
    "a batch without ids": (b"[5]", INVALID_REQUEST, [None], "Batches"),
    "no method": (b'{"jsonrpc": "2.0", "id": 7}', INVALID_REQUEST, [7], "must have"),
    "no version": (b'{"id": 7, "method": "ping"}', INVALID_REQUEST, [7], "must have"),
    "an array of parameters": (line(params=[1]), INVALID_REQUEST, [1], "an object"),
    "an answer that is not valid": (b'{"jsonrpc": "2.0", "id": 7, "result": 5}', INVALID_REQUEST, [None], "must have"),
} | {
    f"the id {wrong}": (line(id=wrong), INVALID_REQUEST, [None], "The id of a request")
    for wrong in (None, 1.5, True, [1], {"a": 1})
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_message_is_answered_with_an_error(case: str) -> None:
    given, code, ids, expected = WRONG[case]
    message, errors = read_line(given)
    assert message is None
    assert [(error.id, error.error.code) for error in errors] == [(known, code) for known in ids]
    for error in errors:
        assert expected in error.error.message
        assert error.error.message.endswith("Nothing was done or billed.")
        assert "id" in json.loads(error.model_dump_json(exclude_unset=True))


@settings(max_examples=25)
@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_any_line_is_either_passed_on_or_answered(given: bytes) -> None:
    message, errors = read_line(given)
    assert (message is None) == bool(errors) or not given.removeprefix(b"\xef\xbb\xbf").strip()
    assert all(error.model_dump_json() for error in errors)
