"""The provider's own words: where they are found, and how much of them is repeated."""

from __future__ import annotations

import base64

import pytest

from mediasmith.plugin.error_words import answer_text, clause, error_text
from mediasmith.testing import png


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Too long.", "Too long."),
        ({"error": {"message": "Too long.", "type": "invalid"}}, "Too long."),
        ({"error": "Too long."}, "Too long."),
        ({"message": "Too long."}, "Too long."),
        ({"detail": "Too long."}, "Too long."),
        ({"detail": {"message": "Too long."}}, "Too long."),
        ({"detail": [{"loc": ["body", "text"], "msg": "field required", "type": "missing"}]}, "text: field required"),
        ({"detail": [{"loc": ["body", "n"], "msg": "too low"}, {"msg": "odd"}]}, "n: too low; odd"),
        ({"detail": [{"loc": ["body", "text"]}]}, ""),
        ({"detail": [{"loc": "text", "msg": "odd"}]}, "odd"),
        ([{"msg": str(number)} for number in range(5)], "0; 1; 2"),
        ({"error": {"code": 7}, "message": "Too long."}, "Too long."),
        ({"errorMessage": "Too long."}, "Too long."),
        ({"Error_Message": "Too long."}, "Too long."),
        ({"error": "invalid", "error_description": "Too long."}, "Too long."),
        ({"error": {"code": "x", "details": "Too long."}}, "Too long."),
        ({"status": "error", "reason": "Too long."}, "Too long."),
        ({"errors": {"text": ["too long", "odd"], "n": ["too low"], "code": "x"}}, "text: too long; odd; n: too low"),
        ({}, ""),
        ([], ""),
        (None, ""),
        (7, ""),
    ],
    ids=str,
)
def test_words_are_found_in_every_form(body: object, text: str) -> None:
    assert error_text(body) == text


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", ""),
        (" \n", ""),
        ("Too\n long. ", ": Too long"),
        ("Did you mean it?", ": Did you mean it"),
        ("ab " * 200, ": " + "ab " * 99 + "ab"),
        ("The key sk-ab***yz is wrong.", ": The key [secret] is wrong"),
        ("Of ****yz and sk-a****, none is right.", ": Of [secret] and [secret] none is right"),
        ("**** ERROR: No room.", ": **** ERROR: No room"),
        ("It is **not** a key.", ": It is **not** a key"),
    ],
    ids=["empty", "blank", "words", "question", "long", "masked key", "parts of keys", "stars", "bold"],
)
def test_words_end_a_sentence(text: str, end: str) -> None:
    assert clause(text) == end


@pytest.mark.parametrize(
    "body",
    [
        b'{"detail": "It is too big."}',
        b'{"error": "It is too big."}',
        b'{"error": {"message": "It is too big."}}',
        b'{"errors": [{"message": "It is too big."}]}',
        b'{"title": "It is too big.", "status": 400}',
        b'"It is too big."',
        b"It is too big.",
        b"<html><head><title>It is too big.</title></head><body><h1>400</h1></body></html>",
        b'{"error": "<html><title>It is too big.</title>"}',
    ],
    ids=["detail", "error", "message", "errors", "title", "JSON text", "text", "page", "page in JSON"],
)
def test_the_words_of_a_body_are_found(body: bytes) -> None:
    assert answer_text(body) == "It is too big."


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": "cut',
        b"[1, 2",
        b"null",
        b"7",
        b"<html><body>Gateway</body>",
        b"\xff\xfe\x00words",
        b"[" * 99_999,
    ],
    ids=repr,
)
def test_a_body_without_words_has_none(body: bytes) -> None:
    assert answer_text(body) == ""


def test_a_file_in_an_error_is_not_repeated() -> None:
    data = base64.b64encode(png()).decode()
    assert clause(f"invalid image: {data}") == ": invalid image: [data]"
    assert clause(f"data:image/png;base64,{data}") == ""


@pytest.mark.parametrize(("before", "kept"), [("it " * 97, "it " * 96 + "it"), ("字" * 290, "字" * 290)])
def test_a_key_in_a_long_text_is_not_cut(before: str, kept: str) -> None:
    assert clause(f"{before}key-0123456789 is wrong") == f": {kept}"
    assert clause("字" * 400) == ": " + "字" * 300
