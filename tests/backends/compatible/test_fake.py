"""The fake refuses what no engine would understand."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import httpx2
import pytest

from fakes.compatible import WRONG_KEY, FakeCompatible
from mediasmith.testing import png

MAKE, SPEAK = "/images/generations", "/audio/speech"
SPOKEN = {"input": "Hello.", "response_format": "wav"}
PICTURE = ("image", ("a.png", png(), "image/png"))


@pytest.fixture(scope="module")
def http(shared_fake: FakeCompatible) -> Generator[httpx2.Client]:
    with httpx2.Client(base_url=shared_fake.base_url, verify=False, trust_env=False) as http:
        yield http


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (MAKE, {"prompt": "a kite", "colour": "red"}, "colour"),
        (MAKE, {"prompt": ""}, "prompt"),
        (MAKE, {"prompt": "a kite", "n": "2"}, "n:"),
        (MAKE, {"prompt": "a kite", "size": "2K"}, "size"),
        (MAKE, {"prompt": "a kite", "response_format": "png"}, "response_format"),
        (SPEAK, {"input": "Hello."}, "response_format"),
        (SPEAK, {**SPOKEN, "response_format": "pcm"}, "response_format"),
        (SPEAK, {**SPOKEN, "model": ""}, "model"),
        (SPEAK, {**SPOKEN, "speed": "1"}, "speed"),
    ],
)
def test_a_wrong_body_is_refused(
    fake: FakeCompatible, http: httpx2.Client, path: str, body: dict[str, Any], words: str
) -> None:
    answer = http.post(path, json=body)
    assert (answer.status_code, words in answer.text) == (400, True)


@pytest.mark.parametrize(
    "files",
    [
        [("picture", PICTURE[1])],
        [PICTURE, PICTURE],
        [("image[]", PICTURE[1])],
        [PICTURE, ("mask", PICTURE[1]), ("mask", PICTURE[1])],
        [("image", ("a.png", png(), "image/jpeg"))],
        [("image", ("a.png", b"no picture", "image/png"))],
    ],
)
def test_a_wrong_form_is_refused(fake: FakeCompatible, http: httpx2.Client, files: Any) -> None:
    assert http.post("/images/edits", data={"prompt": "a kite"}, files=files).status_code == 400


def test_a_form_where_json_is_due_is_refused(fake: FakeCompatible, http: httpx2.Client) -> None:
    assert http.post(MAKE, data={"prompt": "a kite"}).status_code == 415


@pytest.mark.parametrize("header", ["", "Bearer", f"Bearer {WRONG_KEY}"])
def test_an_empty_or_wrong_key_is_refused_and_none_is_not(
    fake: FakeCompatible, http: httpx2.Client, header: str
) -> None:
    assert http.get("/models", headers={"authorization": header}).status_code == 401
    assert http.get("/models").status_code == 200
