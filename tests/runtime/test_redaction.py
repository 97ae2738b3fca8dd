"""Redaction: no secret in any form, no control characters, and no more than 2,000 bytes."""

from __future__ import annotations

import base64
import json
import math
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasmith.runtime.redaction import Redactor, describe_exception

KEY = "sk-proj/AbC+0123456789_xyz"
FORMS = {
    "plain": KEY,
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 without padding": base64.b64encode(KEY.encode()).decode().rstrip("="),
    "base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "in a URL": quote(KEY, safe=""),
    "last eight": KEY[-8:],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_secret_is_removed_in_every_form(form: str) -> None:
    text = Redactor([KEY]).text(f"the key {form} is wrong")
    assert text.startswith("the key [secret]")
    assert text.endswith(" is wrong")
    assert form.rstrip("=") not in text


def test_a_secret_with_control_characters_in_it_is_removed() -> None:
    broken = f"{KEY[:5]}\x1b[31m{KEY[5:9]}\x00{KEY[9:]}"
    assert Redactor([KEY]).text(broken) == "[secret]"


@pytest.mark.parametrize(
    "key",
    [
        *("sk-proj-abcdef1234567890", "sk-or-v1-0123456789abcdef0123", "sk-ant-api03-0123456789-abc_def"),
        *("sk-proj-****************abcd", "sk_0123456789abcdef0123456789abcdef", f"AIza{'Ab3_-' * 7}"),
        *(f"ya29.{'a0' * 20}", f"xai-{'aB3' * 10}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl-_x"),
        *(f"r8_{'a1' * 15}", f"hf_{'aB' * 17}"),
    ],
)
@pytest.mark.parametrize("form", ["the key {} is wrong", "Bearer {}", "?key={}&x=1", "'{}'", "KEY={}"])
def test_the_keys_of_others_are_removed(key: str, form: str) -> None:
    assert Redactor([]).text(form.format(key)) == form.format("[secret]")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "risk-assessment-of-the-2nd-kind-1234567",
            "sk-learn",
            "sk-a-long-name-of-ordinary-words",
            "task_0123456789abcdef",
        ),
        *("xai-video-generation-0123456789-model", "eyJhbGciOiJIUzI1NiJ9", "grok-imagine-video-1.5", "AIzawa"),
        *("gemini-3.1-flash-image-preview-0123456789", "media://0123456789abcdefghijklmnop"),
    ],
)
def test_what_only_resembles_a_key_is_kept(text: str) -> None:
    assert Redactor([]).text(text) == text


def test_spaces_around_a_secret_are_ignored() -> None:
    assert Redactor([f"  {KEY}\n"]).text(KEY) == "[secret]"


def test_values_too_short_for_a_key_are_kept() -> None:
    assert Redactor(["", "abc", "12345"]).text("abc 12345") == "abc 12345"


def test_control_characters_are_removed_and_lines_kept() -> None:
    text = "a\x1b[1;31mb\x1b[0m\x00\x07\x7f\x9b\u202ec\u2066\ud800\tand\nd\r"
    assert Redactor([]).text(text) == "abc\tand\nd"


@pytest.mark.parametrize("letter", ["a", "é", "狐", "🦊"])
def test_text_is_cut_to_two_kilobytes(letter: str) -> None:
    cut = Redactor([]).text(letter * 5000)
    assert 1990 < len(cut.removesuffix("…").encode()) <= 2000
    assert cut.endswith("…")
    assert Redactor([]).text(letter * 400) == letter * 400


def test_cutting_does_not_reveal_the_start_of_a_secret() -> None:
    assert KEY[:8] not in Redactor([KEY]).text("x" * 1990 + KEY)


def test_every_string_inside_json_is_cleaned() -> None:
    value = {KEY: [KEY, {"a": (f"\x1b[1m{KEY}", 1, 2.5, True, None)}]}
    assert Redactor([KEY]).json(value) == {"[secret]": ["[secret]", {"a": ["[secret]", 1, 2.5, True, None]}]}


def test_what_is_not_json_becomes_the_name_of_its_type() -> None:
    value: Any = {"raw": b"\x89PNG", "when": math, "nan": math.nan, "far": math.inf, "set": {1}}
    assert Redactor([]).json(value) == {
        "raw": "(bytes)",
        "when": "(module)",
        "nan": "(float)",
        "far": "(float)",
        "set": "(set)",
    }


def test_no_file_is_left_in_a_text() -> None:
    data = base64.b64encode(bytes(range(256)) * 4).decode()
    text = f"Here: ![a kite](data:image/png;base64,{data}) or {data}."
    assert Redactor([]).json({"text": text}) == {"text": "Here:  or [data]."}


def test_a_value_that_contains_itself_is_cut() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert len(json.dumps(Redactor([]).json(circle))) < 100


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_no_surrounding_text_lets_a_secret_through(before: str, after: str) -> None:
    shown = Redactor([KEY]).text(before + KEY + after)
    assert KEY not in shown
    assert len(shown.encode()) <= 2003


def test_an_exception_is_described_without_its_text() -> None:
    with pytest.raises(ValueError, match="invalid") as caught:
        int(KEY)
    line = describe_exception(caught.value)
    assert line.startswith("ValueError at ")
    assert "test_redaction.py:" in line
    assert KEY not in line
    assert describe_exception(ValueError(KEY)) == "ValueError"
